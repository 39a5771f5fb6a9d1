import GRDB
import SkepQueue

/// The rule that protects a branch, or branches whose names match a pattern.
struct ProtectionRow: StoredRow, Equatable {
    let id: Int64
    let repositoryId: Int64
    let ruleName: String
    /// A JSON object with what was set.
    let settings: String
    let createdAtMs: Int64
    let updatedAtMs: Int64
}

extension ProtectionRow {
    static func all(_ db: Database, repository: Int64) throws -> [ProtectionRow] {
        try fetchAll(
            db, sql: "SELECT * FROM branch_protection WHERE repository_id = ? ORDER BY id",
            arguments: [repository])
    }

    static func find(_ db: Database, name: String, repository: Int64) throws -> ProtectionRow? {
        try fetchOne(
            db,
            sql: "SELECT * FROM branch_protection WHERE repository_id = ? AND rule_name = ?",
            arguments: [repository, name])
    }

    /// The rule for a branch: the one with its name, or else the first whose pattern it matches.
    static func rule(_ db: Database, forBranch branch: String, repository: Int64) throws
        -> ProtectionRow?
    {
        let all = try all(db, repository: repository)
        return all.first { $0.ruleName == branch }
            ?? all.first { Glob($0.ruleName).matches(branch) }
    }

    static func insert(
        _ db: Database, repository: Int64, name: String, settings: String, now: Timestamp
    ) throws -> ProtectionRow? {
        try db.execute(
            sql: """
                INSERT INTO branch_protection
                       (repository_id, rule_name, settings, created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [repository, name, settings, now.milliseconds, now.milliseconds])
        return try find(db, name: name, repository: repository)
    }

    func update(_ db: Database, settings: String, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE branch_protection SET settings = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [settings, now.milliseconds, id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM branch_protection WHERE id = ?", arguments: [id])
    }
}

/// A pattern in which "*" stands for any text without a slash, and "**" for any text.
struct Glob: Sendable, Equatable {
    private enum Part: Equatable {
        case one(Character)
        case segment
        case all
    }

    private let parts: [Part]

    init(_ pattern: String) {
        var parts: [Part] = []
        for character in pattern {
            guard character == "*" else {
                parts.append(.one(character))
                continue
            }
            if parts.last == .segment {
                parts[parts.count - 1] = .all
            } else if parts.last != .all {
                parts.append(.segment)
            }
        }
        self.parts = parts
    }

    func matches(_ text: String) -> Bool {
        // The places of the pattern that may be reached with what was read so far.
        var places: Set<Int> = reach(from: [0])
        for character in text {
            var next: Set<Int> = []
            for place in places where place < parts.count {
                switch parts[place] {
                case .one(let wanted): if wanted == character { next.insert(place + 1) }
                case .segment: if character != "/" { next.insert(place) }
                case .all: next.insert(place)
                }
            }
            places = reach(from: next)
        }
        return places.contains(parts.count)
    }

    /// A star may stand for nothing.
    private func reach(from places: Set<Int>) -> Set<Int> {
        var all = places
        for place in places.sorted() {
            var place = place
            while place < parts.count, parts[place] == .segment || parts[place] == .all {
                place += 1
                all.insert(place)
            }
        }
        return all
    }
}
