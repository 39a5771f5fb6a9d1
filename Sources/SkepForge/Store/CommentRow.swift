import GRDB
import SkepQueue

struct CommentRow: StoredRow, Equatable {
    let id: Int64
    let issueId: Int64
    let authorId: Int64
    let body: String
    let createdAtMs: Int64
    let updatedAtMs: Int64
}

extension CommentRow {
    static func find(_ db: Database, id: Int64, repository: Int64) throws -> CommentRow? {
        try fetchOne(
            db,
            sql: """
                SELECT comment.*
                  FROM comment
                  JOIN issue ON issue.id = comment.issue_id
                 WHERE comment.id = ? AND issue.repository_id = ?
                """, arguments: [id, repository])
    }

    static func find(_ db: Database, id: Int64) throws -> CommentRow? {
        try fetchOne(db, sql: "SELECT * FROM comment WHERE id = ?", arguments: [id])
    }

    /// Those of an issue, oldest first.
    static func of(_ db: Database, issue: Int64, window: TimeWindow = TimeWindow()) throws
        -> [CommentRow]
    {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM comment
                 WHERE issue_id = ? AND updated_at_ms BETWEEN ? AND ?
                 ORDER BY id
                """, arguments: [issue, window.fromMs, window.throughMs])
    }

    /// Those of a repository, oldest first, and how many there are in all.
    static func of(_ db: Database, repository: Int64, window: TimeWindow, page: Page) throws
        -> ([CommentRow], total: Int)
    {
        let filter = """
             FROM comment
             JOIN issue ON issue.id = comment.issue_id
            WHERE issue.repository_id = ? AND comment.updated_at_ms BETWEEN ? AND ?
            """
        let arguments: StatementArguments = [repository, window.fromMs, window.throughMs]
        let total = try Int.fetchOne(db, sql: "SELECT count(*) " + filter, arguments: arguments)
        let rows = try fetchAll(
            db, sql: "SELECT comment.* " + filter + " ORDER BY comment.id LIMIT ? OFFSET ?",
            arguments: arguments + [page.limit, page.offset])
        return (rows, total ?? 0)
    }

    static func insert(
        _ db: Database, issue: IssueRow, author: UserRow, body: String, now: Timestamp
    ) throws -> CommentRow? {
        // Its id is that of its place in the timeline.
        let id = try EventRow.insert(db, .comment, on: issue.id, by: author, now: now)
        try db.execute(
            sql: """
                INSERT INTO comment (id, issue_id, author_id, body, created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [id, issue.id, author.id, body, now.milliseconds, now.milliseconds])
        try issue.touch(db, now: now)
        return try find(db, id: id)
    }

    func setBody(_ db: Database, _ body: String, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE comment SET body = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [body, now.milliseconds, id])
        try EventRow.setUpdated(db, id: id, now: now)
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM comment WHERE id = ?", arguments: [id])
        try EventRow.delete(db, id: id)
    }
}

/// A stretch of time for what was changed in it; both ends included.
struct TimeWindow: Sendable, Equatable {
    var fromMs: Int64 = .min
    var throughMs: Int64 = .max
}

/// Which part of a list is asked for.
struct Page: Sendable, Equatable {
    /// Counted from 1.
    let number: Int
    let limit: Int

    static let defaultLimit = 30
    static let largestLimit = 50

    var offset: Int { (number - 1).multipliedReportingOverflow(by: limit).partialValue }
    /// Everything there is, for what isn't shown in pages.
    static let all = Page(number: 1, limit: Int(Int32.max))
}
