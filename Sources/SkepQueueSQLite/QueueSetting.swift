internal import GRDB
internal import SkepQueue

/// What is said of a whole queue: a row of `queue_setting`.
struct QueueSetting {
    var isPaused = false
    var limit: Int?
    var bucket: RateBucket?

    private var isDefault: Bool { !isPaused && limit == nil && bucket == nil }
}

extension QueueSetting {
    fileprivate init?(_ queue: String, _ database: Database) throws {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT is_paused, lim, rate_count, rate_per_ms, rate_burst, rate_full_at_us
                      FROM queue_setting
                     WHERE queue = ?
                    """),
            arguments: [queue])
        guard let row else { return nil }
        isPaused = row[0]
        limit = row[1]
        bucket = RateBucket(row, from: 2)
    }

    fileprivate func write(of queue: String, _ database: Database) throws {
        if isDefault {
            return try database.cachedStatement(sql: "DELETE FROM queue_setting WHERE queue = ?")
                .execute(arguments: [queue])
        }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO queue_setting (
                    queue, is_paused, lim, rate_count, rate_per_ms, rate_burst, rate_full_at_us)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            queue, isPaused, limit, bucket?.rate.count, bucket?.rate.per.milliseconds,
            bucket?.rate.burst, bucket?.fullAt,
        ])
    }
}

extension Ledger {
    func setting(of queue: String, _ database: Database) throws -> QueueSetting {
        if let setting = known.settings[queue] { return setting }
        let setting = try QueueSetting(queue, database) ?? QueueSetting()
        known.settings[queue] = setting
        return setting
    }

    func set(_ setting: QueueSetting, of queue: String, _ database: Database) throws {
        known.settings[queue] = setting
        try setting.write(of: queue, database)
    }
}
