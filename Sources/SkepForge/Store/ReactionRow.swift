import GRDB
import SkepQueue

/// A small sign that somebody puts on an issue or a comment.
struct ReactionRow: StoredRow, Equatable {
    /// Those that there are; the others are refused.
    static let contents: Set<String> = [
        "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes",
    ]

    let id: Int64
    let issueId: Int64
    let commentId: Int64?
    let userId: Int64
    let content: String
    let createdAtMs: Int64
}

extension ReactionRow {
    /// Those on a comment; on the issue itself when `comment` is `nil`. Oldest first.
    static func of(_ db: Database, issue: Int64, comment: Int64?) throws -> [ReactionRow] {
        try fetchAll(
            db, sql: "SELECT * FROM reaction WHERE issue_id = ? AND comment_id IS ? ORDER BY id",
            arguments: [issue, comment])
    }

    static func find(
        _ db: Database, issue: Int64, comment: Int64?, user: UserRow, content: String
    ) throws -> ReactionRow? {
        try of(db, issue: issue, comment: comment)
            .first { $0.userId == user.id && $0.content == content }
    }

    static func insert(
        _ db: Database, issue: Int64, comment: Int64?, user: UserRow, content: String,
        now: Timestamp
    ) throws -> ReactionRow? {
        try db.execute(
            sql: """
                INSERT INTO reaction (issue_id, comment_id, user_id, content, created_at_ms)
                VALUES (?, ?, ?, ?, ?)
                """, arguments: [issue, comment, user.id, content, now.milliseconds])
        return try fetchOne(
            db, sql: "SELECT * FROM reaction WHERE id = ?", arguments: [db.lastInsertedRowID])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM reaction WHERE id = ?", arguments: [id])
    }
}
