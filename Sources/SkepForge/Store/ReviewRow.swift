import GRDB
import SkepQueue

/// A review, or the request for one.
struct ReviewRow: StoredRow, Equatable {
    enum State: String, Codable, Sendable {
        case approved = "APPROVED"
        case pending = "PENDING"
        case comment = "COMMENT"
        case requestChanges = "REQUEST_CHANGES"
        case requestReview = "REQUEST_REVIEW"
    }

    let id: Int64
    let issueId: Int64
    let authorId: Int64
    let state: State
    let body: String
    let commitId: String
    let isDismissed: Bool
    let submittedAtMs: Int64
    let updatedAtMs: Int64
}

extension ReviewRow {
    static func of(_ db: Database, issue: Int64) throws -> [ReviewRow] {
        try fetchAll(
            db, sql: "SELECT * FROM review WHERE issue_id = ? ORDER BY id", arguments: [issue])
    }

    static func find(_ db: Database, id: Int64, issue: Int64) throws -> ReviewRow? {
        try fetchOne(
            db, sql: "SELECT * FROM review WHERE id = ? AND issue_id = ?", arguments: [id, issue])
    }

    static func find(_ db: Database, id: Int64) throws -> ReviewRow? {
        try fetchOne(db, sql: "SELECT * FROM review WHERE id = ?", arguments: [id])
    }

    static func insert(
        _ db: Database, issue: IssueRow, author: UserRow, state: State, body: String,
        commit: String, now: Timestamp
    ) throws -> ReviewRow? {
        try db.execute(
            sql: """
                INSERT INTO review
                       (issue_id, author_id, state, body, commit_id, submitted_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                issue.id, author.id, state.rawValue, body, commit, now.milliseconds,
                now.milliseconds,
            ])
        let id = db.lastInsertedRowID
        if state != .requestReview && state != .pending {
            try removeRequest(db, issue: issue.id, user: author.id)
        }
        try issue.touch(db, now: now)
        return try find(db, id: id, issue: issue.id)
    }

    func submit(_ db: Database, state: State, body: String, now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE review
                   SET state = ?, body = ?, submitted_at_ms = ?, updated_at_ms = ?
                 WHERE id = ?
                """,
            arguments: [state.rawValue, body, now.milliseconds, now.milliseconds, id])
        if state != .pending { try Self.removeRequest(db, issue: issueId, user: authorId) }
    }

    func setDismissed(_ db: Database, _ isDismissed: Bool, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE review SET is_dismissed = ?, updated_at_ms = ? WHERE id = ?",
            arguments: [isDismissed, now.milliseconds, id])
    }

    /// The last word of each reviewer who approved or asked for changes.
    static func verdicts(_ db: Database, issue: Int64) throws -> [ReviewRow] {
        var last: [Int64: ReviewRow] = [:]
        for review in try of(db, issue: issue)
        where review.state == .approved || review.state == .requestChanges {
            last[review.authorId] = review
        }
        return last.values.sorted { $0.id < $1.id }
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM review WHERE id = ?", arguments: [id])
    }

    /// Users whose review is asked for and not there yet.
    static func requested(_ db: Database, issue: Int64) throws -> [UserRow] {
        try UserRow.fetchAll(
            db,
            sql: """
                SELECT user.*
                  FROM review
                  JOIN user ON user.id = review.author_id
                 WHERE review.issue_id = ? AND review.state = 'REQUEST_REVIEW'
                 ORDER BY review.id
                """, arguments: [issue])
    }

    static func removeRequest(_ db: Database, issue: Int64, user: Int64) throws {
        try db.execute(
            sql: """
                DELETE FROM review
                 WHERE issue_id = ? AND author_id = ? AND state = 'REQUEST_REVIEW'
                """, arguments: [issue, user])
    }
}

/// A comment on a line of a file.
struct ReviewCommentRow: StoredRow, Equatable {
    let id: Int64
    let reviewId: Int64
    let path: String
    let body: String
    let oldLine: Int
    let newLine: Int
    let commitId: String
    let diffHunk: String
    let createdAtMs: Int64
    /// The review's author if `nil`.
    let authorId: Int64?
    /// Who said that it's settled.
    let resolverId: Int64?
}

extension ReviewCommentRow {
    static func of(_ db: Database, review: Int64) throws -> [ReviewCommentRow] {
        try fetchAll(
            db, sql: "SELECT * FROM review_comment WHERE review_id = ? ORDER BY id",
            arguments: [review])
    }

    static func count(_ db: Database, issue: Int64) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(*)
                  FROM review_comment
                  JOIN review ON review.id = review_comment.review_id
                 WHERE review.issue_id = ? AND review.state <> 'PENDING'
                """, arguments: [issue]) ?? 0
    }

    static func insert(
        _ db: Database, review: ReviewRow, path: String, body: String, oldLine: Int, newLine: Int,
        diffHunk: String, author: UserRow? = nil, now: Timestamp
    ) throws -> ReviewCommentRow? {
        try db.execute(
            sql: """
                INSERT INTO review_comment
                       (review_id, path, body, old_line, new_line, commit_id, diff_hunk,
                        created_at_ms, author_id)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                review.id, path, body, oldLine, newLine, review.commitId, diffHunk,
                now.milliseconds, author?.id,
            ])
        return try fetchOne(
            db, sql: "SELECT * FROM review_comment WHERE id = ?",
            arguments: [db.lastInsertedRowID])
    }

    static func find(_ db: Database, id: Int64, repository: Int64) throws -> ReviewCommentRow? {
        try fetchOne(
            db,
            sql: """
                SELECT review_comment.*
                  FROM review_comment
                  JOIN review ON review.id = review_comment.review_id
                  JOIN issue ON issue.id = review.issue_id
                 WHERE review_comment.id = ? AND issue.repository_id = ?
                """, arguments: [id, repository])
    }

    func setResolver(_ db: Database, _ user: UserRow?) throws {
        try db.execute(
            sql: "UPDATE review_comment SET resolver_id = ? WHERE id = ?",
            arguments: [user?.id, id])
    }
}
