import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Queries of upkeep and semaphores and their indexes")
struct KeepingPlanTests {
    @Test(
        "They look at no more rows than they need",
        arguments: [
            (
                "INDEX job_pruned",
                "SELECT EXISTS (SELECT 1 FROM job WHERE prune_at_ms IS NOT NULL AND prune_at_ms <= 1)"
            ),
            (
                "INDEX job_pruned",
                """
                SELECT id FROM job
                 WHERE prune_at_ms IS NOT NULL AND prune_at_ms <= 1 ORDER BY prune_at_ms LIMIT 500
                """
            ),
            (
                "INDEX job_dependency_dependents",
                "SELECT NOT \(QueueTransaction.isNotNeeded) FROM job WHERE id = 1"
            ),
            ("INDEX queue_event_age", "SELECT MIN(at_ms) FROM queue_event WHERE job IS NULL"),
            (
                "INDEX queue_event_age",
                """
                DELETE FROM queue_event
                 WHERE id IN (SELECT id FROM queue_event
                               WHERE job IS NULL AND at_ms < 1 ORDER BY at_ms LIMIT 500)
                """
            ),
            (
                "INDEX semaphore_waiter_line",
                """
                SELECT id, holder FROM semaphore_waiter
                 WHERE name = 's' AND id > 1 ORDER BY id LIMIT 1
                """
            ),
            (
                "INDEX semaphore_holder_name",
                """
                SELECT permits, (SELECT COUNT(*) FROM semaphore_holder WHERE name = semaphore.name)
                  FROM semaphore WHERE name = 's'
                """
            ),
            (
                "INDEX semaphore_holder_name",
                "SELECT number, holder FROM semaphore_holder WHERE name = 's'"
            ),
            (
                "INDEX sqlite_autoindex_semaphore_holder_1",
                "SELECT number FROM semaphore_holder WHERE holder = 'h' AND name = 's'"
            ),
            (
                "INDEX sqlite_autoindex_semaphore_waiter_1",
                "DELETE FROM semaphore_waiter WHERE holder = 'h' AND name = 's'"
            ),
            (
                "INDEX sqlite_autoindex_semaphore_waiter_1",
                "SELECT name FROM semaphore_waiter WHERE holder = 'h'"
            ),
        ])
    func plans(index: String, query: String) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let plan = try await store.connections.writer.read { database in
                    try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + query)
                        .map { $0["detail"] as String }
                        .joined(separator: "\n")
                }

                #expect("\(plan) ".contains(index + " "), "\(plan)")
                #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
                #expect(!plan.contains("SCAN job "), "\(plan)")
            }
        }
    }
}
