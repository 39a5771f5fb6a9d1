internal import GRDB
internal import SkepQueue

/// When rates let jobs begin again that are ready now.
///
/// Part of what a sweep answers as `nextDue`: a worker that found nothing to lease looks again then.
enum RateOpenings {
    /// The next time after `now` at which a rate of a queue or key lets a job begin.
    static func next(_ database: Database, after now: Timestamp) throws -> Timestamp? {
        try [queues(database, after: now), keys(database, after: now)].compactMap { $0 }.min()
    }

    private static func queues(_ database: Database, after now: Timestamp) throws -> Timestamp? {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT rate_count, rate_per_ms, rate_burst, rate_full_at_us
                      FROM queue_setting
                     WHERE rate_count IS NOT NULL AND is_paused = 0
                       AND EXISTS (SELECT 1
                                     FROM job_count
                                    WHERE queue = queue_setting.queue AND state = 'ready'
                                      AND count > 0)
                    """)
        ).compactMap { RateBucket($0, from: 0)?.opensAt(now) }.min()
    }

    /// Served by concurrency_key_opening, a queue at a time.
    private static func keys(_ database: Database, after now: Timestamp) throws -> Timestamp? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT MIN((SELECT MIN(opens_at_ms)
                                  FROM concurrency_key
                                 WHERE opens_at_ms IS NOT NULL AND queue = waiting.queue
                                   AND opens_at_ms > ?))
                      FROM (SELECT DISTINCT queue
                              FROM job_count
                             WHERE state = 'ready' AND count > 0) AS waiting
                    """),
            arguments: [now.milliseconds]
        ).map(Timestamp.init(milliseconds:))
    }
}
