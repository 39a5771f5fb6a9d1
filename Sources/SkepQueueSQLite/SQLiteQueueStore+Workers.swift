internal import GRDB
public import SkepQueue
internal import Synchronization

extension SQLiteQueueStore {
    public func register(
        _ worker: WorkerID, offering offer: WorkerOffer?
    ) async throws -> any WorkerRegistration {
        try await clearUpDeadWorkers(except: worker)
        let (lock, receiver) = try await offPool { [presence] in try presence.enter(worker) }
        do {
            try await write { try $0.introduce(worker, offering: offer) }
        } catch {
            receiver.end()
            presence.removeFiles(of: worker)
            lock.release()
            throw error
        }
        return Registration(store: self, worker: worker, lock: lock, receiver: receiver)
    }

    /// Forgets the workers that are dead, with their files and permits.
    ///
    /// One that holds leases is left to the sweep, which needs the file to know it. Writes nothing
    /// when there is none.
    func clearUpDeadWorkers(except worker: WorkerID? = nil) async throws {
        let known = try await read { database in
            try String.fetchSet(database, sql: "SELECT worker FROM worker")
        }
        let dead = try await offPool { [presence] in
            let gone = known.map(WorkerID.init(rawValue:)).filter { !presence.isAlive($0) }
            return Set(gone).union(presence.deadWorkers())
        }
        guard !dead.isEmpty else { return }
        // Asked after their death is known: before, they might have taken another one.
        let holders = try await read { database in
            try String.fetchSet(
                database, sql: "SELECT DISTINCT worker FROM job WHERE state = 'leased'")
        }
        let idle = dead.filter { !holders.contains($0.rawValue) && $0 != worker }
        if !idle.isEmpty { try await clearUp(idle) }
    }

    /// Forgets those of some workers that are dead, with their files and permits.
    func clearUp(_ workers: Set<WorkerID>) async throws {
        let forgotten = try await write { [presence] transaction in
            // Asked again: one whose file was there before its lock looked dead, and lives.
            let dead = workers.filter { !presence.isAlive($0) }
            for worker in dead { try transaction.forget(worker) }
            return dead
        }
        try await offPool { [presence] in
            for worker in forgotten { presence.clearUp(worker) }
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
            try transaction.forget(worker)
        }
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
        if isReleased { store.presence.removeFiles(of: worker) }
        lock.release()
    }
}
