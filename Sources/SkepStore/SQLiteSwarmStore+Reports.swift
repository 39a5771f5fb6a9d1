internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func report(_ reports: [NewReport], by lease: LeaseToken) async throws {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            let swarm = SwarmTransaction(transaction)
            guard let run = try swarm.runOfJob(lease.job) else { return }
            try swarm.add(reports, to: run)
        }
    }

    public func report(_ reports: [NewReport]) async throws {
        guard !reports.isEmpty else { return }
        try await queue.write { _ = try SwarmTransaction($0).add(reports) }
    }

    public func unpostedReports(upTo report: ReportID) async throws -> [Report] {
        try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ReportRow.columns)
                      FROM report AS wanted
                      JOIN report ON report.repository = wanted.repository
                                 AND report.issue_number = wanted.issue_number
                                 AND report.id <= wanted.id
                     WHERE wanted.id = ? AND report.posted_at_ms IS NULL
                     ORDER BY report.id
                    """, arguments: [report.rawValue]
            ).map(ReportRow.report)
        }
    }

    public func recordPosted(_ report: ReportID, commentURL: String) async throws {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                """
                UPDATE report
                   SET posted_at_ms = ?, comment_url = ?
                 WHERE id = ? AND posted_at_ms IS NULL
                """, [swarm.now, commentURL, report.rawValue])
        }
    }
}

extension SwarmTransaction {
    /// Adds reports of a run whose topic it doesn't have yet, on its issue where they name no other
    /// place.
    func add(_ reports: [NewReport], to run: Run) throws {
        for report in reports { _ = try add(report, of: run.id, on: report.place ?? run.issue) }
    }

    /// Adds reports that are no run's, and whose topic their place doesn't have yet.
    ///
    /// - Parameter place: For those that name none.
    /// - Returns: Those that are new.
    /// - Throws: `SwarmError.reportWithoutPlace`, a mistake of ours.
    @discardableResult
    func add(_ reports: [NewReport], on place: IssueReference? = nil) throws -> [ReportID] {
        try reports.compactMap { report in
            guard let place = report.place ?? place else {
                throw SwarmError.reportWithoutPlace(topic: report.topic)
            }
            return try add(report, of: nil, on: place)
        }
    }

    /// Writes a report down with the job that posts it; `nil` when its topic is there already.
    ///
    /// Reports at one place are posted one at a time: what is said in order is read in order.
    private func add(_ report: NewReport, of run: RunID?, on place: IssueReference) throws
        -> ReportID?
    {
        try execute(
            """
            INSERT INTO report
              (run, repository, issue_number, topic, body, content, created_at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
            """,
            [
                run?.rawValue, place.repository.description, place.number, report.topic,
                report.body, try JSONColumn.text(report.content), now,
            ])
        guard hasChanged else { return nil }
        let id = ReportID(rawValue: database.lastInsertedRowID)
        let key = ConcurrencyKey(rawValue: "issue:\(place)".lowercased())
        try queue.setLimit(1, of: key, in: SwarmQueues.reports)
        _ = try queue.enqueue([
            NewJob(
                SwarmQueues.report, queue: SwarmQueues.reports, payload: Array("\(id)".utf8),
                concurrencyKey: key, maxFailures: 5)
        ])
        return id
    }
}
