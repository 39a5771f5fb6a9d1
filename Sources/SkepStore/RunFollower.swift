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
        let swarm = SwarmTransaction(transaction)
        if job.kind == SwarmQueues.report { try swarm.tellOfUnposted(job, failure) }
        guard let run = try openRun(of: job, transaction) else { return }
        try swarm.close(run, .failed, detail: failure.message)
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
        try swarm.reopen(run)
    }

    /// What has ended may have had a place with a provider account, or have been to take one.
    public func jobsStopped(_ transaction: QueueTransaction) throws {
        try SwarmTransaction(transaction).fillPlaces()
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
    /// Opens a closed run again. Its next result is another report.
    fileprivate func reopen(_ run: Run) throws {
        try execute(
            """
            UPDATE run
               SET outcome = NULL, closed_at_ms = NULL, closing_detail = NULL, cancel_reason = NULL
             WHERE id = ?
            """, [run.id.rawValue])
        try execute(
            "UPDATE report SET topic = 'result-' || id WHERE run = ? AND topic = 'result'",
            [run.id.rawValue])
        try add(.opened, of: run, "run \(run.id) is tried again")
    }

    /// People wait for what a report would have said.
    fileprivate func tellOfUnposted(_ job: Job, _ failure: Failure) throws {
        guard let id = ReportID(String(decoding: job.payload, as: UTF8.self)),
            let row = try fetchRow(
                "SELECT \(ReportRow.columns) FROM report WHERE id = ?", [id.rawValue])
        else { return }
        let report = try ReportRow.report(row)
        try add(
            .trouble, "report \(id) (\(report.topic)) can't be posted: \(failure.message)",
            on: report.issue, run: report.run)
    }

    fileprivate func holderDeaths(of job: JobID) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM job_failure WHERE job = ? AND kind = ?",
            arguments: [job.rawValue, Failure.holderDied]) ?? 0
    }
}
