internal import GRDB
internal import SkepCore
public import SkepQueue
public import SkepQueueSQLite

/// Closes and reopens runs as their jobs end and are retried without a step settling them.
public struct RunFollower: JobFollower {
    /// With so many deaths of workers a job is taken for what kills them. Sessions outlive their
    /// workers, and a worker is killed for reasons of its own, so it is more than a few.
    static let toleratedDeaths = 12

    public init() {}

    public func jobDied(_ job: Job, of failure: Failure, _ transaction: QueueTransaction) throws {
        guard let run = try openRun(of: job, transaction) else { return }
        let swarm = SwarmTransaction(transaction)
        try swarm.close(run.id, .failed, detail: failure.message)
        try swarm.add(
            [ReportText.failed(agent: run.agent, run: run.id, why: failure.message)], to: run)
    }

    public func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws {
        guard let run = try openRun(of: job, transaction) else { return }
        try SwarmTransaction(transaction).closeCancelled(run.id)
    }

    /// A run whose last job is made ready again is open again.
    public func jobWasRetried(_ job: Job, _ transaction: QueueTransaction) throws {
        guard job.kind == SwarmQueues.step else { return }
        let swarm = SwarmTransaction(transaction)
        guard let run = try swarm.runOfJob(job.id) else { return }
        guard try swarm.newestJob(of: run.id) == job.id else {
            throw SwarmError.superseded(job.id, run.id)
        }
        guard run.closing != nil else { return }
        if let other = try swarm.openRun(on: run.issue, by: run.agent) {
            throw SwarmError.agentBusy(run.agent, run.issue, other)
        }
        try swarm.reopen(run.id)
    }

    /// What a worker's death means is only known when its session is looked at: the next attempt
    /// adopts a living one, and counts a failure if it died as well.
    public func countsHolderDeath(of job: Job, _ transaction: QueueTransaction) throws -> Bool {
        guard job.kind == SwarmQueues.step || job.kind == SwarmQueues.report else { return true }
        return try SwarmTransaction(transaction).holderDeaths(of: job.id) >= Self.toleratedDeaths
    }

    private func openRun(of job: Job, _ transaction: QueueTransaction) throws -> Run? {
        guard job.kind == SwarmQueues.step else { return nil }
        let run = try SwarmTransaction(transaction).runOfJob(job.id)
        return run?.closing == nil ? run : nil
    }
}

extension SwarmTransaction {
    func newestJob(of run: RunID) throws -> JobID? {
        try Int64.fetchOne(
            database, sql: "SELECT MAX(job) FROM step_job WHERE run = ?", arguments: [run.rawValue]
        ).map(JobID.init(rawValue:))
    }

    /// The run an agent has open on an issue.
    func openRun(on issue: IssueReference, by agent: AgentName) throws -> RunID? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT id
                  FROM run
                 WHERE repository = ? AND issue_number = ? AND agent = ? AND closed_at_ms IS NULL
                """,
            arguments: [issue.repository.description, issue.number, agent.rawValue]
        ).map(RunID.init(rawValue:))
    }

    /// Closes a run that somebody cancelled, with a report that says why and what is kept.
    func closeCancelled(_ id: RunID) throws {
        let run = try run(id)
        let reason = run.cancelReason ?? "its job was cancelled"
        try close(id, .cancelled, detail: reason)
        let notes = try String.fetchAll(
            database, sql: "SELECT note FROM run_note WHERE run = ? ORDER BY id",
            arguments: [id.rawValue])
        try add([ReportText.cancelled(run, reason: reason, notes: notes)], to: run)
    }

    /// Opens a closed run again. Its next result is another report.
    fileprivate func reopen(_ run: RunID) throws {
        try execute(
            """
            UPDATE run
               SET outcome = NULL, closed_at_ms = NULL, closing_detail = NULL, cancel_reason = NULL
             WHERE id = ?
            """, [run.rawValue])
        try execute(
            "UPDATE report SET topic = 'result-' || id WHERE run = ? AND topic = 'result'",
            [run.rawValue])
    }

    fileprivate func holderDeaths(of job: JobID) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM job_failure WHERE job = ? AND kind = ?",
            arguments: [job.rawValue, Failure.holderDied]) ?? 0
    }
}
