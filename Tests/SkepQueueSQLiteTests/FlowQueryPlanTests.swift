import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Queries of flows, steps and events and their indexes")
struct FlowQueryPlanTests {
    @Test(
        "What depends on what, and who waits for an event, is found by an index, without sorting",
        arguments: [
            (
                [
                    "job_dependency USING COVERING INDEX job_dependency_dependents",
                    "job USING INTEGER PRIMARY KEY",
                ],
                """
                SELECT job.id, runs_when, unmet, is_held, not_before_ms
                  FROM job_dependency
                  JOIN job ON job.id = job_dependency.job
                 WHERE dependency = 1 AND state = 'scheduled' AND unmet > 0
                 ORDER BY job_dependency.job
                """
            ),
            (
                [
                    "job_dependency USING COVERING INDEX job_dependency_dependents",
                    "job USING INTEGER PRIMARY KEY",
                ],
                """
                SELECT job.id, runs_when, unmet, is_held, not_before_ms
                  FROM job_dependency
                  JOIN job ON job.id = job_dependency.job
                 WHERE dependency = 1 AND state = 'cancelled' AND cancelled_by = 1
                 ORDER BY job_dependency.job
                """
            ),
            (
                ["job_dependency USING PRIMARY KEY", "job USING INTEGER PRIMARY KEY"],
                """
                SELECT dependency, state
                  FROM job_dependency
                  JOIN job ON job.id = dependency
                 WHERE job = 1
                 ORDER BY position
                """
            ),
            (
                [
                    "job_dependency USING PRIMARY KEY", "job_failure USING INTEGER PRIMARY KEY",
                    "job_failure USING COVERING INDEX job_failure_history",
                ],
                """
                SELECT job.id, job.state, job_result.result, job_failure.kind,
                       job_failure.message
                  FROM job_dependency
                  JOIN job ON job.id = job_dependency.dependency
                  LEFT JOIN job_result ON job_result.job = job.id
                  LEFT JOIN job_failure
                    ON job_failure.id = (SELECT MAX(id)
                                           FROM job_failure
                                          WHERE job_failure.job = job.id)
                 WHERE job_dependency.job = 1
                   AND job.state IN ('succeeded', 'dead', 'cancelled')
                 ORDER BY job_dependency.position
                """
            ),
            (
                ["job_dependency USING COVERING INDEX job_dependency_dependents"],
                "SELECT job FROM job_dependency WHERE dependency = 1 ORDER BY job"
            ),
            (
                ["job USING INDEX job_awaiting"],
                """
                SELECT id, is_held
                  FROM job
                 WHERE state = 'scheduled' AND awaited_event = 'e' AND is_awaited_for_itself = 0
                """
            ),
            (
                ["queue_event USING INDEX queue_event_once"],
                "SELECT payload, at_ms FROM queue_event WHERE name = 'e' AND IFNULL(job, 0) = 0"
            ),
            (
                ["job_step USING INDEX sqlite_autoindex_job_step_1"],
                "SELECT name, result, attempt, at_ms FROM job_step WHERE job = 1 ORDER BY position"
            ),
        ])
    func usesIndexes(indexes: [String], query: String) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let plan = try await store.read { database in
                    try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + query)
                        .map { $0["detail"] as String }
                        .joined(separator: "\n")
                }

                for index in indexes { #expect(plan.contains(index), "\(plan)") }
                #expect(!plan.contains("SCAN"), "\(plan)")
                #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }
}
