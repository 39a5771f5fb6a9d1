import Logging
import MetricsTestKit
import SkepQueue
import SkepQueueMetrics
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Metrics of a worker")
struct MetricsMiddlewareTests {
    private let metrics = TestMetrics()
    private let good = [("queue", "default"), ("kind", "good")]

    @Test("Attempts are counted by queue, kind and outcome, and timed from ready to lease to end")
    func countsAndTimes() async throws {
        let clock = ManualClock()
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: clock) { store in
                _ = try await store.enqueue([
                    NewJob("good"), NewJob("good"), NewJob("bad", maxFailures: 1),
                ])
                clock.advance(by: .seconds(2))

                try await worker(store, clock).runUntilIdle()
            }
        }

        let succeeded = good + [("outcome", "succeeded")]
        let died = [("queue", "default"), ("kind", "bad"), ("outcome", "died")]
        #expect(metrics.counterTotal(label: "skep_queue_attempts", dimensions: succeeded) == 2)
        #expect(metrics.counterTotal(label: "skep_queue_attempts", dimensions: died) == 1)
        let waits = try metrics.expectTimer("skep_queue_wait_time", good)
        #expect(waits.values == [2_000_000_000, 5_000_000_000])
        let runs = try metrics.expectTimer("skep_queue_run_time", good)
        #expect(runs.values == [3_000_000_000, 3_000_000_000])
        let slots = try metrics.expectGauge("skep_queue_slots_in_use", [("queue", "default")])
        #expect(slots.values == [1, 0, 1, 0, 1, 0])
    }

    @Test("What is enqueued is counted by what became of it")
    func countsWhatIsEnqueued() async throws {
        let middleware = MetricsMiddleware(factory: metrics)

        let answers = try await middleware.enqueue([NewJob("good"), NewJob("good")]) { _ in
            [.inserted(JobID(rawValue: 1)), .existing(JobID(rawValue: 1))]
        }

        #expect(answers.count == 2)
        for outcome in ["inserted", "existing"] {
            let dimensions = good + [("outcome", outcome)]
            #expect(metrics.counterTotal(label: "skep_queue_enqueued", dimensions: dimensions) == 1)
        }
    }

    @Test("What sweeps do to the jobs of others is counted")
    func countsSweeps() {
        let middleware = MetricsMiddleware(factory: metrics)
        let jobs = [JobID(rawValue: 1), JobID(rawValue: 2)]

        middleware.noted(.expired(jobs))
        middleware.noted(.reclaimed(jobs))
        middleware.noted(.diedWithHolder(jobs))

        for outcome in ["expired", "reclaimed", "died"] {
            let total = metrics.counterTotal(
                label: "skep_queue_swept", dimensions: [("outcome", outcome)])
            #expect(total == 2)
        }
    }

    private func worker(_ store: any QueueStore, _ clock: ManualClock) -> QueueWorker {
        QueueWorker(
            store: store, configuration: .init(slots: ["default": 1]),
            middleware: [MetricsMiddleware(factory: metrics)], clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { lease, _ in
            guard lease.job.kind == "good" else { throw PermanentFailure(message: "bad") }
            clock.advance(by: .seconds(3))
            return .settle(.succeeded(result: nil, next: []))
        }
    }
}
