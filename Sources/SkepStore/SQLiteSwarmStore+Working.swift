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
            try swarm.close(session, ending: ending, outputBytes: record.outputBytes)
        }
    }

    public func report(_ reports: [NewReport], by lease: LeaseToken) async throws {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            let swarm = SwarmTransaction(transaction)
            guard let run = try swarm.runOfJob(lease.job) else { return }
            try swarm.add(reports, to: run)
        }
    }

    public func settle(_ lease: LeaseToken, as settlement: StepSettlement) async throws {
        try await queue.write { try SwarmTransaction($0).settle(lease, as: settlement) }
    }
}

extension SwarmTransaction {
    fileprivate func beginAttempt(_ lease: Lease) throws -> StepJob {
        try queue.requireLease(lease.token)
        let job = lease.job.id
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT run, step, round, findings FROM step_job WHERE job = ?",
                arguments: [job.rawValue])
        else { throw QueueError.noSuchJob(job) }
        let run = try openRun(RunID(rawValue: row["run"]))
        try execute(
            """
            UPDATE attempt
               SET ended_at_ms = ?, outcome = 'lost', detail = 'its worker died'
             WHERE job = ? AND ended_at_ms IS NULL
            """, [now, job.rawValue])
        try execute(
            "INSERT INTO attempt (job, attempt, worker, started_at_ms) VALUES (?, ?, ?, ?)",
            [job.rawValue, lease.job.attempt, lease.worker.rawValue, now])
        let session = try Row.fetchOne(
            database,
            sql: """
                SELECT \(SessionRow.columns)
                  FROM session
                 WHERE job = ? AND ended_at_ms IS NULL
                """, arguments: [job.rawValue])
        return StepJob(
            run: run, job: job, attempt: lease.job.attempt, step: StepName(rawValue: row["step"]),
            round: row["round"], findings: row["findings"],
            openSession: session.map(SessionRow.session))
    }

    fileprivate func session(_ id: Int64) throws -> SessionRecord {
        let row = try Row.fetchOne(
            database, sql: "SELECT \(SessionRow.columns) FROM session WHERE id = ?",
            arguments: [id])
        guard let row else { throw SwarmError.noSuchSession(SessionID(rawValue: id)) }
        return SessionRow.session(row)
    }

    fileprivate func close(_ session: SessionID, ending: String, outputBytes: Int64) throws {
        try execute(
            """
            UPDATE session
               SET ended_at_ms = ?, ending = ?, output_bytes = ?
             WHERE id = ? AND ended_at_ms IS NULL
            """, [now, ending, outputBytes, session.rawValue])
    }

    /// One transaction: the lease, the attempt, the run, its next job, its reports.
    fileprivate func settle(_ lease: LeaseToken, as settlement: StepSettlement) throws {
        try queue.requireLease(lease)
        guard let run = try runOfJob(lease.job), let job = try queue.job(lease.job) else {
            throw QueueError.noSuchJob(lease.job)
        }
        try execute(
            """
            UPDATE run
               SET head_commit = COALESCE(?, head_commit),
                   pull_number = COALESCE(?, pull_number),
                   pull_url = COALESCE(?, pull_url),
                   branch = COALESCE(?, branch)
             WHERE id = ?
            """,
            [
                settlement.head?.rawValue, settlement.pullRequest?.number,
                settlement.pullRequest?.url, settlement.branch?.rawValue, run.id.rawValue,
            ])

        if let session = settlement.session {
            try close(session.id, ending: session.ending, outputBytes: session.outputBytes)
        }

        for check in settlement.checks {
            try execute(
                """
                INSERT INTO check_result
                  (run, commit_id, command, has_passed, ending, duration_ms, at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run.id.rawValue, check.commit.rawValue, check.command, check.hasPassed,
                    check.ending, check.duration.milliseconds, now,
                ])
        }
        for note in settlement.notes {
            try execute(
                "INSERT INTO run_note (run, note) VALUES (?, ?)", [run.id.rawValue, note])
        }

        var reports = settlement.reports
        switch settlement.way {
        case .next(let next):
            if run.cancelReason != nil || job.isCancelRequested {
                try end(lease, "cancelled", nil)
                try queue.settle(lease, as: .cancelled)
            } else {
                try end(lease, "succeeded", nil)
                try queue.settle(lease, as: .succeeded(result: nil, next: []))
                try enqueue(next, for: run.id)
            }
        case .close(let outcome, let detail):
            try close(run.id, outcome, detail: detail)
            try end(lease, outcome.rawValue, detail)
            try queue.settle(lease, as: .succeeded(result: nil, next: []))
        case .cancel:
            try end(lease, "cancelled", nil)
            // The follower closes the run, and reports why.
            try queue.settle(lease, as: .cancelled)
        case .retry(let failure, let notBefore):
            try end(lease, "retry", failure.message)
            if !job.isCancelRequested, job.failures + 1 >= job.maxFailures {
                try close(run.id, .failed, detail: failure.message)
                reports = settlement.closingReports
            }
            try queue.settle(lease, as: .retry(failure, notBefore: notBefore))
        case .fail(let failure):
            try close(run.id, .failed, detail: failure.message)
            try end(lease, "failed", failure.message)
            try queue.settle(lease, as: .dead(failure))
        case .snooze(let until, let reason):
            try end(lease, "snoozed", reason)
            try queue.settle(lease, as: .snoozed(until: until, reason: reason))
        case .release:
            try end(lease, "released", nil)
            try queue.settle(lease, as: .released)
        }
        try add(reports, to: run)
    }

    private func end(_ lease: LeaseToken, _ outcome: String, _ detail: String?) throws {
        try execute(
            """
            UPDATE attempt
               SET ended_at_ms = ?, outcome = ?, detail = ?
             WHERE job = ? AND attempt = ? AND ended_at_ms IS NULL
            """, [now, outcome, detail, lease.job.rawValue, lease.attempt])
    }
}
