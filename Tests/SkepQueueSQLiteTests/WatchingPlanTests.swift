import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Queries of watchers and their indexes")
struct WatchingPlanTests {
    @Test(
        "What is shown is read from an index",
        arguments: [
            (
                "job_scheduled",
                """
                SELECT MIN(not_before_ms) FROM job
                 WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0 AND queue = 'q'
                """
            ),
            (
                "job_leased",
                "SELECT DISTINCT worker FROM job WHERE state = 'leased'"
            ),
            (
                "job_leased",
                "SELECT worker, id FROM job WHERE state = 'leased' ORDER BY worker, id"
            ),
            (
                "job_ready",
                """
                SELECT 1 FROM job
                 WHERE state = 'ready' AND concurrency_key IS NULL AND queue = 'q' AND kind = 'k'
                   AND (rank_ms, id) < (1, 1) LIMIT 1
                """
            ),
            (
                "job_ready_by_key",
                """
                SELECT 1
                  FROM key_head
                  JOIN job
                    ON job.state = 'ready' AND job.concurrency_key IS NOT NULL
                   AND job.queue = key_head.queue AND job.concurrency_key = key_head.key
                   AND job.kind = key_head.kind AND (job.rank_ms, job.id) < (1, 1)
                 WHERE key_head.is_open = 1 AND key_head.queue = 'q' AND key_head.kind = 'k'
                   AND key_head.rank_ms <= 1
                 LIMIT 1
                """
            ),
            (
                "job_event_history",
                "SELECT id FROM job_event WHERE job = 1 ORDER BY id DESC LIMIT 1 OFFSET 200"
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
