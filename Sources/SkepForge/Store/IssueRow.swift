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

/// Which issues and pull requests a list has.
struct IssueQuery: Sendable {
    var isOpen: Bool? = true
    var isPull: Bool?
    /// All of these labels.
    var labels: [Int64] = []
    var text = ""
    var sinceMs: Int64?
    /// Whole seconds: everything of that second is included.
    var beforeSecond: Int64?
    var author: Int64?
    var assignee: Int64?
    var baseBranch: String?

    /// One page, the newest first, and how many there are in all.
    func fetch(_ db: Database, repository: Int64, page: Page) throws -> ([IssueRow], total: Int) {
        var conditions = ["issue.repository_id = ?"]
        var arguments: StatementArguments = [repository]
        func require(_ condition: String, _ values: (any DatabaseValueConvertible)...) {
            conditions.append(condition)
            arguments += StatementArguments(values)
        }
        if let isOpen { require("issue.is_open = ?", isOpen) }
        if let isPull { require("issue.is_pull = ?", isPull) }
        if let author { require("issue.author_id = ?", author) }
        if let sinceMs { require("issue.updated_at_ms >= ?", sinceMs) }
        if let beforeSecond { require("issue.updated_at_ms / 1000 <= ?", beforeSecond) }
        if let assignee {
            require(
                """
                EXISTS (SELECT 1 FROM issue_assignee
                         WHERE issue_assignee.issue_id = issue.id AND user_id = ?)
                """, assignee)
        }
        if let baseBranch {
            require(
                """
                EXISTS (SELECT 1 FROM pull
                         WHERE pull.issue_id = issue.id AND base_branch = ?)
                """, baseBranch)
        }
        for label in labels {
            require(
                """
                EXISTS (SELECT 1 FROM issue_label
                         WHERE issue_label.issue_id = issue.id AND label_id = ?)
                """, label)
        }
        if !text.isEmpty {
            require(
                "(instr(lower(issue.title), lower(?)) > 0 OR instr(lower(issue.body), lower(?)) > 0)",
                text, text)
        }
        let filter = " FROM issue WHERE " + conditions.joined(separator: " AND ")
        let total = try Int.fetchOne(db, sql: "SELECT count(*)" + filter, arguments: arguments) ?? 0
        let rows = try IssueRow.fetchAll(
            db, sql: "SELECT issue.*" + filter + " ORDER BY issue.number DESC LIMIT ? OFFSET ?",
            arguments: arguments + [page.limit, page.offset])
        return (rows, total)
    }
}
