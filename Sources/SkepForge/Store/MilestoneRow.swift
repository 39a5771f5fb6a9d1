import GRDB
import SkepQueue

/// A goal with issues that belong to it.
struct MilestoneRow: StoredRow, Equatable {
    let id: Int64
    let repositoryId: Int64
    let title: String
    let description: String
    let isOpen: Bool
    let dueAtMs: Int64?
    let createdAtMs: Int64
    let updatedAtMs: Int64
    let closedAtMs: Int64?
}

extension MilestoneRow {
    static func find(_ db: Database, id: Int64, repository: Int64) throws -> MilestoneRow? {
        try fetchOne(
            db, sql: "SELECT * FROM milestone WHERE id = ? AND repository_id = ?",
            arguments: [id, repository])
    }

    static func find(_ db: Database, title: String, repository: Int64) throws -> MilestoneRow? {
        try fetchOne(
            db,
            sql: """
                SELECT *
                  FROM milestone
                 WHERE title = ? AND repository_id = ?
                 ORDER BY id
                 LIMIT 1
                """, arguments: [title, repository])
    }

    static func all(_ db: Database, repository: Int64) throws -> [MilestoneRow] {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM milestone
                 WHERE repository_id = ?
                 ORDER BY due_at_ms IS NULL, due_at_ms, id
                """, arguments: [repository])
    }

    static func insert(
        _ db: Database, repository: Int64, title: String, description: String, dueAtMs: Int64?,
        now: Timestamp
    ) throws -> MilestoneRow? {
        try db.execute(
            sql: """
                INSERT INTO milestone
                       (repository_id, title, description, due_at_ms, created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                repository, title, description, dueAtMs, now.milliseconds, now.milliseconds,
            ])
        return try find(db, id: db.lastInsertedRowID, repository: repository)
    }

    func update(
        _ db: Database, title: String, description: String, isOpen: Bool, dueAtMs: Int64?,
        now: Timestamp
    ) throws {
        let closedAtMs = isOpen ? nil : self.closedAtMs ?? now.milliseconds
        try db.execute(
            sql: """
                UPDATE milestone
                   SET title = ?, description = ?, is_open = ?, due_at_ms = ?, closed_at_ms = ?,
                       updated_at_ms = ?
                 WHERE id = ?
                """,
            arguments: [title, description, isOpen, dueAtMs, closedAtMs, now.milliseconds, id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM milestone WHERE id = ?", arguments: [id])
    }

    func countIssues(_ db: Database, isOpen: Bool) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM issue WHERE milestone_id = ? AND is_open = ?",
            arguments: [id, isOpen]) ?? 0
    }
}
