internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func retire(
        _ issues: [Retirement.Item], reason: String, label: String?, reports: [NewReport]
    ) async throws -> RetirementID? {
        try await queue.write { transaction in
            try SwarmTransaction(transaction).retire(
                issues, reason: reason, label: label, reports: reports)
        }
    }

    public func reopen(
        _ issues: [IssueReference], of retirement: RetirementID, reports: [NewReport]
    ) async throws {
        try await queue.write { transaction in
            try SwarmTransaction(transaction).reopen(issues, of: retirement, reports: reports)
        }
    }

    public func retirements(limit: Int) async throws -> [Retirement] {
        try await queue.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM retirement ORDER BY id DESC LIMIT ?",
                arguments: [max(limit, 0)]
            ).map { try RetirementRow.retirement($0, database) }
        }
    }

    public func retirement(_ id: RetirementID) async throws -> Retirement? {
        try await queue.read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM retirement WHERE id = ?", arguments: [id.rawValue]
            ).map { try RetirementRow.retirement($0, database) }
        }
    }
}

extension SwarmTransaction {
    fileprivate func retire(
        _ issues: [Retirement.Item], reason: String, label: String?, reports: [NewReport]
    ) throws -> RetirementID? {
        let issues = try issues.filter { try !hasOpenRun(on: $0.issue) }
        guard !issues.isEmpty else { return nil }
        let places = Set(issues.map(\.issue))
        try execute(
            "INSERT INTO retirement (reason, label, at_ms) VALUES (?, ?, ?)",
            [reason, label, now])
        let id = RetirementID(rawValue: database.lastInsertedRowID)
        for (index, item) in issues.enumerated() {
            try execute(
                """
                INSERT INTO retirement_item
                  (retirement, repository, issue_number, title, position, reopened_at_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                """,
                [
                    id.rawValue, item.issue.repository.description, item.issue.number, item.title,
                    index + 1, item.isReopened ? now : nil,
                ])
        }
        // With its number: an issue that was reopened may be retired again.
        try add(
            reports.filter { $0.place.map(places.contains) ?? true }.map { report in
                var report = report
                report.topic += "-\(id)"
                return report
            })
        let count = issues.count == 1 ? "1 issue" : "\(issues.count) issues"
        try add(.retirement, "retirement \(id) closes \(count): \(reason)")
        return id
    }

    fileprivate func reopen(
        _ issues: [IssueReference], of retirement: RetirementID, reports: [NewReport]
    ) throws {
        var reopened: Set<IssueReference> = []
        for issue in issues {
            try execute(
                """
                UPDATE retirement_item
                   SET reopened_at_ms = ?
                 WHERE retirement = ? AND repository = ? AND issue_number = ?
                   AND reopened_at_ms IS NULL
                """,
                [now, retirement.rawValue, issue.repository.description, issue.number])
            guard hasChanged else { continue }
            reopened.insert(issue)
            try add(.retirement, "retirement \(retirement) reopens it", on: issue)
        }
        try add(reports.filter { $0.place.map(reopened.contains) ?? false })
    }
}

/// Reads retirements from their rows.
enum RetirementRow {
    static func retirement(_ row: Row, _ database: Database) throws -> Retirement {
        Retirement(
            id: RetirementID(rawValue: row["id"]), reason: row["reason"], label: row["label"],
            at: Timestamp(milliseconds: row["at_ms"]),
            items: try Row.fetchAll(
                database,
                sql: "SELECT * FROM retirement_item WHERE retirement = ? ORDER BY position",
                arguments: [row["id"] as Int64]
            ).map { item in
                Retirement.Item(
                    issue: try item.reference(), title: item["title"],
                    isReopened: item["reopened_at_ms"] as Int64? != nil)
            })
    }
}
