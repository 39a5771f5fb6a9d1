internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func unpostedReports(upTo report: ReportID) async throws -> [Report] {
        try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ReportRow.columns)
                      FROM report
                      JOIN run ON run.id = report.run
                      JOIN report AS wanted ON wanted.id = :report
                      JOIN run AS wanted_run ON wanted_run.id = wanted.run
                     WHERE report.posted_at_ms IS NULL AND report.id <= :report
                       AND run.repository = wanted_run.repository
                       AND run.issue_number = wanted_run.issue_number
                     ORDER BY report.id
                    """, arguments: ["report": report.rawValue]
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

    public func cancel(_ run: RunID, reason: String) async throws -> Cancellation {
        try await queue.write { try SwarmTransaction($0).cancel(run, reason: reason) }
    }

    public func run(_ id: RunID) async throws -> RunSummary? {
        try await queue.read { database in
            try Row.fetchOne(
                database, sql: Self.summaries(where: "run.id = ?", limit: 1),
                arguments: [id.rawValue]
            ).map(RunRow.summary)
        }
    }

    public func runs(matching filter: RunFilter) async throws -> [RunSummary] {
        var conditions: [String] = []
        var arguments: StatementArguments = []
        if let issue = filter.issue {
            conditions.append("run.repository = ? AND run.issue_number = ?")
            arguments += [issue.repository.description, issue.number]
        }
        if let repository = filter.repository {
            conditions.append("run.repository = ?")
            arguments += [repository.description]
        }
        if let agent = filter.agent {
            conditions.append("run.agent = ?")
            arguments += [agent.rawValue]
        }
        if filter.openOnly { conditions.append("run.closed_at_ms IS NULL") }
        let condition = conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ")
        let sql = Self.summaries(where: condition, limit: max(filter.limit, 0))
        return try await queue.read { [arguments] database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).map(RunRow.summary)
        }
    }

    public func history(of run: RunID) async throws -> RunHistory {
        try await queue.read { database in
            guard try RunRow.fetch(run, database) != nil else { throw SwarmError.noSuchRun(run) }
            let attempts = try Row.fetchAll(
                database,
                sql: """
                    SELECT attempt.*, step_job.step
                      FROM step_job
                      JOIN attempt ON attempt.job = step_job.job
                     WHERE step_job.run = ?
                     ORDER BY attempt.job, attempt.attempt
                    """, arguments: [run.rawValue]
            ).map { row in
                AttemptRecord(
                    job: JobID(rawValue: row["job"]), attempt: row["attempt"],
                    step: StepName(rawValue: row["step"]),
                    worker: WorkerID(rawValue: row["worker"]),
                    startedAt: Timestamp(milliseconds: row["started_at_ms"]),
                    endedAt: (row["ended_at_ms"] as Int64?).map(Timestamp.init(milliseconds:)),
                    outcome: row["outcome"], detail: row["detail"])
            }
            let sessions = try Row.fetchAll(
                database,
                sql: "SELECT \(SessionRow.columns) FROM session WHERE run = ? ORDER BY id",
                arguments: [run.rawValue]
            ).map(SessionRow.session)
            let checks = try Row.fetchAll(
                database, sql: "SELECT * FROM check_result WHERE run = ? ORDER BY id",
                arguments: [run.rawValue]
            ).compactMap { row in
                CommitID(rawValue: row["commit_id"]).map {
                    CheckResult(
                        commit: $0, command: row["command"], hasPassed: row["has_passed"],
                        ending: row["ending"], duration: .milliseconds(row["duration_ms"] as Int64))
                }
            }
            let notes = try String.fetchAll(
                database, sql: "SELECT note FROM run_note WHERE run = ? ORDER BY id",
                arguments: [run.rawValue])
            let reports = try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ReportRow.columns)
                      FROM report
                      JOIN run ON run.id = report.run
                     WHERE report.run = ?
                     ORDER BY report.id
                    """, arguments: [run.rawValue]
            ).map(ReportRow.report)
            return RunHistory(
                attempts: attempts, sessions: sessions, checks: checks, notes: notes,
                reports: reports)
        }
    }

    public func session(_ id: SessionID) async throws -> SessionRecord? {
        try await queue.read { database in
            try Row.fetchOne(
                database, sql: "SELECT \(SessionRow.columns) FROM session WHERE id = ?",
                arguments: [id.rawValue]
            ).map(SessionRow.session)
        }
    }

    public func openSessions() async throws -> [SessionRecord] {
        try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(SessionRow.columns) FROM session WHERE ended_at_ms IS NULL ORDER BY id
                    """
            ).map(SessionRow.session)
        }
    }

    private static func summaries(where condition: String, limit: Int) -> String {
        """
        SELECT \(RunRow.columns), job.id AS job_id, job.state AS job_state,
               job.not_before_ms AS job_not_before_ms, job.reason AS job_reason,
               job.attempt AS job_attempt, job.failures AS job_failures,
               step_job.step AS job_step
          FROM run
          LEFT JOIN step_job ON step_job.job = (SELECT MAX(newest.job) FROM step_job AS newest WHERE newest.run = run.id)
          LEFT JOIN job ON job.id = step_job.job
         WHERE \(condition)
         ORDER BY run.id DESC
         LIMIT \(limit)
        """
    }
}

extension SwarmTransaction {
    fileprivate func cancel(_ id: RunID, reason: String) throws -> Cancellation {
        let run = try openRun(id)
        try execute("UPDATE run SET cancel_reason = ? WHERE id = ?", [reason, id.rawValue])
        // A waiting job is cancelled at once, and the follower closes its run.
        switch try newestJob(of: id).map({ try queue.cancel($0) }) {
        case .requested: return .requested
        case .cancelled: return .cancelled
        case .alreadyFinished, nil:
            try closeCancelled(run.id)
            return .cancelled
        }
    }
}
