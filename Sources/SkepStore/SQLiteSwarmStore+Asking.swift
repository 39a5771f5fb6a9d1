internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func cancel(_ run: RunID, reason: String) async throws -> Cancellation {
        try await queue.write { try SwarmTransaction($0).cancel(run, reason: reason) }
    }

    public func stop(_ run: RunID) async throws -> StopAnswer {
        try await queue.write { try SwarmTransaction($0).stop(run) }
    }

    public func goOn(_ run: RunID) async throws -> Bool {
        try await queue.write { try SwarmTransaction($0).goOn(run) }
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
               (job.is_held AND job.state = 'scheduled')
                 OR EXISTS (SELECT 1
                              FROM session
                             WHERE session.job = job.id AND ended_at_ms IS NULL
                               AND session.stop = 'wait') AS job_is_held,
               step_job.step AS job_step, step_job.waits_for,
               EXISTS (SELECT 1
                         FROM account_hold
                        WHERE account_hold.account = step_job.waits_for) AS is_parked,
               (SELECT places
                  FROM account_places
                 WHERE account_places.account = step_job.waits_for) AS account_places,
               (SELECT COUNT(*)
                  FROM step_job AS other
                 WHERE other.account = step_job.waits_for) AS account_sessions,
               EXISTS (SELECT 1
                         FROM question
                        WHERE question.run = run.id AND answered_at_ms IS NULL) AS asks_person
          FROM run
          LEFT JOIN step_job ON step_job.job = (SELECT MAX(newest.job) FROM step_job AS newest WHERE newest.run = run.id)
          LEFT JOIN job ON job.id = step_job.job
         WHERE \(condition)
         ORDER BY run.id DESC
         LIMIT \(limit)
        """
    }
}
