import GRDB

extension IssueRow {
    /// The issues that have to be closed before this one.
    func blockers(_ db: Database) throws -> [IssueRow] {
        try IssueRow.fetchAll(
            db,
            sql: """
                SELECT issue.*
                  FROM dependency
                  JOIN issue ON issue.id = dependency.blocker_id
                 WHERE dependency.issue_id = ?
                 ORDER BY issue.id
                """, arguments: [id])
    }

    /// The issues that wait for this one.
    func blocked(_ db: Database) throws -> [IssueRow] {
        try IssueRow.fetchAll(
            db,
            sql: """
                SELECT issue.*
                  FROM dependency
                  JOIN issue ON issue.id = dependency.issue_id
                 WHERE dependency.blocker_id = ?
                 ORDER BY issue.id
                """, arguments: [id])
    }

    func hasOpenBlockers(_ db: Database) throws -> Bool {
        try blockers(db).contains(where: \.isOpen)
    }

    func isBlocked(_ db: Database, by blocker: IssueRow) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM dependency WHERE issue_id = ? AND blocker_id = ?)
                """, arguments: [id, blocker.id]) ?? false
    }

    func addBlocker(_ db: Database, _ blocker: IssueRow) throws {
        try db.execute(
            sql: "INSERT INTO dependency (issue_id, blocker_id) VALUES (?, ?)",
            arguments: [id, blocker.id])
    }

    func removeBlocker(_ db: Database, _ blocker: IssueRow) throws {
        try db.execute(
            sql: "DELETE FROM dependency WHERE issue_id = ? AND blocker_id = ?",
            arguments: [id, blocker.id])
    }
}
