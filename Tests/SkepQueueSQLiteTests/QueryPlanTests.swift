import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Queries and their indexes")
struct QueryPlanTests {
    @Test(
        "What is asked often is answered from its index, without sorting",
        arguments: [
            (
                "job_ready",
                """
                SELECT rank_ms, id FROM job
                 WHERE state = 'ready' AND concurrency_key IS NULL AND queue = 'q' AND kind = 'k'
                 ORDER BY rank_ms, id LIMIT 1
                """
            ),
            (
                "key_head_open",
                """
                SELECT key, job FROM key_head
                 WHERE is_open = 1 AND queue = 'q' AND kind = 'k'
                 ORDER BY rank_ms, turn, job_rank_ms, job LIMIT 1
                """
            ),
            (
                "concurrency_key_opening",
                """
                SELECT key FROM concurrency_key
                 WHERE opens_at_ms IS NOT NULL AND queue = 'q' AND opens_at_ms <= 1
                 ORDER BY opens_at_ms LIMIT 1
                """
            ),
            (
                "concurrency_key_shut",
                """
                SELECT key FROM concurrency_key
                 WHERE shut_at_ms IS NOT NULL AND queue = 'q' AND shut_at_ms > 1
                """
            ),
            (
                "job_ready_by_key",
                """
                SELECT id FROM job
                 WHERE state = 'ready' AND queue = 'q' AND concurrency_key = 'c' AND kind = 'k'
                 ORDER BY rank_ms, id LIMIT 1
                """
            ),
            (
                "job_scheduled",
                """
                SELECT id FROM job
                 WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0
                   AND queue = 'q' AND not_before_ms <= 1
                 ORDER BY not_before_ms, id LIMIT 1
                """
            ),
            (
                "job_unique",
                """
                SELECT id FROM job
                 WHERE unique_key = 'u' AND queue = 'q'
                   AND state IN ('scheduled', 'ready', 'leased')
                 ORDER BY id DESC LIMIT 1
                """
            ),
            (
                "job_unique",
                """
                SELECT id FROM job
                 WHERE unique_key = 'u' AND queue = 'q'
                   AND state IN ('scheduled', 'ready', 'leased') AND state <> 'leased'
                 ORDER BY id DESC LIMIT 1
                """
            ),
            (
                "job_unique_window",
                """
                SELECT id FROM job
                 WHERE unique_key = 'u' AND queue = 'q' AND enqueued_at_ms > 1
                 ORDER BY enqueued_at_ms DESC, id DESC LIMIT 1
                """
            ),
            (
                "job_expiring",
                """
                SELECT expires_at_ms, id FROM job
                 WHERE expires_at_ms IS NOT NULL AND attempt = 0 AND state IN ('scheduled', 'ready')
                   AND expires_at_ms <= 9 AND (expires_at_ms, id) > (1, 1)
                 ORDER BY expires_at_ms, id LIMIT 1
                """
            ),
            (
                "job_expiring",
                """
                SELECT MIN(expires_at_ms) FROM job
                 WHERE expires_at_ms IS NOT NULL AND attempt = 0 AND state IN ('scheduled', 'ready')
                """
            ),
            (
                "job_ready_age",
                "SELECT MIN(ready_at_ms) FROM job WHERE state = 'ready' AND queue = 'q'"
            ),
            (
                "job_leased",
                """
                SELECT id, attempt, worker, lease_until_uptime_ms, lease_boot FROM job
                 WHERE state = 'leased'
                """
            ),
            (
                "schedule_due",
                "SELECT name FROM schedule WHERE next_tick_at_ms <= 1 ORDER BY next_tick_at_ms"
            ),
            (
                "schedule_due",
                "SELECT MIN(next_tick_at_ms) FROM schedule WHERE next_tick_at_ms IS NOT NULL"
            ),
            (
                "schedule_tick_once",
                """
                SELECT 1 FROM schedule_tick
                 WHERE outcome <> 'run_by_hand' AND schedule = 's' AND nominal_at_ms = 1
                """
            ),
            (
                "schedule_tick_history",
                """
                SELECT job.id, unmet > 0 FROM schedule_tick JOIN job ON job.id = schedule_tick.job
                 WHERE schedule = 's' AND state IN ('scheduled', 'ready', 'leased')
                 ORDER BY schedule_tick.id DESC LIMIT 10000
                """
            ),
        ])
    func usesIndex(index: String, query: String) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let plan = try await store.read { database in
                    try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + query)
                        .map { $0["detail"] as String }
                        .joined(separator: "\n")
                }

                #expect("\(plan) ".contains("INDEX \(index) "), "\(plan)")
                #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }
}
