import GRDB
import SkepQueueSQLite
import Testing

extension SQLiteQueueStore {
    /// Compares what is kept of the jobs with the jobs themselves, and lets SQLite check the file.
    func expectConsistent(_ location: SourceLocation = #_sourceLocation) async throws {
        let problems = try await read { database in
            try Self.problemQueries.flatMap { query in
                try Row.fetchAll(database, sql: query).map(\.description)
            }
        }
        #expect(problems == [], sourceLocation: location)
        let check = try await read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        #expect(check == ["ok"], sourceLocation: location)
    }

    private static let problemQueries = [
        """
        SELECT 'count', queue, state, kind, SUM(count), SUM(rows)
          FROM (SELECT queue, state, kind, count, 0 AS rows FROM job_count
                UNION ALL
                SELECT queue, state, kind, 0, COUNT(*) FROM job GROUP BY queue, state, kind)
         GROUP BY queue, state, kind
        HAVING SUM(count) <> SUM(rows)
        """,
        """
        SELECT 'key', queue, key, SUM(leased), SUM(ready), SUM(rows_leased), SUM(rows_ready)
          FROM (SELECT queue, key, leased, ready, 0 AS rows_leased, 0 AS rows_ready
                  FROM concurrency_key
                UNION ALL
                SELECT queue, concurrency_key, 0, 0, SUM(state = 'leased'), SUM(state = 'ready')
                  FROM job
                 WHERE concurrency_key IS NOT NULL
                 GROUP BY queue, concurrency_key)
         GROUP BY queue, key
        HAVING SUM(leased) <> SUM(rows_leased) OR SUM(ready) <> SUM(rows_ready)
        """,
        """
        SELECT 'head', head.*
          FROM key_head AS head
          JOIN concurrency_key AS limits USING (queue, key)
         WHERE job <> (SELECT id
                         FROM job
                        WHERE state = 'ready' AND queue = head.queue
                          AND concurrency_key = head.key AND kind = head.kind
                        ORDER BY rank_ms, id
                        LIMIT 1)
            OR (job_rank_ms, priority) <> (SELECT rank_ms, job.priority FROM job WHERE id = head.job)
            OR head.rank_ms <> MAX(job_rank_ms,
                                   COALESCE(served_at_ms - priority * 600000, job_rank_ms))
            OR head.turn <> limits.turn
            OR is_open <> ((lim IS NULL OR leased < lim) AND opens_at_ms IS NULL)
        """,
        """
        SELECT 'idle key', queue, key
          FROM concurrency_key
         WHERE lim IS NULL AND rate_count IS NULL AND leased = 0 AND ready = 0
        """,
        """
        SELECT 'ready before its time, held or unmet', id
          FROM job
         WHERE state = 'ready' AND (not_before_ms > ready_at_ms OR is_held OR unmet > 0)
        """,
        """
        SELECT DISTINCT 'headless', queue, concurrency_key, kind
          FROM job
         WHERE state = 'ready' AND concurrency_key IS NOT NULL
           AND NOT EXISTS (SELECT 1
                             FROM key_head
                            WHERE queue = job.queue AND key = job.concurrency_key
                              AND kind = job.kind)
        """,
    ]
}
