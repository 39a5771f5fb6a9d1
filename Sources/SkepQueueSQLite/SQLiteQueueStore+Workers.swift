internal import GRDB
public import SkepQueue
internal import Synchronization

/// How many jobs a sweep moves in one transaction, so that others get their turn between.
private let sweepBatch = 500

extension SQLiteQueueStore {
    public func register(_ worker: WorkerID) async throws -> any WorkerRegistration {
        let (lock, receiver) = try await offPool { [presence] in
            for dead in presence.deadWorkers() where dead != worker {
                // One that holds leases is left to the sweep, which needs the file to know it.
                if try self.holdsNothing(dead) { presence.clearUp(dead) }
            }
            return try presence.enter(worker)
        }
        return Registration(store: self, worker: worker, lock: lock, receiver: receiver)
    }

    public func sweep() async throws -> Sweep {
        let outlook = try await read { database in try SweepOutlook(database) }
        var sweep = Sweep()

        for queue in outlook.queuesDue(at: rules.clock.now) {
            var moved = sweepBatch
            while moved == sweepBatch {
                moved = try await write { try $0.promoteDue(in: queue, limit: sweepBatch) }
                sweep.promoted += moved
            }
        }
        try await reclaim(outlook.leases, into: &sweep)
        sweep.nextDue = try await read { database in try SweepOutlook(database).nextDue }
        return sweep
    }

    private func reclaim(_ leases: [SweepOutlook.Held], into sweep: inout Sweep) async throws {
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
        if let firstError { throw firstError }
        for worker in dead { presence.clearUp(worker) }
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

    private func holdsNothing(_ worker: WorkerID) throws -> Bool {
        try readNow { database in
            try Row.fetchOne(
                database,
                sql: "SELECT 1 FROM job WHERE state = 'leased' AND worker = ? LIMIT 1",
                arguments: [worker.rawValue]) == nil
        }
    }

    fileprivate func releaseAll(of worker: WorkerID) async throws {
        try await write { transaction in
            let held = try transaction.fetchRows(
                "SELECT id, attempt FROM job WHERE state = 'leased' AND worker = ?",
                [worker.rawValue])
            for row in held {
                let token = LeaseToken(
                    job: JobID(rawValue: row[0]), attempt: row[1], worker: worker)
                try transaction.settle(token, as: .released)
            }
        }
    }
}

/// What a sweep may have to do, read without disturbing anybody.
struct SweepOutlook: Sendable {
    struct Held: Sendable {
        let job: JobID
        let attempt: Int
        let worker: WorkerID
        let untilUptime: Int64
        let boot: BootID
    }

    let leases: [Held]
    private let due: [(queue: QueueName, at: Timestamp)]

    init(_ database: Database) throws {
        leases = try Row.fetchAll(database.cachedStatement(sql: Self.heldQuery + ";"))
            .map(Held.init)
        due = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT queue, (SELECT MIN(not_before_ms)
                                     FROM job
                                    WHERE state = 'scheduled' AND queue = job_count.queue) AS due
                      FROM job_count
                     WHERE state = 'scheduled' AND count > 0
                     GROUP BY queue
                    """)
        ).compactMap { row in
            (row[1] as Int64?).map { (QueueName(rawValue: row[0]), Timestamp(milliseconds: $0)) }
        }
    }

    var nextDue: Timestamp? { due.map(\.at).min() }

    func queuesDue(at now: Timestamp) -> [QueueName] {
        due.filter { $0.at <= now }.map(\.queue)
    }

    static func held(_ transaction: QueueTransaction, _ job: JobID) throws -> Held? {
        try transaction.fetchRow(heldQuery + " AND id = ?", [job.rawValue]).map(Held.init)
    }

    private static let heldQuery = """
        SELECT id, attempt, worker, lease_until_uptime_ms, lease_boot
          FROM job
         WHERE state = 'leased'
        """
}

extension SweepOutlook.Held {
    fileprivate init(_ row: Row) {
        self.init(
            job: JobID(rawValue: row[0]), attempt: row[1], worker: WorkerID(rawValue: row[2]),
            untilUptime: row[3], boot: BootID(rawValue: row[4]))
    }
}

private final class Registration: WorkerRegistration {
    let worker: WorkerID
    private let store: SQLiteQueueStore
    private let lock: WorkerLock
    private let receiver: SignalReceiver
    private let hasEnded = Mutex(false)

    init(store: SQLiteQueueStore, worker: WorkerID, lock: WorkerLock, receiver: SignalReceiver) {
        self.store = store
        self.worker = worker
        self.lock = lock
        self.receiver = receiver
    }

    var signals: AsyncStream<QueueSignal> { receiver.signals }

    func end() async {
        guard
            !hasEnded.withLock({ ended in
                defer { ended = true }
                return ended
            })
        else { return }
        receiver.end()
        // In a task of its own: it must also happen when the caller was cancelled. Should it fail,
        // the lock file stays, unlocked, and the next sweep takes the jobs.
        let isReleased = await Task.detached { [store, worker] in
            (try? await store.releaseAll(of: worker)) != nil
        }.value
        if isReleased { store.presence.clearUp(worker) }
        lock.release()
    }
}
