import GRDB

/// Which issues and pull requests a list has.
struct IssueQuery: Sendable {
    var isOpen: Bool? = true
    var isPull: Bool?
    /// All of these labels, by their ids.
    var labels: [Int64] = []
    /// All of these labels, by their names, whichever repository they are of.
    var labelNames: [String] = []
    /// Any of these milestones.
    var milestones: [Int64] = []
    var milestoneTitles: [String] = []
    var text = ""
    var sinceMs: Int64?
    /// Whole seconds: everything of that second is included.
    var beforeSecond: Int64?
    var author: Int64?
    var assignee: Int64?
    var mentioned: Int64?
    /// Pull requests that this user was asked to review.
    var reviewRequested: Int64?
    /// Pull requests that this user reviewed.
    var reviewed: Int64?
    var baseBranch: String?

    /// One page, the newest first, and how many there are in all.
    func fetch(_ db: Database, repository: Int64, page: Page) throws -> ([IssueRow], total: Int) {
        try fetch(db, repositories: [repository], page: page)
    }

    /// The same of several repositories.
    func fetch(_ db: Database, repositories: [Int64], page: Page) throws
        -> ([IssueRow], total: Int)
    {
        var filter = Filter()
        let list = repositories.map(String.init).joined(separator: ", ")
        filter.require("issue.repository_id IN (\(list))")
        addColumns(to: &filter)
        addPeople(to: &filter)
        addLabels(to: &filter)
        let source = " FROM issue WHERE " + filter.conditions.joined(separator: " AND ")
        let total =
            try Int.fetchOne(db, sql: "SELECT count(*)" + source, arguments: filter.arguments) ?? 0
        let order = repositories.count == 1 ? "issue.number DESC" : "issue.id DESC"
        let rows = try IssueRow.fetchAll(
            db, sql: "SELECT issue.*" + source + " ORDER BY \(order) LIMIT ? OFFSET ?",
            arguments: filter.arguments + [page.limit, page.offset])
        return (rows, total)
    }

    private struct Filter {
        var conditions: [String] = []
        var arguments: StatementArguments = []

        mutating func require(_ condition: String, _ values: (any DatabaseValueConvertible)...) {
            conditions.append(condition)
            arguments += StatementArguments(values)
        }
    }

    private func addColumns(to filter: inout Filter) {
        if let isOpen { filter.require("issue.is_open = ?", isOpen) }
        if let isPull { filter.require("issue.is_pull = ?", isPull) }
        if let author { filter.require("issue.author_id = ?", author) }
        if let sinceMs { filter.require("issue.updated_at_ms >= ?", sinceMs) }
        if let beforeSecond { filter.require("issue.updated_at_ms / 1000 <= ?", beforeSecond) }
        if let baseBranch {
            filter.require(
                """
                EXISTS (SELECT 1 FROM pull
                         WHERE pull.issue_id = issue.id AND base_branch = ?)
                """, baseBranch)
        }
        if !text.isEmpty {
            filter.require(
                "(instr(lower(issue.title), lower(?)) > 0 OR instr(lower(issue.body), lower(?)) > 0)",
                text, text)
        }
    }

    private func addPeople(to filter: inout Filter) {
        if let assignee {
            filter.require(
                """
                EXISTS (SELECT 1 FROM issue_assignee
                         WHERE issue_assignee.issue_id = issue.id AND user_id = ?)
                """, assignee)
        }
        if let mentioned {
            filter.require(
                """
                EXISTS (SELECT 1 FROM mention
                         WHERE mention.issue_id = issue.id AND user_id = ?)
                """, mentioned)
        }
        if let reviewRequested {
            filter.require(
                """
                EXISTS (SELECT 1 FROM review
                         WHERE review.issue_id = issue.id AND author_id = ?
                           AND state = 'REQUEST_REVIEW')
                """, reviewRequested)
        }
        if let reviewed {
            filter.require(
                """
                EXISTS (SELECT 1 FROM review
                         WHERE review.issue_id = issue.id AND author_id = ?
                           AND state NOT IN ('REQUEST_REVIEW', 'PENDING'))
                """, reviewed)
        }
    }

    private func addLabels(to filter: inout Filter) {
        for label in labels {
            filter.require(
                """
                EXISTS (SELECT 1 FROM issue_label
                         WHERE issue_label.issue_id = issue.id AND label_id = ?)
                """, label)
        }
        for name in labelNames {
            filter.require(
                """
                EXISTS (SELECT 1 FROM issue_label
                         JOIN label ON label.id = issue_label.label_id
                        WHERE issue_label.issue_id = issue.id AND label.name = ?)
                """, name)
        }
        if !milestones.isEmpty {
            let list = milestones.map(String.init).joined(separator: ", ")
            filter.require("issue.milestone_id IN (\(list))")
        }
        if !milestoneTitles.isEmpty {
            let marks = milestoneTitles.map { _ in "?" }.joined(separator: ", ")
            filter.conditions.append(
                """
                EXISTS (SELECT 1 FROM milestone
                         WHERE milestone.id = issue.milestone_id AND title IN (\(marks)))
                """)
            filter.arguments += StatementArguments(milestoneTitles)
        }
    }
}
