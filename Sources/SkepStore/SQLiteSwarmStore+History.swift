internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func history(of run: RunID) async throws -> RunHistory {
        try await queue.read { database in
            guard try RunRow.fetch(run, database) != nil else { throw SwarmError.noSuchRun(run) }
            return try RunHistoryReader(run: run, database: database).history()
        }
    }
}

/// Reads all that happened in a run, in one snapshot.
private struct RunHistoryReader {
    let run: RunID
    let database: Database

    func history() throws -> RunHistory {
        RunHistory(
            attempts: try attempts(),
            sessions: try rows(
                "SELECT \(SessionRow.columns) FROM session WHERE run = ? ORDER BY id"
            )
            .map(SessionRow.session),
            checks: try checks(), reviews: try reviews(), questions: try questions(),
            notes: try rows("SELECT note FROM run_note WHERE run = ? ORDER BY id").map { $0[0] },
            reports: try rows(
                "SELECT \(ReportRow.columns) FROM report WHERE run = ? ORDER BY id"
            ).map(ReportRow.report))
    }

    private func rows(_ sql: String) throws -> [Row] {
        try Row.fetchAll(database, sql: sql, arguments: [run.rawValue])
    }

    private func attempts() throws -> [AttemptRecord] {
        try rows(
            """
            SELECT attempt.*, step_job.step
              FROM step_job
              JOIN attempt ON attempt.job = step_job.job
             WHERE step_job.run = ?
             ORDER BY attempt.job, attempt.attempt
            """
        ).map { row in
            AttemptRecord(
                job: JobID(rawValue: row["job"]), attempt: row["attempt"],
                step: StepName(rawValue: row["step"]), worker: WorkerID(rawValue: row["worker"]),
                startedAt: Timestamp(milliseconds: row["started_at_ms"]),
                endedAt: row.time("ended_at_ms"), outcome: row["outcome"], detail: row["detail"])
        }
    }

    private func checks() throws -> [CheckResult] {
        try rows("SELECT * FROM check_result WHERE run = ? ORDER BY id").compactMap { row in
            guard let commit = CommitID(rawValue: row["commit_id"]) else { return nil }
            return CheckResult(
                commit: commit, command: row["command"], hasPassed: row["has_passed"],
                ending: row["ending"], duration: .milliseconds(row["duration_ms"] as Int64),
                tests: try (row["tests"] as String?).map {
                    try JSONColumn.read(TestCounts.self, from: $0)
                })
        }
    }

    private func reviews() throws -> [ReviewRecord] {
        try rows("SELECT * FROM review WHERE run = ? ORDER BY id").compactMap { row in
            guard let commit = CommitID(rawValue: row["commit_id"]) else { return nil }
            return ReviewRecord(
                reviewer: AgentName(rawValue: row["reviewer"]), commit: commit,
                round: row["round"], verdict: try row.word("verdict"), summary: row["summary"],
                findings: try row.json("findings"))
        }
    }

    private func questions() throws -> [AnsweredQuestion] {
        try rows(
            """
            SELECT \(QuestionRow.columns)
              FROM question
              JOIN run ON run.id = question.run
             WHERE question.run = ?
             ORDER BY question.id
            """
        ).map(QuestionRow.answered)
    }
}
