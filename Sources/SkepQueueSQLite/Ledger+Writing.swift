internal import GRDB
internal import SkepQueue

/// For how many minutes the throughput is kept.
private let minutesKept: Int64 = 60

extension Ledger {
    /// Writes everything, at the end of a group.
    ///
    /// - Returns: Whether a slot was freed that a job waits for.
    func write(_ database: Database, now: Timestamp) throws -> Bool {
        var hasFreed = try hasFreedQueue(database)
        try writeKeys(of: nil, database, now: now)
        for key in entries.freed where !hasFreed {
            let state = try KeyState(key, database)
            hasFreed = state.ready > 0 && state.isOpen(at: now)
        }
        for (cell, change) in entries.counts where change != 0 {
            try writeCount(cell, change, database)
        }
        for (queue, turn) in entries.turns {
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO queue_turn (queue, turn) VALUES (?, ?)"
            ).execute(arguments: [queue, turn])
        }
        for (queue, traffic) in entries.traffic {
            try write(traffic, of: queue, minute: now.milliseconds / 60_000, database)
        }
        entries = Entries()
        return hasFreed
    }

    /// Writes what has changed of the keys of a queue, or of all, so that their tables may be read.
    func writeKeys(of queue: String?, _ database: Database, now: Timestamp) throws {
        for (key, change) in entries.keys where queue.map({ $0 == key.queue }) ?? true {
            var state = try KeyState(key, database)
            let wasFull = state.isFull
            try state.apply(change, at: now, database)
            if wasFull, !state.isFull { entries.freed.insert(key) }
            known.queuesWithKeys[key.queue] = true
            entries.keys[key] = nil
        }
        known.keys = KnownKeys(stale: Set(entries.keys.keys))
    }

    /// Changes what is said of a key, whose other changes are written already.
    func changeKey(
        _ key: Key, _ database: Database, now: Timestamp,
        _ body: (inout KeyState) throws -> Void = { _ in }
    ) throws {
        var state = try KeyState(key, database)
        try state.change(at: now, database, body)
        known.queuesWithKeys[key.queue] = true
        known.keys = KnownKeys(stale: Set(entries.keys.keys))
    }

    /// Whether a lease has ended in a queue that was at its limit, and isn't any more.
    private func hasFreedQueue(_ database: Database) throws -> Bool {
        for queue in Set(entries.counts.keys.map(\.queue)) {
            let change = entries.counts.reduce(0) { sum, entry in
                let isLeased = entry.key.queue == queue && entry.key.state == "leased"
                return isLeased ? sum + entry.value : sum
            }
            guard change < 0, let limit = try setting(of: queue, database).limit else { continue }
            let leased = try counts(of: .leased, in: queue, database).values.reduce(0, +)
            let ready = try counts(of: .ready, in: queue, database).values.reduce(0, +)
            if leased < limit, leased - change >= limit, ready > 0 { return true }
        }
        return false
    }

    // Not an upsert: its row would be checked before it is known to be an update, and a decrease
    // alone is below zero.
    private func writeCount(_ cell: Cell, _ change: Int, _ database: Database) throws {
        try DirectStatement(
            "UPDATE job_count SET count = count + ? WHERE queue = ? AND state = ? AND kind = ?",
            database
        ).run([.integer(change), .text(cell.queue), .text(cell.state), .text(cell.kind)])
        guard database.changesCount == 0 else { return }
        try database.cachedStatement(
            sql: "INSERT INTO job_count (queue, state, kind, count) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [cell.queue, cell.state, cell.kind, change])
    }

    private func write(
        _ traffic: Traffic, of queue: String, minute: Int64, _ database: Database
    ) throws {
        try DirectStatement(
            """
            UPDATE queue_throughput
               SET enqueued = enqueued + ?, finished = finished + ?
             WHERE queue = ? AND minute = ?
            """, database
        ).run([
            .integer(traffic.enqueued), .integer(traffic.finished), .text(queue),
            .integer(minute),
        ])
        guard database.changesCount == 0 else { return }
        try database.cachedStatement(
            sql: """
                INSERT INTO queue_throughput (queue, minute, enqueued, finished)
                VALUES (?, ?, ?, ?)
                """
        ).execute(arguments: [queue, minute, traffic.enqueued, traffic.finished])
        try database.cachedStatement(
            // Those to come were written by a clock that was set back since.
            sql: "DELETE FROM queue_throughput WHERE queue = ? AND (minute <= ? OR minute > ?)"
        ).execute(arguments: [queue, minute - minutesKept, minute])
    }
}
