internal import GRDB
internal import SkepQueue

/// How many keys may be looked at in memory, at most: they are gone through at each claim.
private let keysInMemory = 256
/// How many heads are read of the table at once, at least.
private let headsAtOnce = 64

extension Ledger {
    /// Keys as they stand now, for the claims of a group: one that changes is written once, at the
    /// end, and until then what the tables say of it isn't so.
    struct KnownKeys {
        /// Those that have changed, and are to be looked at anew.
        var stale: Set<Key> = []
        /// Those that have changed.
        fileprivate(set) var changed: [Key: ChangedKey] = [:]
        /// As the tables have them.
        fileprivate var written: [Key: ChangedKey] = [:]
        fileprivate var heads: [HeadList.Name: HeadList] = [:]

        init(stale: Set<Key> = []) { self.stale = stale }
    }

    struct ChangedKey {
        var state: KeyState
        /// Its next ready jobs, one of each kind.
        var heads: [KeyHead]
    }

    /// The heads of open keys of a kind as the table has them, the next one last.
    fileprivate struct HeadList {
        struct Name: Hashable {
            let queue: String
            let kind: String
        }

        var heads: [KeyHead] = []
        /// How many were read; there may be more when it is as many as were asked for.
        var count = 0
        var limit = 0
    }

    /// Brings the keys of a queue up to date in memory, or in the tables if they are many.
    func refreshKeys(of queue: String, _ database: Database, now: Timestamp) throws {
        guard !known.keys.stale.isEmpty else { return }
        if entries.keys.count > keysInMemory {
            return try writeKeys(of: queue, database, now: now)
        }
        for key in known.keys.stale where key.queue == queue {
            known.keys.stale.remove(key)
            guard let change = entries.keys[key] else { continue }
            known.keys.changed[key] = try changed(key, change, database)
        }
    }

    private func changed(
        _ key: Key, _ change: KeyChange, _ database: Database
    ) throws -> ChangedKey {
        var current = try written(key, database)
        current.state.add(change)
        let state = current.state
        current.heads = current.heads.filter { !change.kinds.contains($0.kind) }.map(state.placed)
        current.heads += try change.kinds.compactMap { try state.nextJob(of: $0, database) }
        return current
    }

    private func written(_ key: Key, _ database: Database) throws -> ChangedKey {
        if let written = known.keys.written[key] { return written }
        let heads = try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT \(KeyHead.columns) FROM key_head WHERE queue = ? AND key = ?"),
            arguments: [key.queue, key.name]
        ).map { KeyHead($0, queue: key.queue) }
        let written = ChangedKey(state: try KeyState(key, database), heads: heads)
        known.keys.written[key] = written
        return written
    }

    /// The first head of a kind among the keys that haven't changed, and are open.
    ///
    /// - Parameter leftOut: Keys that aren't to be looked at.
    func firstHead(
        of kind: String, in queue: String, without leftOut: Set<String>, _ database: Database
    ) throws -> KeyHead? {
        func isUsable(_ head: KeyHead) -> Bool {
            entries.keys[head.key] == nil && !leftOut.contains(head.key.name)
        }
        let name = HeadList.Name(queue: queue, kind: kind)
        while let last = known.keys.heads[name]?.heads.last, entries.keys[last.key] != nil {
            known.keys.heads[name]?.heads.removeLast()
        }
        let list = known.keys.heads[name] ?? HeadList()
        if list.count == list.limit, !list.heads.contains(where: isUsable) {
            // Those that have changed stand in front, mostly.
            var longer = HeadList()
            longer.limit = list.limit + entries.keys.count + leftOut.count + headsAtOnce
            longer.heads = try openHeads(name, limit: longer.limit, database)
            longer.count = longer.heads.count
            known.keys.heads[name] = longer
            return longer.heads.last { isUsable($0) }
        }
        return list.heads.last { isUsable($0) }
    }

    /// The next one last; served by key_head_open.
    private func openHeads(
        _ name: HeadList.Name, limit: Int, _ database: Database
    ) throws -> [KeyHead] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(KeyHead.columns)
                      FROM key_head
                     WHERE is_open = 1 AND queue = ? AND kind = ?
                     ORDER BY rank_ms, turn, job_rank_ms, job
                     LIMIT ?
                    """),
            arguments: [name.queue, name.kind, limit]
        ).reversed().map { KeyHead($0, queue: name.queue) }
    }

    /// Notes a lease on a job of a key.
    func noteService(of key: Key, at now: Timestamp, _ database: Database) throws {
        let turn = try lastTurn(of: key.queue, database) + 1
        entries.turns[key.queue] = turn
        let count = entries.keys[key]?.service?.count ?? 0
        entries.keys[key, default: KeyChange()].service = Service(
            at: now, turn: turn, count: count + 1)
        known.keys.stale.insert(key)
    }

    private func lastTurn(of queue: String, _ database: Database) throws -> Int64 {
        if let turn = entries.turns[queue] ?? known.turns[queue] { return turn }
        let statement = try database.cachedStatement(
            sql: "SELECT turn FROM queue_turn WHERE queue = ?")
        let turn = try Int64.fetchOne(statement, arguments: [queue]) ?? 0
        known.turns[queue] = turn
        return turn
    }
}

extension KeyHead {
    fileprivate static let columns = "key, kind, job, job_rank_ms, priority, rank_ms, turn"

    fileprivate init(_ row: Row, queue: String) {
        self.init(
            key: Ledger.Key(queue: queue, name: row[0]), kind: row[1], job: row[2],
            jobRank: row[3], priority: row[4], rank: row[5], turn: row[6])
    }
}
