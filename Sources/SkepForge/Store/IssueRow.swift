import GRDB
import SkepQueue

/// An issue or a pull request.
struct IssueRow: StoredRow, Equatable {
    let id: Int64
    let repositoryId: Int64
    let number: Int
    let isPull: Bool
    let title: String
    let body: String
    let authorId: Int64
    let isOpen: Bool
    let contentVersion: Int64
    let createdAtMs: Int64
    let updatedAtMs: Int64
    let closedAtMs: Int64?
    let milestoneId: Int64?
    let dueAtMs: Int64?
    /// Whether only those who can write may comment.
    let isLocked: Bool
    /// The place among the pinned ones, from 1; 0 for one that isn't pinned.
    let pinOrder: Int

    /// Gitea has no field for drafts: their titles begin so.
    var isDraft: Bool {
        let upper = title.uppercased()
        return upper.hasPrefix("WIP:") || upper.hasPrefix("[WIP]")
    }
}

extension IssueRow {
    static func find(_ db: Database, repository: Int64, number: Int) throws -> IssueRow? {
        try fetchOne(
            db, sql: "SELECT * FROM issue WHERE repository_id = ? AND number = ?",
            arguments: [repository, number])
    }

    static func find(_ db: Database, id: Int64) throws -> IssueRow? {
        try fetchOne(db, sql: "SELECT * FROM issue WHERE id = ?", arguments: [id])
    }

    static func insert(
        _ db: Database, repository: RepositoryRow, isPull: Bool, title: String, body: String,
        author: UserRow, now: Timestamp
    ) throws -> IssueRow? {
        let number = try repository.takeNumber(db)
        try db.execute(
            sql: """
                INSERT INTO issue
                       (repository_id, number, is_pull, title, body, author_id,
                        created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                repository.id, number, isPull, title, body, author.id, now.milliseconds,
                now.milliseconds,
            ])
        return try find(db, id: db.lastInsertedRowID)
    }

    func setText(_ db: Database, title: String, body: String, now: Timestamp) throws {
        let version = contentVersion + (body == self.body ? 0 : 1)
        try db.execute(
            sql: """
                UPDATE issue
                   SET title = ?, body = ?, content_version = ?, updated_at_ms = ?
                 WHERE id = ?
                """, arguments: [title, body, version, now.milliseconds, id])
    }

    func setOpen(_ db: Database, _ isOpen: Bool, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE issue SET is_open = ?, closed_at_ms = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [isOpen, isOpen ? nil : now.milliseconds, now.milliseconds, id])
    }

    func touch(_ db: Database, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE issue SET updated_at_ms = ? WHERE id = ?",
            arguments: [now.milliseconds, id])
    }

    func setMilestone(_ db: Database, _ milestone: Int64?, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE issue SET milestone_id = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [milestone, now.milliseconds, id])
    }

    func setDue(_ db: Database, _ dueAtMs: Int64?, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE issue SET due_at_ms = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [dueAtMs, now.milliseconds, id])
    }

    func setLocked(_ db: Database, _ isLocked: Bool) throws {
        try db.execute(
            sql: "UPDATE issue SET is_locked = ? WHERE id = ?", arguments: [isLocked, id])
    }

    func setPinOrder(_ db: Database, _ order: Int) throws {
        try db.execute(
            sql: "UPDATE issue SET pin_order = ? WHERE id = ?", arguments: [order, id])
    }

    /// Those of a repository that are pinned, in order.
    static func pinned(_ db: Database, repository: Int64, pulls: Bool) throws -> [IssueRow] {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM issue
                 WHERE repository_id = ? AND is_pull = ? AND pin_order > 0
                 ORDER BY pin_order, id
                """, arguments: [repository, pulls])
    }

    func mention(_ db: Database, _ user: UserRow) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO mention (issue_id, user_id) VALUES (?, ?)",
            arguments: [id, user.id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM issue WHERE id = ?", arguments: [id])
    }

    func commentCount(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM comment WHERE issue_id = ?", arguments: [id]) ?? 0
    }

    func assignees(_ db: Database) throws -> [UserRow] {
        try UserRow.fetchAll(
            db,
            sql: """
                SELECT user.*
                  FROM issue_assignee
                  JOIN user ON user.id = issue_assignee.user_id
                 WHERE issue_assignee.issue_id = ?
                 ORDER BY user.id
                """, arguments: [id])
    }

    func assign(_ db: Database, _ user: UserRow) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO issue_assignee (issue_id, user_id) VALUES (?, ?)",
            arguments: [id, user.id])
    }

    func unassign(_ db: Database, _ user: UserRow) throws {
        try db.execute(
            sql: "DELETE FROM issue_assignee WHERE issue_id = ? AND user_id = ?",
            arguments: [id, user.id])
    }

    func setAssignees(_ db: Database, _ users: [UserRow]) throws {
        try db.execute(sql: "DELETE FROM issue_assignee WHERE issue_id = ?", arguments: [id])
        for user in users { try assign(db, user) }
    }
}
