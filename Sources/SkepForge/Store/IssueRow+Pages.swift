import GRDB

/// A line of a list of issues or pull requests, with what the line says of it.
struct IssueLine: FetchableRecord, Sendable {
    let issue: IssueRow
    let authorName: String
    let commentCount: Int
    /// `nil` for an issue.
    let headBranch: String?
    let baseBranch: String?
    let mergedAtMs: Int64?

    init(row: Row) throws {
        issue = try IssueRow(row: row)
        authorName = row["author_name"]
        commentCount = row["comment_count"]
        headBranch = row["head_branch"]
        baseBranch = row["base_branch"]
        mergedAtMs = row["merged_at_ms"]
    }
}

/// Which issues or pull requests a page lists, and in which order.
struct IssueSearch: Sendable {
    enum Order: String, Sendable, CaseIterable {
        case newest, oldest, updated, stale, comments

        var text: String {
            switch self {
            case .newest: "Newest"
            case .oldest: "Oldest"
            case .updated: "Recently updated"
            case .stale: "Longest untouched"
            case .comments: "Most comments"
            }
        }

        fileprivate var clause: String {
            switch self {
            case .newest: "issue.number DESC"
            case .oldest: "issue.number"
            case .updated: "issue.updated_at_ms DESC, issue.number DESC"
            case .stale: "issue.updated_at_ms, issue.number"
            case .comments: "comment_count DESC, issue.number DESC"
            }
        }
    }

    /// Whose issues; nobody's is a choice too.
    enum Assignee: Sendable, Equatable {
        case nobody
        case user(Int64)
    }

    let isPull: Bool
    /// All of these labels.
    var labels: [Int64] = []
    var assignee: Assignee?
    var author: Int64?
    var milestone: Int64?
    /// In the title or the text, or the number.
    var text = ""
    var order = Order.newest

    /// One page, and how many there are in all.
    func lines(_ db: Database, repository: Int64, isOpen: Bool?, page: Page) throws -> [IssueLine] {
        let filter = filter(repository: repository, isOpen: isOpen)
        return try IssueLine.fetchAll(
            db,
            sql: """
                SELECT issue.*, user.name AS author_name,
                       (SELECT count(*) FROM comment WHERE comment.issue_id = issue.id)
                       AS comment_count,
                       pull.head_branch, pull.base_branch, pull.merged_at_ms
                  FROM issue
                  JOIN user ON user.id = issue.author_id
                  LEFT JOIN pull ON pull.issue_id = issue.id
                 WHERE \(filter.conditions)
                 ORDER BY \(order.clause)
                 LIMIT ? OFFSET ?
                """, arguments: filter.arguments + [page.limit, page.offset])
    }

    /// How many are open and how many closed.
    func counts(_ db: Database, repository: Int64) throws -> (open: Int, closed: Int) {
        let filter = filter(repository: repository, isOpen: nil)
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT coalesce(sum(issue.is_open = 1), 0), coalesce(sum(issue.is_open = 0), 0)
                  FROM issue
                 WHERE \(filter.conditions)
                """, arguments: filter.arguments)
        return (row?[0] ?? 0, row?[1] ?? 0)
    }

    private func filter(repository: Int64, isOpen: Bool?) -> (
        conditions: String, arguments: StatementArguments
    ) {
        var conditions = ["issue.repository_id = ?", "issue.is_pull = ?"]
        var arguments: StatementArguments = [repository, isPull]
        func require(_ condition: String, _ values: (any DatabaseValueConvertible)...) {
            conditions.append(condition)
            arguments += StatementArguments(values)
        }
        if let isOpen { require("issue.is_open = ?", isOpen) }
        if let author { require("issue.author_id = ?", author) }
        if let milestone { require("issue.milestone_id = ?", milestone) }
        let assigned = "SELECT 1 FROM issue_assignee WHERE issue_assignee.issue_id = issue.id"
        switch assignee {
        case nil: break
        case .nobody: require("NOT EXISTS (\(assigned))")
        case .user(let id): require("EXISTS (\(assigned) AND user_id = ?)", id)
        }
        for label in labels {
            require(
                """
                EXISTS (SELECT 1 FROM issue_label
                         WHERE issue_label.issue_id = issue.id AND label_id = ?)
                """, label)
        }
        if !text.isEmpty {
            let number = Int(text.hasPrefix("#") ? text.dropFirst() : text[...]) ?? 0
            require(
                """
                (issue.number = ? OR instr(lower(issue.title), lower(?)) > 0
                 OR instr(lower(issue.body), lower(?)) > 0)
                """, number, text, text)
        }
        return (conditions.joined(separator: " AND "), arguments)
    }
}

extension IssueRow {
    /// The labels of several issues at once, by issue.
    static func labels(_ db: Database, of issues: [Int64]) throws -> [Int64: [LabelRow]] {
        try grouped(
            db,
            """
            SELECT issue_label.issue_id AS for_issue, label.*
              FROM issue_label
              JOIN label ON label.id = issue_label.label_id
             WHERE issue_label.issue_id IN (\(databaseQuestionMarks(count: issues.count)))
             ORDER BY label.name, label.id
            """, issues)
    }

    /// Those who are assigned to several issues, by issue.
    static func assignees(_ db: Database, of issues: [Int64]) throws -> [Int64: [UserRow]] {
        try grouped(
            db,
            """
            SELECT issue_assignee.issue_id AS for_issue, user.*
              FROM issue_assignee
              JOIN user ON user.id = issue_assignee.user_id
             WHERE issue_assignee.issue_id IN (\(databaseQuestionMarks(count: issues.count)))
             ORDER BY user.id
            """, issues)
    }

    private static func grouped<T: StoredRow>(_ db: Database, _ sql: String, _ issues: [Int64])
        throws -> [Int64: [T]]
    {
        guard !issues.isEmpty else { return [:] }
        let rows = try Row.fetchAll(db, sql: sql, arguments: StatementArguments(issues))
        var groups: [Int64: [T]] = [:]
        for row in rows { groups[row["for_issue"], default: []].append(try T(row: row)) }
        return groups
    }
}
