internal import GRDB
public import SkepQueue

/// How many due jobs a claim makes ready, at most; a sweep does the rest.
private let promotedPerClaim = 100

extension QueueTransaction {
    /// A job, as this transaction sees it.
    public func job(_ id: JobID) throws -> Job? {
        try fetchRow("SELECT \(jobColumns) FROM \(jobTables) WHERE job.id = ?", [id.rawValue])
            .map(Job.init(row:))
    }

    /// Checks that a lease is held, so that what is written beside it counts.
    ///
    /// - Throws: `QueueError.leaseLost` unless this attempt holds the job.
    public func requireLease(_ token: LeaseToken) throws {
        _ = try heldJob(token)
    }

    func heldJob(_ token: LeaseToken) throws -> Job {
        guard let job = try job(token.job), job.state == .leased, job.attempt == token.attempt
        else {
            throw QueueError.leaseLost(token.job, attempt: token.attempt)
        }
        return job
    }

    /// Takes leases, as `QueueStore.lease(_:)` does.
    public func lease(_ request: LeaseRequest) throws -> [Lease] {
        guard request.limit > 0 else { return [] }
        _ = try promoteDue(in: request.queue, limit: promotedPerClaim)

        var claim = try Claim(self, request)
        var leases: [Lease] = []
        while leases.count < request.limit, let id = try claim.takeNext() {
            try run(
                """
                UPDATE job
                   SET state = 'leased', attempt = attempt + 1, leased_at_ms = ?, worker = ?,
                       lease_until_uptime_ms = ?, lease_boot = ?, reason = NULL
                 WHERE id = ?
                """,
                [
                    now.milliseconds, request.worker.rawValue, leaseEnd(after: request.length),
                    rules.boot.rawValue, id,
                ])
            guard let job = try job(JobID(rawValue: id)) else { continue }
            leases.append(
                Lease(job: job, worker: request.worker, expiresAt: now + request.length))
        }
        return leases
    }

    func renew(_ tokens: [LeaseToken], length: Duration) throws -> [LeaseToken: Renewal] {
        let end = leaseEnd(after: length)
        var renewals: [LeaseToken: Renewal] = [:]
        for token in tokens {
            let row = try fetchRow(
                "SELECT cancel_requested FROM job WHERE id = ? AND attempt = ? AND state = 'leased'",
                [token.job.rawValue, token.attempt])
            guard let row else {
                renewals[token] = .lost
                continue
            }
            try run(
                "UPDATE job SET lease_until_uptime_ms = ?, lease_boot = ? WHERE id = ?",
                [end, rules.boot.rawValue, token.job.rawValue])
            renewals[token] = row[0] ? .cancelRequested : .renewed
        }
        return renewals
    }

    /// Makes scheduled jobs of a queue ready whose time has come, the first due first; served by
    /// job_scheduled.
    func promoteDue(in queue: QueueName, limit: Int) throws -> Int {
        let due = try fetchRows(
            """
            SELECT id
              FROM job
             WHERE state = 'scheduled' AND queue = ? AND not_before_ms <= ?
             ORDER BY not_before_ms, id
             LIMIT ?
            """,
            [queue.rawValue, now.milliseconds, limit])
        for row in due {
            try run(
                """
                UPDATE job
                   SET state = 'ready', ready_at_ms = not_before_ms, reason = NULL
                 WHERE id = ?
                """,
                [row[0] as Int64])
        }
        if !due.isEmpty { effects.hasWork = true }
        return due.count
    }

    private func leaseEnd(after length: Duration) -> Int64 {
        (Timestamp(milliseconds: rules.clock.uptime.milliseconds) + length).milliseconds
    }
}
