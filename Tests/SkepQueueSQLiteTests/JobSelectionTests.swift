import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Jobs that a filter means, and the indexes that find them")
struct JobSelectionTests {
    private static let unfinished: Set<Job.State> = [.scheduled, .ready, .leased]
    private static let retryable: Set<Job.State> = [.dead, .cancelled]

    @Test(
        "A page of jobs is found from the newest on, without looking at all",
        arguments: [
            (JobFilter(), []),
            (JobFilter(states: [.dead]), ["job_dead"]),
            (JobFilter(states: [.cancelled, .scheduled]), ["job_cancelled", "job_waiting"]),
            (JobFilter(states: retryable, failureKind: "k"), ["job_dead", "job_failure_history"]),
            (JobFilter(states: retryable, before: JobID(rawValue: 9)), ["job_dead (id<?)"]),
            (JobFilter(isHeld: true), ["job_held"]),
            (JobFilter(tag: "t"), ["job_tag USING PRIMARY KEY (tag=?)"]),
            (
                JobFilter(states: retryable, tag: "t", before: JobID(rawValue: 9)),
                ["job_tag USING PRIMARY KEY (tag=? AND job<?)"]
            ),
        ] as [(JobFilter, [String])])
    func pages(filter: JobFilter, indexes: [String]) async throws {
        let plan = try await Self.plan(JobSelection(filter))

        for index in indexes { #expect(plan.contains(index), "\(plan)") }
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }

    @Test(
        "What is little is found by its index",
        arguments: [
            (JobFilter(states: [.leased]), "job_leased"),
            (JobFilter(uniqueKey: "k"), "job_unique_window (unique_key=?)"),
            (JobFilter(queue: "q", uniqueKey: "k"), "job_unique_window (unique_key=? AND queue=?)"),
        ])
    func finds(filter: JobFilter, index: String) async throws {
        let plan = try await Self.plan(JobSelection(filter))

        #expect(plan.contains(index), "\(plan)")
    }

    @Test("Whether a finished job is needed is looked up for each, not for all")
    func pruning() async throws {
        let plan = try await Self.plan(
            JobSelection(
                JobFilter(), among: [.succeeded, .dead, .cancelled],
                extra: [QueueTransaction.isNotNeeded]))

        #expect(plan.contains("job_dependency_dependents (dependency=?)"), "\(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }

    @Test(
        "Whether a job is still meant is looked up for it alone",
        arguments: [
            JobFilter(), JobFilter(queue: "q", concurrencyKey: "c"), JobFilter(uniqueKey: "u"),
            JobFilter(tag: "t"), JobFilter(states: [.leased], before: JobID(rawValue: 9)),
        ])
    func looksUp(filter: JobFilter) async throws {
        let plan = try await Self.plan(
            JobSelection(
                filter, among: Set(Job.State.allCases), extra: [QueueTransaction.isNotNeeded],
                only: JobID(rawValue: 7)))

        #expect(plan.contains("job USING INTEGER PRIMARY KEY (rowid=?)"), "\(plan)")
        #expect(!plan.contains("SCAN"), "\(plan)")
        #expect(!plan.contains("job_leased"), "\(plan)")
    }

    @Test("States that are ruled out on one side are ruled out")
    func states() {
        let neither = JobSelection(JobFilter(states: [.ready]), among: Self.retryable)
        let one = JobSelection(JobFilter(states: [.ready, .dead]), among: Self.retryable)

        #expect(!neither.sql.contains("WHERE"))
        #expect(one.sql.contains("'dead'"))
        #expect(!one.sql.contains("'ready'"))
    }

    private static func plan(_ selection: JobSelection) async throws -> String {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                try await store.read { database in
                    try Row.fetchAll(
                        database, sql: "EXPLAIN QUERY PLAN " + selection.sql,
                        arguments: selection.arguments(limit: 1)
                    )
                    .map { $0["detail"] as String }
                    .joined(separator: "\n")
                }
            }
        }
    }
}
