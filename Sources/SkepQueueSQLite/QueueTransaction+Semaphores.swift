internal import GRDB
internal import SkepQueue

/// Whether somebody who has registered lives.
typealias LifeSign = (WorkerID) -> Bool

extension QueueTransaction {
    /// Takes a permit or a place in the line, as `SemaphoreStore.acquire` does.
    ///
    /// Everybody takes a place first: one who is among the first in line, as many as there are
    /// permits free, has its turn.
    func acquire(
        _ semaphore: SemaphoreName, permits: Int, holder: WorkerID, isAlive: LifeSign
    ) throws -> Permit? {
        try setPermits(permits, of: semaphore)
        if let permit = try permit(of: semaphore, holder: holder) {
            wake(try nextInLine(for: semaphore, isAlive))
            return permit
        }
        try run(
            """
            INSERT INTO semaphore_waiter (name, holder, at_ms) VALUES (?, ?, ?)
                ON CONFLICT (holder, name) DO NOTHING
            """,
            [semaphore.rawValue, holder.rawValue, now.milliseconds])
        let next = try nextInLine(for: semaphore, isAlive)
        guard next.contains(holder) else {
            wake(next)
            return nil
        }
        try removeWaiter(holder, from: semaphore)
        try run(
            "INSERT INTO semaphore_holder (name, holder, at_ms) VALUES (?, ?, ?)",
            [semaphore.rawValue, holder.rawValue, now.milliseconds])
        let number = database.lastInsertedRowID
        // Looked for again: while a permit was free, nobody asked whether holders have died.
        wake(try nextInLine(for: semaphore, isAlive))
        return Permit(semaphore: semaphore, holder: holder, number: number)
    }

    /// Gives a permit back; one that was lost meanwhile is no error.
    func giveBack(_ permit: Permit, isAlive: LifeSign) throws {
        try run(
            "DELETE FROM semaphore_holder WHERE number = ? AND name = ? AND holder = ?",
            [permit.number, permit.semaphore.rawValue, permit.holder.rawValue])
        guard database.changesCount > 0 else { return }
        wake(try nextInLine(for: permit.semaphore, isAlive))
        try forgetIfUnused(permit.semaphore)
    }

    func stopWaiting(for semaphore: SemaphoreName, holder: WorkerID, isAlive: LifeSign) throws {
        try removeWaiter(holder, from: semaphore)
        guard database.changesCount > 0 else { return }
        // It may have had its turn already: then it is the next one's.
        wake(try nextInLine(for: semaphore, isAlive))
        try forgetIfUnused(semaphore)
    }

    /// Takes all permits of somebody whose registration has ended, and its places in lines.
    func giveBackAll(of holder: WorkerID) throws {
        let names = try fetchRows(
            """
            SELECT name FROM semaphore_holder WHERE holder = ?1
             UNION
            SELECT name FROM semaphore_waiter WHERE holder = ?1
            """,
            [holder.rawValue]
        ).map { SemaphoreName(rawValue: $0[0]) }
        guard !names.isEmpty else { return }
        try run("DELETE FROM semaphore_holder WHERE holder = ?", [holder.rawValue])
        try run("DELETE FROM semaphore_waiter WHERE holder = ?", [holder.rawValue])
        for name in names {
            // All of them: who of the first in line lives isn't known here.
            wake(
                try fetchRows("SELECT holder FROM semaphore_waiter WHERE name = ?", [name.rawValue])
                    .map { WorkerID(rawValue: $0[0]) })
            try forgetIfUnused(name)
        }
    }

    /// Who may take a permit now; those who are dead lose their permits and leave the line.
    ///
    /// Nobody is looked at who has no bearing on it: holders while a permit is free, and those in
    /// line behind the ones whose turn it is.
    private func nextInLine(
        for semaphore: SemaphoreName, _ isAlive: LifeSign
    ) throws -> Set<WorkerID> {
        let row = try fetchRow(
            """
            SELECT permits, (SELECT COUNT(*) FROM semaphore_holder WHERE name = semaphore.name)
              FROM semaphore
             WHERE name = ?
            """,
            [semaphore.rawValue])
        guard let row else { return [] }
        let permits: Int = row[0]
        let held: Int = row[1]
        var free = permits - held
        if free <= 0 { free += try removeDeadHolders(of: semaphore, isAlive) }

        var next: Set<WorkerID> = []
        var last: Int64 = 0
        while next.count < free, let (id, holder) = try firstInLine(for: semaphore, after: last) {
            last = id
            if isAlive(holder) {
                next.insert(holder)
            } else {
                try run("DELETE FROM semaphore_waiter WHERE id = ?", [id])
            }
        }
        return next
    }

    /// Served by semaphore_waiter_line.
    private func firstInLine(
        for semaphore: SemaphoreName, after id: Int64
    ) throws -> (Int64, WorkerID)? {
        try fetchRow(
            "SELECT id, holder FROM semaphore_waiter WHERE name = ? AND id > ? ORDER BY id LIMIT 1",
            [semaphore.rawValue, id]
        ).map { ($0[0], WorkerID(rawValue: $0[1])) }
    }

    /// - Returns: How many permits they had.
    private func removeDeadHolders(of semaphore: SemaphoreName, _ isAlive: LifeSign) throws -> Int {
        let dead = try fetchRows(
            "SELECT number, holder FROM semaphore_holder WHERE name = ?", [semaphore.rawValue]
        ).filter { !isAlive(WorkerID(rawValue: $0[1])) }
        for row in dead {
            try run("DELETE FROM semaphore_holder WHERE number = ?", [row[0] as Int64])
        }
        return dead.count
    }

    private func setPermits(_ permits: Int, of semaphore: SemaphoreName) throws {
        try run(
            """
            INSERT INTO semaphore (name, permits) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET permits = excluded.permits
                 WHERE permits <> excluded.permits
            """,
            [semaphore.rawValue, permits])
    }

    private func permit(of semaphore: SemaphoreName, holder: WorkerID) throws -> Permit? {
        try fetchRow(
            "SELECT number FROM semaphore_holder WHERE holder = ? AND name = ?",
            [holder.rawValue, semaphore.rawValue]
        ).map { Permit(semaphore: semaphore, holder: holder, number: $0[0]) }
    }

    private func removeWaiter(_ holder: WorkerID, from semaphore: SemaphoreName) throws {
        try run(
            "DELETE FROM semaphore_waiter WHERE holder = ? AND name = ?",
            [holder.rawValue, semaphore.rawValue])
    }

    private func forgetIfUnused(_ semaphore: SemaphoreName) throws {
        try run(
            """
            DELETE FROM semaphore
             WHERE name = ?1
               AND NOT EXISTS (SELECT 1 FROM semaphore_holder WHERE name = ?1)
               AND NOT EXISTS (SELECT 1 FROM semaphore_waiter WHERE name = ?1)
            """,
            [semaphore.rawValue])
    }

    private func wake(_ holders: some Sequence<WorkerID>) { effects.holders.formUnion(holders) }
}
