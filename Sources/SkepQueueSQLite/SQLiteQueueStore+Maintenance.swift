internal import GRDB
public import SkepQueue

/// How many rows go in one transaction, so that others get their turn between.
private let prunedBatch = 500
/// How many transactions of a sort one call makes, at most.
private let batchesPerCall = 20
/// Pages that are given back in one transaction: 4 MiB.
private let vacuumedPages = 1000

extension SQLiteQueueStore {
    /// Writes nothing when there is nothing to do, and goes on to the next part when one fails:
    /// what went wrong first is thrown at the end.
    public func maintain() async throws -> Maintenance {
        var done = Maintenance()
        var firstError: (any Error)?
        func part(_ work: () async throws -> Void) async throws {
            do {
                try await work()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                firstError = firstError ?? error
            }
        }

        try await part { try await pruneJobs(into: &done) }
        try await part { try await pruneEvents(into: &done) }
        try await part { try await freePermitsOfTheDead() }
        try await part { try await giveSpaceBack(into: &done) }
        try await part { try await offPool { [connections] in try connections.shortenLog() } }
        if let firstError { throw firstError }
        return done
    }

    private func pruneJobs(into done: inout Maintenance) async throws {
        var firstError: (any Error)?
        for _ in 0..<batchesPerCall {
            let now = rules.clock.now
            let isDue = try await read { database in
                try Bool.fetchOne(database, sql: Due.exists, arguments: [now.milliseconds])
            }
            guard isDue ?? false else { break }
            let batch = try await write { try $0.pruneDue(limit: prunedBatch) }
            done.pruned += batch.pruned
            firstError = firstError ?? batch.firstError
            done.isUnfinished = batch.isFull
            guard batch.isFull else { break }
        }
        if let firstError { throw firstError }
    }

    private func pruneEvents(into done: inout Maintenance) async throws {
        guard let length = rules.retention.events else { return }
        let oldest = try await read { database in
            try Int64.fetchOne(
                database, sql: "SELECT MIN(at_ms) FROM queue_event WHERE job IS NULL")
        }
        let limit: Timestamp = rules.clock.now - length
        guard let oldest, oldest < limit.milliseconds else { return }
        for _ in 0..<batchesPerCall {
            let removed = try await write { try $0.removeEvents(before: limit, prunedBatch) }
            guard removed == prunedBatch else { return }
        }
        done.isUnfinished = true
    }

    /// Shortens the file when more than a quarter of it is free, and that is 4 MiB at least.
    private func giveSpaceBack(into done: inout Maintenance) async throws {
        for _ in 0..<batchesPerCall {
            let space = try await read(FreeSpace.init)
            guard space.isWorthwhile else { return }
            let left = try await write { transaction in
                try transaction.database.execute(
                    sql: "PRAGMA incremental_vacuum(\(vacuumedPages))")
                return try FreeSpace(transaction.database)
            }
            // A file that wasn't made by this library may keep its free pages for ever.
            guard left.freePages < space.freePages else { return }
        }
        done.isUnfinished = true
    }
}

private struct FreeSpace {
    let pages: Int
    let freePages: Int

    init(_ database: Database) throws {
        pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        freePages = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
    }

    var isWorthwhile: Bool { freePages >= vacuumedPages && freePages > pages / 4 }
}

/// The finished jobs whose time to be removed has come; served by job_pruned.
private enum Due {
    static let condition = "prune_at_ms IS NOT NULL AND prune_at_ms <= ?"
    static let exists = "SELECT EXISTS (SELECT 1 FROM job WHERE \(condition))"
    static let first = "SELECT id FROM job WHERE \(condition) ORDER BY prune_at_ms LIMIT ?"
    static let isNeeded = "SELECT NOT \(QueueTransaction.isNotNeeded) FROM job WHERE id = ?"
}

struct PrunedBatch: Sendable {
    var pruned = 0
    /// Whether there may be more.
    var isFull = false
    /// What a job failed with that could not be removed; the others are.
    var firstError: (any Error)?
}

extension QueueTransaction {
    /// Removes finished jobs whose time has come, the longest due first. Those that unfinished jobs
    /// depend on stay for another hour, and so do those that can't be removed: they shall not be
    /// in the way of the others.
    func pruneDue(limit: Int) throws -> PrunedBatch {
        var batch = PrunedBatch()
        let due = try fetchRows(Due.first, [now.milliseconds, limit])
        batch.isFull = due.count == limit
        for row in due {
            let id = JobID(rawValue: row[0])
            guard try fetchRow(Due.isNeeded, [id.rawValue])?[0] == false else {
                try keepForAnotherHour(id)
                continue
            }
            do {
                try savepoint("pruned") { try remove(id) }
                batch.pruned += 1
            } catch {
                guard database.isInsideTransaction else { throw error }
                batch.firstError = batch.firstError ?? error
                try keepForAnotherHour(id)
            }
        }
        return batch
    }

    private func keepForAnotherHour(_ id: JobID) throws {
        try run(
            "UPDATE job SET prune_at_ms = ? WHERE id = ?",
            [(now + .seconds(3600)).milliseconds, id.rawValue])
    }

    /// Removes events for all who wait for a name; served by queue_event_age.
    ///
    /// - Returns: How many.
    func removeEvents(before time: Timestamp, _ limit: Int) throws -> Int {
        try run(
            """
            DELETE FROM queue_event
             WHERE id IN (SELECT id
                            FROM queue_event
                           WHERE job IS NULL AND at_ms < ?
                           ORDER BY at_ms
                           LIMIT ?)
            """,
            [time.milliseconds, limit])
        return database.changesCount
    }
}
