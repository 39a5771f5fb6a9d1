import GRDB
import SkepQueue

/// What a pull request has beside its issue.
struct PullRow: StoredRow, Equatable {
    let issueId: Int64
    let headBranch: String
    let baseBranch: String
    let headCommit: String
    let baseCommit: String
    let mergeCommit: String?
    let mergedAtMs: Int64?
    let mergedBy: Int64?

    var isMerged: Bool { mergedAtMs != nil }
}

extension PullRow {
    static func find(_ db: Database, issue: Int64) throws -> PullRow? {
        try fetchOne(db, sql: "SELECT * FROM pull WHERE issue_id = ?", arguments: [issue])
    }

    /// The newest pull request of these branches: an open one before closed ones.
    static func find(
        _ db: Database, repository: Int64, base: String, head: String, onlyOpen: Bool
    ) throws -> IssueRow? {
        try IssueRow.fetchOne(
            db,
            sql: """
                SELECT issue.*
                  FROM pull
                  JOIN issue ON issue.id = pull.issue_id
                 WHERE issue.repository_id = ? AND pull.base_branch = ? AND pull.head_branch = ?
                   AND (issue.is_open = 1 OR NOT ?)
                 ORDER BY issue.is_open DESC, issue.number DESC
                 LIMIT 1
                """, arguments: [repository, base, head, onlyOpen])
    }

    /// The newest pull request with this commit as its merge or its head.
    static func find(_ db: Database, repository: Int64, commit: String) throws -> IssueRow? {
        try IssueRow.fetchOne(
            db,
            sql: """
                SELECT issue.*
                  FROM pull
                  JOIN issue ON issue.id = pull.issue_id
                 WHERE issue.repository_id = ? AND (merge_commit = ? OR head_commit = ?)
                 ORDER BY merge_commit = ? DESC, issue.number DESC
                 LIMIT 1
                """, arguments: [repository, commit, commit, commit])
    }

    /// The pull requests whose head has to be read from its branch.
    static func open(_ db: Database, repository: Int64) throws -> [(IssueRow, PullRow)] {
        let issues = try IssueRow.fetchAll(
            db,
            sql: "SELECT * FROM issue WHERE repository_id = ? AND is_open = 1 AND is_pull = 1",
            arguments: [repository])
        return try issues.compactMap { issue in
            try find(db, issue: issue.id).map { (issue, $0) }
        }
    }

    static func insert(
        _ db: Database, issue: IssueRow, head: String, base: String, headCommit: String,
        baseCommit: String
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO pull (issue_id, head_branch, base_branch, head_commit, base_commit)
                VALUES (?, ?, ?, ?, ?)
                """, arguments: [issue.id, head, base, headCommit, baseCommit])
    }

    func setHead(_ db: Database, commit: String) throws {
        try db.execute(
            sql: "UPDATE pull SET head_commit = ? WHERE issue_id = ?",
            arguments: [commit, issueId])
    }

    func setBase(_ db: Database, branch: String, commit: String) throws {
        try db.execute(
            sql: "UPDATE pull SET base_branch = ?, base_commit = ? WHERE issue_id = ?",
            arguments: [branch, commit, issueId])
    }

    func setMerged(
        _ db: Database, head: String, base: String, commit: String, by user: UserRow,
        now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                UPDATE pull
                   SET head_commit = ?, base_commit = ?, merge_commit = ?, merged_at_ms = ?,
                       merged_by = ?
                 WHERE issue_id = ?
                """, arguments: [head, base, commit, now.milliseconds, user.id, issueId])
    }
}
