internal import GRDB
internal import SkepQueue

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
    private let nextExpiry: Timestamp?
    private let nextOpening: Timestamp?

    init(_ database: Database, at now: Timestamp) throws {
        leases = try Row.fetchAll(database.cachedStatement(sql: Self.heldQuery + ";"))
            .map(Held.init)
        due = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT queue, (SELECT MIN(not_before_ms)
                                     FROM job
                                    WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0
                                      AND queue = job_count.queue) AS due
                      FROM job_count
                     WHERE state = 'scheduled' AND count > 0
                     GROUP BY queue
                    """)
        ).compactMap { row in
            (row[1] as Int64?).map { (QueueName(rawValue: row[0]), Timestamp(milliseconds: $0)) }
        }.filter { $0.1 < .endOfTime }
        // Served by job_expiring.
        nextExpiry = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT MIN(expires_at_ms)
                      FROM job
                     WHERE expires_at_ms IS NOT NULL AND attempt = 0 AND state IN ('scheduled', 'ready')
                    """)
        ).map(Timestamp.init(milliseconds:))
        nextOpening = try RateOpenings.next(database, after: now)
    }

    var nextDue: Timestamp? {
        (due.map(\.at) + [nextExpiry, nextOpening].compactMap { $0 }).min()
    }

    func queuesDue(at now: Timestamp) -> [QueueName] {
        due.filter { $0.at <= now }.map(\.queue)
    }

    func hasExpired(at now: Timestamp) -> Bool {
        nextExpiry.map { $0 <= now } ?? false
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
