import GRDB

extension RepositoryRow {
    /// When something was changed in it: an issue, a comment, a pull request.
    func lastChangeMs(_ db: Database) throws -> Int64 {
        let issue = try Int64.fetchOne(
            db, sql: "SELECT max(updated_at_ms) FROM issue WHERE repository_id = ?",
            arguments: [id])
        return max(updatedAtMs, issue ?? 0)
    }

    /// How many open issues and pull requests have each label, by label.
    func openByLabel(_ db: Database) throws -> [Int64: (issues: Int, pulls: Int)] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT issue_label.label_id, sum(issue.is_pull = 0), sum(issue.is_pull = 1)
                  FROM issue
                  JOIN issue_label ON issue_label.issue_id = issue.id
                 WHERE issue.repository_id = ? AND issue.is_open = 1
                 GROUP BY issue_label.label_id
                """, arguments: [id])
        var counts: [Int64: (issues: Int, pulls: Int)] = [:]
        for row in rows { counts[row[0]] = (row[1], row[2]) }
        return counts
    }

    /// The newest open pull request of each branch, by the branch's name.
    func openPulls(_ db: Database) throws -> [String: Int] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT pull.head_branch, max(issue.number)
                  FROM issue
                  JOIN pull ON pull.issue_id = issue.id
                 WHERE issue.repository_id = ? AND issue.is_open = 1
                 GROUP BY pull.head_branch
                """, arguments: [id])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }

    /// Everybody who wrote an issue or a pull request here.
    func authors(_ db: Database) throws -> [UserRow] {
        try UserRow.fetchAll(
            db,
            sql: """
                SELECT *
                  FROM user
                 WHERE id IN (SELECT author_id FROM issue WHERE repository_id = ?)
                 ORDER BY name
                """, arguments: [id])
    }
}
