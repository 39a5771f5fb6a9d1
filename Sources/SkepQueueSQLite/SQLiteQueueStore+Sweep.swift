internal import GRDB
public import SkepQueue

/// How many jobs a sweep moves in one transaction, so that others get their turn between.
private let sweepBatch = 500
/// How many leases it takes back in one: each costs several writes, and those that renew theirs wait.
private let reclaimBatch = 100

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
        let lost = leases.filter { dead.contains($0.worker) || hasExpired($0) }
        var firstError: (any Error)?
        for batch in lost.batches(of: reclaimBatch) {
            do {
                let taken = try await write { try self.reclaim(batch, dead, $0) }
                sweep.reclaimed += taken.reclaimed
                sweep.died += taken.died
                firstError = firstError ?? taken.firstError
            } catch {
                firstError = firstError ?? error
            }
        }
        if firstError == nil, !dead.isEmpty { try await clearUpDeadWorkers() }
        return firstError
    }

    /// Each by itself: a hook that throws for one job must not keep the others.
    private func reclaim(
        _ leases: ArraySlice<SweepOutlook.Held>, _ dead: Set<WorkerID>,
        _ transaction: QueueTransaction
    ) throws -> Reclaimed {
        var taken = Reclaimed()
        for lease in leases {
            do {
                let died = try transaction.savepoint("reclaimed") {
                    try reclaim(lease, dead, transaction)
                }
                switch died {
                case true?: taken.died.append(lease.job)
                case false?: taken.reclaimed.append(lease.job)
                case nil: break
                }
            } catch {
                guard transaction.database.isInsideTransaction else { throw error }
                taken.firstError = taken.firstError ?? error
            }
        }
        return taken
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

/// What became of leases that were lost.
private struct Reclaimed: Sendable {
    var reclaimed: [JobID] = []
    var died: [JobID] = []
    /// What a job failed with that could not be taken; the others are.
    var firstError: (any Error)?
}
