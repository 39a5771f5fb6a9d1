internal import GRDB
public import SkepQueue

/// How many jobs a sweep moves in one transaction, so that others get their turn between.
private let sweepBatch = 500

extension SQLiteQueueStore {
    public func sweep() async throws -> Sweep {
        let now = rules.clock.now
        let outlook = try await read { database in try SweepOutlook(database, at: now) }
        var sweep = Sweep()

        var firstError = try await reclaim(outlook.leases, into: &sweep)
        if outlook.hasExpired(at: now) {
            firstError = try await expire(into: &sweep) ?? firstError
        }
        for queue in outlook.queuesDue(at: now) {
            var moved = sweepBatch
            while moved == sweepBatch {
                moved = try await write { try $0.promoteDue(in: queue, limit: sweepBatch) }
                sweep.promoted += moved
            }
        }
        sweep.problem = firstError.map { "\($0)" }
        sweep.nextDue = try await read { database in try SweepOutlook(database, at: now).nextDue }
        return sweep
    }

    /// - Returns: What a job failed with that could not be cancelled; the others are.
    private func expire(into sweep: inout Sweep) async throws -> (any Error)? {
        var firstError: (any Error)?
        var overdue = try await write { try $0.expireOverdue(after: nil, limit: sweepBatch) }
        while true {
            sweep.expired += overdue.expired
            firstError = firstError ?? overdue.firstError
            guard let last = overdue.last else { return firstError }
            overdue = try await write { try $0.expireOverdue(after: last, limit: sweepBatch) }
        }
    }

    /// - Returns: What a job failed with that could not be taken; the others are.
    private func reclaim(
        _ leases: [SweepOutlook.Held], into sweep: inout Sweep
    ) async throws -> (any Error)? {
        let dead = try await offPool { [presence] in
            Set(leases.map(\.worker)).filter(presence.isDead)
        }
        var firstError: (any Error)?
        for lease in leases where dead.contains(lease.worker) || hasExpired(lease) {
            do {
                // Each by itself: a hook that throws for one job must not keep the others.
                guard let died = try await write({ try self.reclaim(lease, dead, $0) }) else {
                    continue
                }
                if died { sweep.died.append(lease.job) } else { sweep.reclaimed.append(lease.job) }
            } catch {
                firstError = firstError ?? error
            }
        }
        if firstError == nil, !dead.isEmpty { try await clearUpDeadWorkers() }
        return firstError
    }

    /// - Returns: Whether the job died; `nil` when its lease was renewed or settled meanwhile.
    private func reclaim(
        _ lease: SweepOutlook.Held, _ dead: Set<WorkerID>, _ transaction: QueueTransaction
    ) throws -> Bool? {
        let isDead = dead.contains(lease.worker)
        guard let current = try SweepOutlook.held(transaction, lease.job),
            current.attempt == lease.attempt, isDead || hasExpired(current),
            let job = try transaction.job(lease.job)
        else { return nil }
        return try transaction.reclaim(
            job,
            because: isDead
                ? "Worker \(lease.worker) ended without settling the job."
                : "Worker \(lease.worker) didn't renew its lease in time.")
    }

    private func hasExpired(_ lease: SweepOutlook.Held) -> Bool {
        lease.boot != rules.boot || lease.untilUptime <= rules.clock.uptime.milliseconds
    }
}
