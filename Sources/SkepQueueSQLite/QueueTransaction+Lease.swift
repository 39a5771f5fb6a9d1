internal import GRDB
public import SkepQueue

/// How many due jobs a claim makes ready, at most; a sweep does the rest.
private let promotedPerClaim = 100
/// How many jobs a claim cancels for which it is too late, about; the next one goes on.
private let expiredPerClaim = 100
/// How long a job waits that has expired, and that its follower doesn't let go.
private let refusedExpiryPause = Duration.seconds(60)
/// How many keys a claim opens again, at most.
private let reopenedPerClaim = 100

extension QueueTransaction {
    /// A job, as this transaction sees it.
    public func job(_ id: JobID) throws -> Job? {
        try Job(id, database)
    }

    /// Checks that a lease is held, so that what is written beside it counts.
    ///
    /// - Throws: `QueueError.leaseLost` unless this attempt holds the job.
    public func requireLease(_ token: LeaseToken) throws {
        let isHeld = try fetchFirst(
            "SELECT 1 FROM job WHERE id = ? AND attempt = ? AND state = 'leased'",
            [token.job.rawValue, token.attempt]
        ) { _ in true }
        guard isHeld ?? false else {
            throw QueueError.leaseLost(token.job, attempt: token.attempt)
        }
    }

    /// Takes leases, as `QueueStore.lease(_:)` does.
    public func lease(_ request: LeaseRequest) throws -> [Lease] {
        guard request.limit > 0 else { return [] }
        var setting = try ledger.setting(of: request.queue.rawValue, database)
        guard !setting.isPaused else { return [] }
        _ = try promoteDue(in: request.queue, limit: promotedPerClaim)

        let limit = min(request.limit, try freeSlots(of: request.queue, setting))
        let leases = try limit > 0 ? leaseReady(request, limit: limit) : []
        if let bucket = setting.bucket, !leases.isEmpty || bucket.isAhead(of: now) {
            setting.bucket?.take(leases.count, at: now)
            try ledger.set(setting, of: request.queue.rawValue, database)
        }
        return leases
    }

    /// How many jobs the limit and the rate of a queue let begin.
    private func freeSlots(of queue: QueueName, _ setting: QueueSetting) throws -> Int {
        var free = setting.bucket?.available(at: now) ?? .max
        if let limit = setting.limit {
            let leased = try ledger.counts(of: .leased, in: queue.rawValue, database)
            free = min(free, limit - leased.values.reduce(0, +))
        }
        return free
    }

    private func leaseReady(_ request: LeaseRequest, limit: Int) throws -> [Lease] {
        var leases: [Lease] = []
        var expired = 0
        var hasExpired: Bool
        repeat {
            hasExpired = false
            var claim = try Claim(self, request, limit: limit - leases.count)
            while leases.count < limit, let id = try claim.takeNext() {
                guard let job = try leasedJob(id, by: request.worker) else {
                    claim.leaveOut()
                    continue
                }
                if isExpired(job, attemptsBefore: job.attempt - 1) {
                    hasExpired = try expireOrPutAside(job.id) || hasExpired
                    expired += 1
                    continue
                }
                try markLeased(job, length: request.length)
                try claim.noteLease()
                leases.append(
                    Lease(job: job, worker: request.worker, expiresAt: now + request.length))
            }
        } while hasExpired && leases.count < limit && expired < expiredPerClaim
        if hasExpired, leases.count < limit { effects.hasWork = true }
        return leases
    }

    /// - Returns: Whether the job is out of the queue.
    private func expireOrPutAside(_ id: JobID) throws -> Bool {
        do {
            return try savepoint("expired") { try expire(id) }
        } catch {
            // A follower that refuses one job doesn't keep the others: it waits aside for a while.
            guard database.isInsideTransaction else { throw error }
            try run(
                "UPDATE job SET state = 'scheduled', not_before_ms = ?, reason = ? WHERE id = ?",
                [
                    (now + refusedExpiryPause).milliseconds, storable("\(error)", atMost: 16 << 10),
                    id.rawValue,
                ])
            return true
        }
    }

    /// A ready job as it is once it is leased.
    private func leasedJob(_ id: Int64, by worker: WorkerID) throws -> Job? {
        try direct(jobQuery).first([.integer(id)]) { try Job($0, lease: (at: now, by: worker)) }
    }

    private func markLeased(_ job: Job, length: Duration) throws {
        try direct(
            """
            UPDATE job
               SET state = 'leased', attempt = ?, leased_at_ms = ?, worker = ?,
                   lease_until_uptime_ms = ?, lease_boot = ?, reason = NULL
             WHERE id = ?
            """
        ).run([
            .integer(job.attempt), .integer(now.milliseconds), .text(job.worker?.rawValue),
            .integer(leaseEnd(after: length)), .text(rules.boot.rawValue),
            .integer(job.id.rawValue),
        ])
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
        let due = try direct(
            """
            SELECT id
              FROM job
             WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0
               AND queue = ? AND not_before_ms <= ?
             ORDER BY not_before_ms, id
             LIMIT ?
            """
        ).all([.text(queue.rawValue), .integer(now.milliseconds), .integer(limit)]) {
            $0.integer(0)
        }
        for id in due {
            try run(
                """
                UPDATE job
                   SET state = 'ready', ready_at_ms = not_before_ms, reason = NULL,
                       awaited_event = NULL
                 WHERE id = ?
                """,
                [id])
        }
        if !due.isEmpty { effects.hasWork = true }
        return due.count
    }

    /// Makes keys open again whose rate lets jobs begin by now, or that were shut by a clock that
    /// was set back; served by concurrency_key_opening and concurrency_key_shut.
    func reopenKeys(in queue: String) throws {
        let opening = try fetchRows(
            """
            SELECT key
              FROM concurrency_key
             WHERE opens_at_ms IS NOT NULL AND queue = ? AND opens_at_ms <= ?
             ORDER BY opens_at_ms
             LIMIT ?
            """,
            [queue, now.milliseconds, reopenedPerClaim])
        let shutLater = try fetchRows(
            """
            SELECT key
              FROM concurrency_key
             WHERE shut_at_ms IS NOT NULL AND queue = ? AND shut_at_ms > ?
             LIMIT ?
            """,
            [queue, now.milliseconds, reopenedPerClaim])
        guard !opening.isEmpty || !shutLater.isEmpty else { return }
        try ledger.writeKeys(of: queue, database, now: now)
        for row in opening + shutLater {
            try ledger.changeKey(Ledger.Key(queue: queue, name: row[0]), database, now: now)
        }
    }

    private func leaseEnd(after length: Duration) -> Int64 {
        (Timestamp(milliseconds: rules.clock.uptime.milliseconds) + length).milliseconds
    }
}
