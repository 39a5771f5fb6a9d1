import GRDB
import SkepQueue

/// Something that happened on an issue or a pull request: an entry of its timeline.
struct EventRow: StoredRow, Equatable {
    /// The names are those of Gitea's timeline.
    enum Kind: String, Codable, Sendable {
        case comment, reopen, close, label, milestone, assignees, review, lock, unlock, pin, unpin
        case issueReference = "issue_ref"
        case commitReference = "commit_ref"
        case commentReference = "comment_ref"
        case pullReference = "pull_ref"
        case changeTitle = "change_title"
        case deleteBranch = "delete_branch"
        case addDeadline = "added_deadline"
        case changeDeadline = "modified_deadline"
        case removeDeadline = "removed_deadline"
        case addDependency = "add_dependency"
        case removeDependency = "remove_dependency"
        case changeTargetBranch = "change_target_branch"
        case reviewRequest = "review_request"
        case mergePull = "merge_pull"
        case pullPush = "pull_push"
        case dismissReview = "dismiss_review"
    }

    let id: Int64
    let issueId: Int64
    let actorId: Int64
    let kind: Kind
    let body: String
    let labelId: Int64?
    let milestoneId: Int64?
    let oldMilestoneId: Int64?
    let assigneeId: Int64?
    let isRemoved: Bool
    let oldTitle: String
    let newTitle: String
    let oldRef: String
    let newRef: String
    let refIssueId: Int64?
    let refCommentId: Int64?
    let refCommit: String
    let refAction: String
    let dependentIssueId: Int64?
    let reviewId: Int64?
    let createdAtMs: Int64
    let updatedAtMs: Int64
}

/// What an event says beside its kind, on its way into a row.
struct EventFacts: Sendable {
    var body = ""
    var labelId: Int64?
    var milestoneId: Int64?
    var oldMilestoneId: Int64?
    var assigneeId: Int64?
    var isRemoved = false
    var oldTitle = ""
    var newTitle = ""
    var oldRef = ""
    var newRef = ""
    var refIssueId: Int64?
    var refCommentId: Int64?
    var refCommit = ""
    var closes = false
    var dependentIssueId: Int64?
    var reviewId: Int64?
}

extension EventRow {
    /// - Returns: The event's id.
    @discardableResult
    static func insert(
        _ db: Database, _ kind: Kind, on issue: Int64, by actor: UserRow,
        _ facts: EventFacts = EventFacts(), now: Timestamp
    ) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO event
                       (issue_id, actor_id, kind, body, label_id, milestone_id, old_milestone_id,
                        assignee_id, is_removed, old_title, new_title, old_ref, new_ref,
                        ref_issue_id, ref_comment_id, ref_commit, ref_action, dependent_issue_id,
                        review_id, created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                issue, actor.id, kind.rawValue, facts.body, facts.labelId, facts.milestoneId,
                facts.oldMilestoneId, facts.assigneeId, facts.isRemoved, facts.oldTitle,
                facts.newTitle, facts.oldRef, facts.newRef, facts.refIssueId, facts.refCommentId,
                facts.refCommit, facts.closes ? "closes" : "", facts.dependentIssueId,
                facts.reviewId, now.milliseconds, now.milliseconds,
            ])
        return db.lastInsertedRowID
    }

    /// The timeline of an issue in a stretch of time, oldest first.
    static func of(_ db: Database, issue: Int64, window: TimeWindow = TimeWindow()) throws
        -> [EventRow]
    {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM event
                 WHERE issue_id = ? AND updated_at_ms BETWEEN ? AND ?
                 ORDER BY id
                """, arguments: [issue, window.fromMs, window.throughMs])
    }

    /// Whether an issue was told already that it's named there.
    static func isReferenceKnown(
        _ db: Database, _ kind: Kind, on issue: Int64, fromIssue: Int64?, comment: Int64?,
        commit: String
    ) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (
                           SELECT 1
                             FROM event
                            WHERE issue_id = ? AND kind = ? AND ref_issue_id IS ?
                              AND ref_comment_id IS ? AND ref_commit = ?)
                """, arguments: [issue, kind.rawValue, fromIssue, comment, commit]) ?? false
    }

    static func setUpdated(_ db: Database, id: Int64, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE event SET updated_at_ms = ? WHERE id = ?",
            arguments: [now.milliseconds, id])
    }

    static func delete(_ db: Database, id: Int64) throws {
        try db.execute(sql: "DELETE FROM event WHERE id = ?", arguments: [id])
    }
}
