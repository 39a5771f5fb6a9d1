internal import GRDB
public import SkepQueue

/// The time over which rates are measured.
private let rateMinutes: Int64 = 5

extension SQLiteQueueStore {
    public func status() async throws -> [QueueStatus] {
        let now = rules.clock.now
        return try await read { database in
            try StatusReader(database: database, now: now).statuses()
        }
    }
}

/// Puts together how the queues stand, from counts and the heads of indexes.
private struct StatusReader {
    private struct Counts {
        var byState: [Job.State: Int] = [:]
        var readyByKind: [JobKind: Int] = [:]
    }

    private struct Setting {
        let isPaused: Bool
        let limit: Int?
        let rate: RateLimit?
    }

    private struct Throughput {
        var enqueued = Pace()
        var finished = Pace()
    }

    /// So many in so many minutes, from the first one on.
    private struct Pace {
        private var count = 0.0
        private var minutes = 0.0

        /// At most four times as many a minute as there were: less than a quarter of a minute says
        /// too little.
        var perMinute: Double { count == 0 ? 0 : count / max(minutes, 0.25) }

        /// - Parameter span: How many minutes ago they came at the earliest; the longest first.
        mutating func add(_ more: Double, span: Double) {
            guard more > 0 else { return }
            if count == 0 { minutes = span }
            count += more
        }
    }

    let database: Database
    let now: Timestamp

    func statuses() throws -> [QueueStatus] {
        let counts = try counts()
        let settings = try settings()
        let keys = try keys()
        let throughput = try throughput()
        let queues = Set(counts.keys).union(settings.keys).union(keys.keys)
        return try queues.sorted().map { queue in
            let setting = settings[queue]
            return QueueStatus(
                queue: QueueName(rawValue: queue), counts: counts[queue]?.byState ?? [:],
                readyByKind: counts[queue]?.readyByKind ?? [:],
                isPaused: setting?.isPaused ?? false, limit: setting?.limit, rate: setting?.rate,
                oldestReadyAt: try earliest(Self.oldestReady, in: queue),
                nextDue: try earliest(Self.nextDue, in: queue).flatMap {
                    $0 < .endOfTime ? $0 : nil
                },
                finishedPerMinute: throughput[queue]?.finished.perMinute ?? 0,
                enqueuedPerMinute: throughput[queue]?.enqueued.perMinute ?? 0,
                keys: keys[queue] ?? [])
        }
    }

    private func counts() throws -> [String: Counts] {
        try rows("SELECT queue, state, kind, count FROM job_count").reduce(into: [:]) {
            counts, row in
            guard let state = Job.State(rawValue: row[1]) else { return }
            let count: Int = row[3]
            var queue = counts[row[0]] ?? Counts()
            queue.byState[state, default: 0] += count
            if state == .ready, count > 0 { queue.readyByKind[JobKind(rawValue: row[2])] = count }
            counts[row[0]] = queue
        }
    }

    private func settings() throws -> [String: Setting] {
        try rows(
            "SELECT queue, is_paused, lim, rate_count, rate_per_ms, rate_burst FROM queue_setting"
        ).reduce(into: [:]) { settings, row in
            settings[row[0]] = Setting(
                isPaused: row[1], limit: row[2], rate: RateLimit(row, from: 3))
        }
    }

    private func keys() throws -> [String: [QueueStatus.Key]] {
        try rows(
            """
            SELECT queue, key, lim, leased, ready, rate_count, rate_per_ms, rate_burst
              FROM concurrency_key
             WHERE lim IS NOT NULL OR rate_count IS NOT NULL OR leased > 0 OR ready > 0
             ORDER BY queue, key
            """
        ).reduce(into: [:]) { keys, row in
            keys[row[0], default: []].append(
                QueueStatus.Key(
                    key: ConcurrencyKey(rawValue: row[1]), limit: row[2],
                    rate: RateLimit(row, from: 5), leased: row[3], ready: row[4]))
        }
    }

    /// Jobs per minute, in the last minutes or since the first of them in which there was one.
    private func throughput() throws -> [String: Throughput] {
        let now = Double(self.now.milliseconds) / 60_000
        let oldest = Int64(now.rounded(.down)) - rateMinutes
        return try rows(
            """
            SELECT queue, minute, enqueued, finished
              FROM queue_throughput
             WHERE minute BETWEEN ? AND ?
             ORDER BY queue, minute
            """,
            [oldest, Int64(now.rounded(.down))]
        ).reduce(into: [:]) { throughput, row in
            // The current minute isn't over, so of the oldest one counts what is missing of it.
            let minute: Int64 = row[1]
            let share = minute == oldest ? 1 - (now - now.rounded(.down)) : 1
            let span = min(Double(rateMinutes), now - Double(minute))
            throughput[row[0], default: Throughput()].enqueued.add(share * row[2], span: span)
            throughput[row[0], default: Throughput()].finished.add(share * row[3], span: span)
        }
    }

    private func earliest(_ query: String, in queue: String) throws -> Timestamp? {
        try Int64.fetchOne(database.cachedStatement(sql: query), arguments: [queue])
            .map(Timestamp.init(milliseconds:))
    }

    private func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        try Row.fetchAll(database, sql: sql, arguments: arguments)
    }

    /// Served by job_ready_age.
    private static let oldestReady =
        "SELECT MIN(ready_at_ms) FROM job WHERE state = 'ready' AND queue = ?"

    /// Served by job_scheduled.
    private static let nextDue = """
        SELECT MIN(not_before_ms)
          FROM job
         WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0 AND queue = ?
        """
}
