internal import GRDB
internal import SkepQueue

/// How a key stands: a row of `concurrency_key`.
struct KeyState {
    let key: Ledger.Key
    private let isNew: Bool
    var limit: Int?
    var bucket: RateBucket?
    private(set) var leased: Int
    private(set) var ready: Int
    private var opensAt: Timestamp?
    private var servedAt: Timestamp?
    private var turn: Int64

    init(_ key: Ledger.Key, _ database: Database) throws {
        self.key = key
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT lim, leased, ready, rate_count, rate_per_ms, rate_burst, rate_full_at_us,
                           opens_at_ms, served_at_ms, turn
                      FROM concurrency_key
                     WHERE queue = ? AND key = ?
                    """),
            arguments: [key.queue, key.name])
        isNew = row == nil
        limit = row?[0]
        leased = row?[1] ?? 0
        ready = row?[2] ?? 0
        bucket = row.flatMap { RateBucket($0, from: 3) }
        opensAt = (row?[7] as Int64?).map(Timestamp.init(milliseconds:))
        servedAt = (row?[8] as Int64?).map(Timestamp.init(milliseconds:))
        turn = row?[9] ?? 0
    }

    var isFull: Bool { limit.map { leased >= $0 } ?? false }

    /// Whether a job of it may be leased now.
    func isOpen(at now: Timestamp) -> Bool {
        !isFull && (bucket.map { $0.available(at: now) > 0 } ?? true)
    }

    /// What has happened to it.
    mutating func add(_ change: Ledger.KeyChange) {
        leased += change.leased
        ready += change.ready
        guard let service = change.service else { return }
        bucket?.take(service.count, at: service.at)
        servedAt = service.at
        turn = service.turn
    }

    /// Where a job of it stands: as one that became ready when the key was served last, if that was
    /// later.
    func rank(ofJob rank: Int64, priority: Int) -> Int64 {
        guard let servedAt else { return rank }
        return max(rank, JobPriority.rank(of: priority, readyAt: servedAt).milliseconds)
    }

    /// Writes what has happened to it, and the heads of which that is true.
    mutating func apply(
        _ change: Ledger.KeyChange, at now: Timestamp, _ database: Database
    ) throws {
        try self.change(at: now, database, kinds: change.kinds, isServed: change.service != nil) {
            $0.add(change)
        }
    }

    mutating func change(
        at now: Timestamp, _ database: Database, kinds: Set<String> = [], isServed: Bool = false,
        _ body: (inout KeyState) throws -> Void
    ) throws {
        let wasOpen = isOpenAsWritten
        try body(&self)
        bucket?.clamp(to: now)
        opensAt = ready > 0 ? bucket?.opensAt(now) : nil
        try write(at: now, database)
        var kinds = kinds
        if isServed || wasOpen != isOpenAsWritten {
            kinds.formUnion(
                try String.fetchSet(
                    database.cachedStatement(
                        sql: "SELECT kind FROM key_head WHERE queue = ? AND key = ?"),
                    arguments: [key.queue, key.name]))
        }
        for kind in kinds { try writeHead(of: kind, database) }
    }

    private var isOpenAsWritten: Bool { !isFull && opensAt == nil }

    /// Whether there is nothing to be said of it.
    private var isIdle: Bool { limit == nil && bucket == nil && leased == 0 && ready == 0 }

    private func write(at now: Timestamp, _ database: Database) throws {
        if isIdle {
            guard !isNew else { return }
            return try database.cachedStatement(
                sql: "DELETE FROM concurrency_key WHERE queue = ? AND key = ?"
            ).execute(arguments: [key.queue, key.name])
        }
        let statement = try database.cachedStatement(
            sql: isNew
                ? """
                INSERT INTO concurrency_key (
                    lim, leased, ready, rate_count, rate_per_ms, rate_burst, rate_full_at_us,
                    shut_at_ms, opens_at_ms, served_at_ms, turn, queue, key)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
                : """
                UPDATE concurrency_key
                   SET lim = ?, leased = ?, ready = ?, rate_count = ?, rate_per_ms = ?,
                       rate_burst = ?, rate_full_at_us = ?, shut_at_ms = ?, opens_at_ms = ?,
                       served_at_ms = ?, turn = ?
                 WHERE queue = ? AND key = ?
                """)
        try statement.execute(arguments: [
            limit, leased, ready, bucket?.rate.count, bucket?.rate.per.milliseconds,
            bucket?.rate.burst, bucket?.fullAt, opensAt == nil ? nil : now.milliseconds,
            opensAt?.milliseconds, servedAt?.milliseconds, turn, key.queue, key.name,
        ])
    }

    /// Its next ready job of a kind; served by job_ready_by_key.
    func nextJob(of kind: String, _ database: Database) throws -> KeyHead? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT id, rank_ms, priority
                      FROM job
                     WHERE state = 'ready' AND concurrency_key IS NOT NULL
                       AND queue = ? AND concurrency_key = ? AND kind = ?
                     ORDER BY rank_ms, id
                     LIMIT 1
                    """),
            arguments: [key.queue, key.name, kind]
        ).map { row in
            KeyHead(
                key: key, kind: kind, job: row[0], jobRank: row[1], priority: row[2],
                rank: rank(ofJob: row[1], priority: row[2]), turn: turn)
        }
    }

    /// The same job, with its place as the key stands now.
    func placed(_ head: KeyHead) -> KeyHead {
        var head = head
        head.rank = rank(ofJob: head.jobRank, priority: head.priority)
        head.turn = turn
        return head
    }

    private func writeHead(of kind: String, _ database: Database) throws {
        guard let head = try nextJob(of: kind, database) else {
            return try database.cachedStatement(
                sql: "DELETE FROM key_head WHERE queue = ? AND key = ? AND kind = ?"
            ).execute(arguments: [key.queue, key.name, kind])
        }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO key_head (
                    queue, key, kind, is_open, rank_ms, turn, job, job_rank_ms, priority)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            key.queue, key.name, kind, isOpenAsWritten, head.rank, head.turn, head.job,
            head.jobRank, head.priority,
        ])
    }
}

/// The next ready job of a key and kind: a row of `key_head`.
struct KeyHead {
    let key: Ledger.Key
    let kind: String
    let job: Int64
    let jobRank: Int64
    let priority: Int
    var rank: Int64
    var turn: Int64
}
