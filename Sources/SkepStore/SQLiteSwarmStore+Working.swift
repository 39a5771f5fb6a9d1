internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func beginAttempt(_ lease: Lease) async throws -> StepJob {
        try await queue.write { try SwarmTransaction($0).beginAttempt(lease) }
    }

    public func recordBase(_ base: CommitID, of branch: BranchName, for lease: LeaseToken)
        async throws
    {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            try SwarmTransaction(transaction).execute(
                """
                UPDATE run
                   SET base_commit = ?, base_branch = ?
                 WHERE id = (SELECT run FROM step_job WHERE job = ?)
                """, [base.rawValue, branch.rawValue, lease.job.rawValue])
        }
    }

    public func openSession(
        _ lease: LeaseToken, agent: AgentName, workspacePath: String, base: CommitID
    ) async throws -> SessionRecord {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                """
                INSERT INTO session
                  (run, job, attempt, agent, workspace_path, base_commit, started_at_ms)
                SELECT run, job, ?, ?, ?, ?, ?
                  FROM step_job
                 WHERE job = ?
                """,
                [
                    lease.attempt, agent.rawValue, workspacePath, base.rawValue, swarm.now,
                    lease.job.rawValue,
                ])
            return try swarm.session(transaction.database.lastInsertedRowID)
        }
    }

    public func closeAbandonedSession(_ session: SessionID, ending: String) async throws {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            let record = try swarm.session(session.rawValue)
            guard try swarm.run(record.run).closing != nil else { return }
            try swarm.close(
                SessionClosing(id: session, ending: ending, outputBytes: record.outputBytes))
            try swarm.fillPlaces()
        }
    }
}

extension SwarmTransaction {
    fileprivate func beginAttempt(_ lease: Lease) throws -> StepJob {
        try queue.requireLease(lease.token)
        let job = lease.job.id
        guard
            let row = try fetchRow(
                "SELECT run, step, round, findings, agent FROM step_job WHERE job = ?",
                [job.rawValue])
        else { throw QueueError.noSuchJob(job) }
        let step = StepJob(
            run: try openRun(RunID(rawValue: row["run"])), job: job, attempt: lease.job.attempt,
            step: StepName(rawValue: row["step"]), round: row["round"], findings: row["findings"],
            openSession: try openSession(of: job), lastSession: try lastSession(of: job),
            agent: (row["agent"] as String?).map(AgentName.init(rawValue:)))
        try tell(of: step)
        try execute(
            "INSERT INTO attempt (job, attempt, worker, started_at_ms) VALUES (?, ?, ?, ?)",
            [job.rawValue, lease.job.attempt, lease.worker.rawValue, now])
        return step
    }

    /// Writes down what became of the attempt before, and tells of this one. Going on after a pause
    /// is no news.
    private func tell(of step: StepJob) throws {
        try execute(
            """
            UPDATE attempt
               SET ended_at_ms = ?, outcome = 'lost', detail = 'its worker died'
             WHERE job = ? AND ended_at_ms IS NULL
            """, [now, step.job.rawValue])
        if hasChanged {
            try add(
                .trouble, of: step.run, "the worker of \(step.step) died; it goes on with another",
                by: step.agent)
        }
        let before = try fetchRow(
            "SELECT outcome FROM attempt WHERE job = ? ORDER BY attempt DESC LIMIT 1",
            [step.job.rawValue])
        let wasPaused = before.map { ["snoozed", "released"].contains($0["outcome"] as String) }
        guard wasPaused != true else { return }
        let round = step.round > 1 ? ", round \(step.round)" : ""
        let attempt = step.attempt > 1 ? ", attempt \(step.attempt)" : ""
        try add(.working, of: step.run, "\(step.step)\(round)\(attempt)", by: step.agent)
    }

    /// Served by session_open.
    private func openSession(of job: JobID) throws -> SessionRecord? {
        try fetchRow(
            """
            SELECT \(SessionRow.columns)
              FROM session
             WHERE job = ? AND ended_at_ms IS NULL
            """, [job.rawValue]
        ).map { try SessionRow.session($0) }
    }

    /// Served by session_of_job.
    private func lastSession(of job: JobID) throws -> SessionRecord? {
        try fetchRow(
            """
            SELECT \(SessionRow.columns)
              FROM session
             WHERE job = ? AND ended_at_ms IS NOT NULL
             ORDER BY id DESC
             LIMIT 1
            """, [job.rawValue]
        ).map { try SessionRow.session($0) }
    }

    fileprivate func session(_ id: Int64) throws -> SessionRecord {
        let row = try fetchRow("SELECT \(SessionRow.columns) FROM session WHERE id = ?", [id])
        guard let row else { throw SwarmError.noSuchSession(SessionID(rawValue: id)) }
        return try SessionRow.session(row)
    }

    func close(_ session: SessionClosing) throws {
        let facts = session.facts
        // One that can't say it any more has used and printed what was noted while it ran.
        let usage = try facts.usage ?? self.session(session.id.rawValue).facts.usage
        try execute(
            """
            UPDATE session
               SET ended_at_ms = MAX(started_at_ms, MIN(?, ?)), ending = ?,
                   output_bytes = COALESCE(NULLIF(?, 0), output_bytes),
                   vendor_session = ?, model = ?,
                   input_tokens = ?, cached_input_tokens = ?, cache_write_tokens = ?,
                   output_tokens = ?, reasoning_tokens = ?, cost_microdollars = ?, failure = ?,
                   sandbox = COALESCE(?, sandbox)
             WHERE id = ? AND ended_at_ms IS NULL
            """,
            [
                now, session.endedAt?.milliseconds ?? now, session.ending, session.outputBytes,
                facts.vendorSession, facts.model,
                usage?.input, usage?.cachedInput, usage?.cacheWrites, usage?.output,
                usage?.reasoning, usage?.cost?.microdollars,
                try facts.failure.map { try JSONColumn.text($0) },
                try facts.sandbox.map { try JSONColumn.text($0) }, session.id.rawValue,
            ])
    }
}
