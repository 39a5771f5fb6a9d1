internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
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
               job.is_held AS job_is_held, step_job.step AS job_step, step_job.parked_for,
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
