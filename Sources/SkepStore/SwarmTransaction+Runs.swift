internal import GRDB
internal import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SwarmTransaction {
    func run(_ id: RunID) throws -> Run {
        guard let run = try RunRow.fetch(id, database) else { throw SwarmError.noSuchRun(id) }
        return run
    }

    func openRun(_ id: RunID) throws -> Run {
        let run = try run(id)
        if let closing = run.closing { throw SwarmError.runClosed(id, closing.outcome) }
        return run
    }

    func runOfJob(_ job: JobID) throws -> Run? {
        let row = try fetchRow("SELECT run FROM step_job WHERE job = ?", [job.rawValue])
        return try row.map { try run(RunID(rawValue: $0[0])) }
    }

    /// The run an agent has open on an issue; served by run_one_open.
    func openRun(on issue: IssueReference, by agent: AgentName) throws -> RunID? {
        try fetchRow(
            """
            SELECT id
              FROM run
             WHERE repository = ? AND issue_number = ? AND agent = ? AND closed_at_ms IS NULL
            """, [issue.repository.description, issue.number, agent.rawValue]
        ).map { RunID(rawValue: $0[0]) }
    }

    /// Whether any agent has; served by run_one_open.
    func hasOpenRun(on issue: IssueReference) throws -> Bool {
        try fetchRow(
            """
            SELECT 1
              FROM run
             WHERE repository = ? AND issue_number = ? AND closed_at_ms IS NULL
            """, [issue.repository.description, issue.number]) != nil
    }

    func newestJob(of run: RunID) throws -> JobID? {
        try Int64.fetchOne(
            database, sql: "SELECT MAX(job) FROM step_job WHERE run = ?", arguments: [run.rawValue]
        ).map(JobID.init(rawValue:))
    }

    /// Closes a run, unless it is.
    func close(_ run: Run, _ outcome: RunClosing.Outcome, detail: String) throws {
        try execute(
            """
            UPDATE run
               SET outcome = ?, closed_at_ms = ?, closing_detail = ?
             WHERE id = ? AND closed_at_ms IS NULL
            """, [outcome.rawValue, now, detail, run.id.rawValue])
        guard hasChanged else { return }
        let words = outcome.words
        try add(.closed, of: run, detail.isEmpty ? words : "\(words): \(detail)")
        let question = try Int64.fetchOne(
            database, sql: "SELECT id FROM question WHERE run = ? AND answered_at_ms IS NULL",
            arguments: [run.id.rawValue])
        if let question { try add([ReportText.attention("unanswered-\(question)")], to: run) }
    }

    /// Closes a run that somebody cancelled, with a report that says why and what is kept.
    func closeCancelled(_ id: RunID) throws {
        let run = try run(id)
        let reason = run.cancelReason ?? "its job was cancelled"
        try close(run, .cancelled, detail: reason)
        let notes = try String.fetchAll(
            database, sql: "SELECT note FROM run_note WHERE run = ? ORDER BY id",
            arguments: [id.rawValue])
        let hasWorked = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM session WHERE run = ?)",
            arguments: [id.rawValue])
        let report = ReportText.cancelled(
            run, reason: reason, notes: notes, hasWorked: hasWorked == true)
        try add([report], to: run)
    }

    /// Cancels a run: at once when nothing of it runs.
    ///
    /// - Throws: `SwarmError.noSuchRun`, `.runClosed`.
    func cancel(_ id: RunID, reason: String) throws -> Cancellation {
        let run = try openRun(id)
        try execute("UPDATE run SET cancel_reason = ? WHERE id = ?", [reason, id.rawValue])
        try add(.cancelled, of: run, reason)
        // A waiting job is cancelled at once, and the follower closes its run.
        switch try newestJob(of: id).map({ try queue.cancel($0) }) {
        case .requested: return .requested
        case .cancelled: return .cancelled
        case .alreadyFinished, nil:
            // It waits for a person's answer.
            try closeCancelled(id)
            return .cancelled
        }
    }

    /// Tries the last job of a run that failed or was cancelled again, where that is possible.
    func retryIfPossible(_ id: RunID) throws {
        guard let run = try RunRow.fetch(id, database), let closing = run.closing,
            closing.outcome == .failed || closing.outcome == .cancelled,
            try openRun(on: run.issue, by: run.agent) == nil,
            let newest = try newestJob(of: id), let job = try queue.job(newest),
            job.state == .dead || job.state == .cancelled
        else { return }
        // The follower opens the run again.
        try queue.retry(newest)
    }

    /// Queues a step's job of a run, with the run's priority, and says which step it does.
    @discardableResult
    func enqueue(_ new: NewStepJob, for run: Run) throws -> JobID {
        let job = NewJob(
            SwarmQueues.step, queue: SwarmQueues.steps, payload: Array("\(run.id)".utf8),
            priority: run.priority, notBefore: new.notBefore, concurrencyKey: new.concurrencyKey,
            maxFailures: new.maxFailures)
        let id = try queue.enqueue([job])[0].id
        try execute(
            """
            INSERT INTO step_job (job, run, step, round, findings, agent)
            SELECT :job, :run, :step, 1 + COUNT(*), :findings, :agent
              FROM step_job
             WHERE run = :run AND step = :step AND agent IS :agent
            """,
            [
                "job": id.rawValue, "run": run.id.rawValue, "step": new.step.rawValue,
                "findings": new.findings, "agent": new.agent?.rawValue,
            ])
        return id
    }
}
