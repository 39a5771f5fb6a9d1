import GRDB

struct LabelRow: StoredRow, Equatable {
    let id: Int64
    let name: String
    /// Six hexadecimal digits in lower case.
    let color: String
    let description: String
    let isExclusive: Bool
    let isArchived: Bool

    /// What stands before the last "/" of an exclusive label.
    var exclusiveScope: Substring? {
        guard isExclusive, let slash = name.lastIndex(of: "/"), slash > name.startIndex else {
            return nil
        }
        return name[..<slash]
    }
}

extension LabelRow {
    static func all(_ db: Database, repository: Int64) throws -> [LabelRow] {
        try fetchAll(
            db, sql: "SELECT * FROM label WHERE repository_id = ? ORDER BY name, id",
            arguments: [repository])
    }

    static func find(_ db: Database, id: Int64, repository: Int64) throws -> LabelRow? {
        try fetchOne(
            db, sql: "SELECT * FROM label WHERE id = ? AND repository_id = ?",
            arguments: [id, repository])
    }

    static func find(_ db: Database, name: String, repository: Int64) throws -> LabelRow? {
        try fetchOne(
            db, sql: "SELECT * FROM label WHERE name = ? AND repository_id = ? ORDER BY id LIMIT 1",
            arguments: [name, repository])
    }

    static func of(_ db: Database, issue: Int64) throws -> [LabelRow] {
        try fetchAll(
            db,
            sql: """
                SELECT label.*
                  FROM issue_label
                  JOIN label ON label.id = issue_label.label_id
                 WHERE issue_label.issue_id = ?
                 ORDER BY label.name, label.id
                """, arguments: [issue])
    }

    static func insert(
        _ db: Database, repository: Int64, name: String, color: String, description: String,
        isExclusive: Bool, isArchived: Bool
    ) throws -> LabelRow? {
        try db.execute(
            sql: """
                INSERT INTO label
                       (repository_id, name, color, description, is_exclusive, is_archived)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [repository, name, color, description, isExclusive, isArchived])
        return try find(db, id: db.lastInsertedRowID, repository: repository)
    }

    func update(
        _ db: Database, name: String, color: String, description: String, isExclusive: Bool,
        isArchived: Bool
    ) throws {
        try db.execute(
            sql: """
                UPDATE label
                   SET name = ?, color = ?, description = ?, is_exclusive = ?, is_archived = ?
                 WHERE id = ?
                """, arguments: [name, color, description, isExclusive, isArchived, id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM label WHERE id = ?", arguments: [id])
    }

    /// Puts it on an issue; an exclusive label drives out the others of its scope.
    func put(_ db: Database, on issue: Int64) throws {
        if let scope = exclusiveScope {
            for other in try Self.of(db, issue: issue)
            where other.id != id && other.exclusiveScope == scope {
                try other.remove(db, from: issue)
            }
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO issue_label (issue_id, label_id) VALUES (?, ?)",
            arguments: [issue, id])
    }

    func remove(_ db: Database, from issue: Int64) throws {
        try db.execute(
            sql: "DELETE FROM issue_label WHERE issue_id = ? AND label_id = ?",
            arguments: [issue, id])
    }

    static func removeAll(_ db: Database, from issue: Int64) throws {
        try db.execute(sql: "DELETE FROM issue_label WHERE issue_id = ?", arguments: [issue])
    }
}
