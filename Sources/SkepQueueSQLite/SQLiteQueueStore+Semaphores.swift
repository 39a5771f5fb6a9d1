internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func acquire(
        _ semaphore: SemaphoreName, permits: Int, holder: WorkerID
    ) async throws -> Permit? {
        let what = "semaphore \"\(semaphore.rawValue.prefix(100))\""
        func refusal(_ reason: String) -> QueueError { .invalidSetting(what, reason: reason) }
        let name = semaphore.rawValue.utf8
        guard !name.isEmpty, name.count <= SemaphoreName.maxBytes, !name.contains(0) else {
            throw refusal(
                "Its name must have 1 to \(SemaphoreName.maxBytes) bytes, and no NUL among them.")
        }
        guard permits >= 1 else {
            throw refusal("It would have \(permits) permits; at least 1 is needed.")
        }
        return try await write { [presence] transaction in
            // What the dead hold is free at once: it would have the permit for no time at all.
            guard presence.isAlive(holder) else {
                throw QueueError.invalidSetting(
                    what, reason: "Its holder \(holder) isn't registered, or has ended.")
            }
            return try transaction.acquire(
                semaphore, permits: permits, holder: holder, isAlive: presence.isAlive)
        }
    }

    public func giveBack(_ permit: Permit) async throws {
        try await write { [presence] transaction in
            try transaction.giveBack(permit, isAlive: presence.isAlive)
        }
    }

    public func stopWaiting(for semaphore: SemaphoreName, holder: WorkerID) async throws {
        try await write { [presence] transaction in
            try transaction.stopWaiting(for: semaphore, holder: holder, isAlive: presence.isAlive)
        }
    }

    public func semaphores() async throws -> [SemaphoreStatus] {
        let (semaphores, held, waiting) = try await read { database in
            (
                try Row.fetchAll(database, sql: "SELECT name, permits FROM semaphore ORDER BY name")
                    .map { (name: SemaphoreName(rawValue: $0[0]), permits: $0[1] as Int) },
                try Row.fetchAll(
                    database,
                    sql: "SELECT name, holder, number FROM semaphore_holder ORDER BY number"
                ).map {
                    Permit(
                        semaphore: SemaphoreName(rawValue: $0[0]),
                        holder: WorkerID(rawValue: $0[1]), number: $0[2])
                },
                try Row.fetchAll(
                    database, sql: "SELECT name, holder FROM semaphore_waiter ORDER BY id"
                ).map { (SemaphoreName(rawValue: $0[0]), WorkerID(rawValue: $0[1])) }
            )
        }
        return try await offPool { [presence] in
            let living = Set(held.map(\.holder) + waiting.map(\.1)).filter(presence.isAlive)
            return semaphores.map { semaphore in
                SemaphoreStatus(
                    name: semaphore.name, permits: semaphore.permits,
                    held: held.filter {
                        $0.semaphore == semaphore.name && living.contains($0.holder)
                    },
                    waiting: waiting.filter { $0.0 == semaphore.name && living.contains($0.1) }
                        .map(\.1))
            }.filter { !$0.held.isEmpty || !$0.waiting.isEmpty }
        }
    }

    /// Frees what the dead still hold, should nobody have asked for it since their end.
    ///
    /// Writes nothing when there is nothing.
    func freePermitsOfTheDead() async throws {
        let holders = try await read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT holder FROM semaphore_holder
                     UNION
                    SELECT holder FROM semaphore_waiter
                    """
            ).map(WorkerID.init(rawValue:))
        }
        let dead = try await offPool { [presence] in holders.filter { !presence.isAlive($0) } }
        guard !dead.isEmpty else { return }
        try await write { [presence] transaction in
            // Asked again: somebody may have registered under its name meanwhile.
            for holder in dead where !presence.isAlive(holder) {
                try transaction.giveBackAll(of: holder)
            }
        }
    }
}

extension SemaphoreName {
    fileprivate static let maxBytes = 1 << 10
}
