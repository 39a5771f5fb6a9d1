import GRDB
import SkepQueueSQLite
import Testing

extension SQLiteQueueStore {
    /// Compares what the triggers keep with the rows it is kept of, and lets SQLite check the file.
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
            OR head.rank_ms <> (SELECT rank_ms FROM job WHERE id = head.job)
            OR is_open <> (lim IS NULL OR leased < lim)
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
