import GRDB

/// The branches and tags of a repository as they were last seen.
enum KnownRefs {
    static func of(_ db: Database, repository: Int64) throws -> [String: String] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT name, commit_id FROM known_ref WHERE repository_id = ?",
            arguments: [repository])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["commit_id"]) })
    }

    static func commit(_ db: Database, repository: Int64, name: String) throws -> String? {
        try String.fetchOne(
            db, sql: "SELECT commit_id FROM known_ref WHERE repository_id = ? AND name = ?",
            arguments: [repository, name])
    }

    /// - Parameter commit: `nil` when the reference is gone.
    static func set(_ db: Database, repository: Int64, name: String, commit: String?) throws {
        guard let commit else {
            return try db.execute(
                sql: "DELETE FROM known_ref WHERE repository_id = ? AND name = ?",
                arguments: [repository, name])
        }
        try db.execute(
            sql: """
                INSERT INTO known_ref (repository_id, name, commit_id)
                VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET commit_id = excluded.commit_id
                """, arguments: [repository, name, commit])
    }

    /// Whether they were ever looked at.
    static func areKnown(_ db: Database, repository: Int64) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT are_refs_known FROM repository WHERE id = ?", arguments: [repository])
            ?? false
    }

    /// Takes over what is there as nothing new.
    static func fill(
        _ db: Database, repository: Int64, with references: [(name: String, commit: String)]
    ) throws {
        for reference in references {
            try set(db, repository: repository, name: reference.name, commit: reference.commit)
        }
        try db.execute(
            sql: "UPDATE repository SET are_refs_known = 1 WHERE id = ?", arguments: [repository])
    }
}
