internal import GRDB
public import SkepQueue

/// How many jobs in front are counted, at most.
private let countedAhead = 1000
/// How many of those that run are named.
private let namedRunning = 10

extension SQLiteQueueStore {
    public func obstacles(of id: JobID) async throws -> [JobObstacle] {
        let now = rules.clock.now
        let facts = try await read { database in
            try ObstacleReader(database: database, now: now).facts(of: id)
        }
        guard let facts else { throw QueueError.noSuchJob(id) }
        return try await offPool { [presence] in
            facts.obstacles(at: now, isAlive: presence.isAlive)
        }
    }
}

/// Reads what may keep a job from running, in one snapshot.
private struct ObstacleReader {
    let database: Database
    let now: Timestamp

    func facts(of id: JobID) throws -> ObstacleFacts? {
        guard let job = try Job(id, database) else { return nil }
        var facts = ObstacleFacts(job: job)
        guard !job.state.isFinished else {
            facts.lastFailure = try lastFailure(of: id)
            return facts
        }
        guard job.state != .leased else { return facts }
        if job.unmetDependencies > 0 { facts.unmet = try unmet(of: id) }
        try readQueue(&facts)
        if let key = job.concurrencyKey { try readKey(key, &facts) }
        facts.workers = try workers(of: job.queue)
        if job.state == .ready { facts.ahead = try countAhead(of: job) }
        return facts
    }

    private func lastFailure(of id: JobID) throws -> String? {
        try String.fetchOne(
            database,
            sql: "SELECT message FROM job_failure WHERE job = ? ORDER BY id DESC LIMIT 1",
            arguments: [id.rawValue])
    }

    private func unmet(of id: JobID) throws -> [JobID] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT dependency
                  FROM job_dependency
                  JOIN job ON job.id = dependency
                 WHERE job = ? AND state IN ('scheduled', 'ready', 'leased')
                 ORDER BY position
                """,
            arguments: [id.rawValue]
        ).map(JobID.init(rawValue:))
    }

    private func readQueue(_ facts: inout ObstacleFacts) throws {
        let queue = facts.job.queue.rawValue
        if let row = try Row.fetchOne(
            database,
            sql: """
                SELECT lim, rate_count, rate_per_ms, rate_burst, rate_full_at_us, is_paused
                  FROM queue_setting
                 WHERE queue = ?
                """,
            arguments: [queue])
        {
            facts.queue = ObstacleFacts.Gate(row, at: now)
            facts.isPaused = row[5]
        }
        facts.queue.leased =
            try Int.fetchOne(
                database,
                sql: "SELECT SUM(count) FROM job_count WHERE queue = ? AND state = 'leased'",
                arguments: [queue]) ?? 0
        if facts.queue.isFull { facts.runningInQueue = try running("", [queue]) }
    }

    private func readKey(_ key: ConcurrencyKey, _ facts: inout ObstacleFacts) throws {
        let queue = facts.job.queue.rawValue
        if let row = try Row.fetchOne(
            database,
            sql: """
                SELECT lim, rate_count, rate_per_ms, rate_burst, rate_full_at_us, leased
                  FROM concurrency_key
                 WHERE queue = ? AND key = ?
                """,
            arguments: [queue, key.rawValue])
        {
            facts.key = ObstacleFacts.Gate(row, at: now)
            facts.key.leased = row[5]
        }
        guard facts.key.isFull else { return }
        facts.runningOfKey = try running("AND concurrency_key = ?", [queue, key.rawValue])
    }

    /// Served by job_leased; there are never many.
    private func running(
        _ condition: String, _ arguments: StatementArguments
    ) throws -> [JobID] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT id
                  FROM job
                 WHERE state = 'leased' AND queue = ? \(condition)
                 ORDER BY id
                 LIMIT \(namedRunning)
                """,
            arguments: arguments
        ).map(JobID.init(rawValue:))
    }

    private func workers(of queue: QueueName) throws -> [ObstacleFacts.Worker] {
        let leased = try Row.fetchAll(
            database,
            sql: """
                SELECT worker, COUNT(*)
                  FROM job
                 WHERE state = 'leased' AND queue = ?
                 GROUP BY worker
                """,
            arguments: [queue.rawValue]
        ).reduce(into: [:]) { counts, row in counts[row[0] as String] = row[1] as Int }
        return try WorkerRow.all(database).map { row in
            ObstacleFacts.Worker(
                worker: row.worker, offer: row.offer, leased: leased[row.worker.rawValue] ?? 0)
        }
    }

    // MARK: In front

    /// How many ready jobs go before one by their rank: those of its own key, those without a key,
    /// and those of other keys that are open. Whose turn it is among the keys may put some of them
    /// behind it after all.
    private func countAhead(of job: Job) throws -> Int {
        let rank = JobPriority.rank(of: job.priority, readyAt: job.readyAt ?? job.notBefore)
            .milliseconds
        let queue = job.queue.rawValue
        var keyRank = rank
        if let name = job.concurrencyKey?.rawValue {
            let state = try KeyState(Ledger.Key(queue: queue, name: name), database)
            keyRank = state.rank(ofJob: rank, priority: job.priority)
        }
        // A key that was served lately lets others go first that came later.
        let id = keyRank == rank ? job.id.rawValue : .max
        let kinds = try String.fetchAll(
            database,
            sql: "SELECT kind FROM job_count WHERE queue = ? AND state = 'ready' AND count > 0",
            arguments: [queue])
        var ahead = 0
        for kind in kinds where ahead < countedAhead {
            func add(_ query: String, _ rank: Int64, _ id: Int64) throws {
                ahead +=
                    try Int.fetchOne(
                        database, sql: "SELECT COUNT(*) FROM (\(query) LIMIT ?6)",
                        arguments: [
                            queue, kind, rank, id, job.concurrencyKey?.rawValue,
                            countedAhead - ahead,
                        ]) ?? 0
            }
            try add(Self.ownAhead, rank, job.id.rawValue)
            try add(Self.plainAhead, keyRank, id)
            try add(Self.keyedAhead, keyRank, id)
        }
        return ahead
    }

    /// Served by job_ready_by_key.
    private static let ownAhead = """
        SELECT 1
          FROM job
         WHERE state = 'ready' AND concurrency_key IS NOT NULL AND queue = ?1
           AND concurrency_key = ?5 AND kind = ?2 AND (rank_ms, id) < (?3, ?4)
        """

    /// Served by job_ready.
    private static let plainAhead = """
        SELECT 1
          FROM job
         WHERE state = 'ready' AND concurrency_key IS NULL AND queue = ?1 AND kind = ?2
           AND (rank_ms, id) < (?3, ?4)
        """

    /// Served by key_head_open, then job_ready_by_key.
    private static let keyedAhead = """
        SELECT 1
          FROM key_head
          JOIN job
            ON job.state = 'ready' AND job.concurrency_key IS NOT NULL
           AND job.queue = key_head.queue AND job.concurrency_key = key_head.key
           AND job.kind = key_head.kind AND (job.rank_ms, job.id) < (?3, ?4)
         WHERE key_head.is_open = 1 AND key_head.queue = ?1 AND key_head.kind = ?2
           AND key_head.rank_ms <= ?3 AND key_head.key IS NOT ?5
        """
}

extension ObstacleFacts.Gate {
    /// - Parameter row: lim, rate_count, rate_per_ms, rate_burst, rate_full_at_us.
    fileprivate init(_ row: Row, at now: Timestamp) {
        let bucket = RateBucket(row, from: 1)
        self.init(limit: row[0], rate: bucket?.rate, opensAt: bucket?.opensAt(now))
    }
}
