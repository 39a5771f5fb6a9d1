import SkepQueueSQLite
import SkepTestSupport
import Testing

@testable import SkepQueue

@Suite("An attempt that is looked at while it runs")
struct InterruptedAttemptTests {
    @Test("One that loses its lease between two steps leaves the first one done, and no more")
    func keepsStepsOfLostAttempts() async throws {
        try await TypedBench.with { bench in
            let diary = Diary()
            let gate = Gate()
            var handlers = JobHandlers()
            handlers.handle(Count.self) { count, context in
                let attempt = context.job.attempt
                let first = try await context.step("first") {
                    diary.say("first of \(attempt)")
                    return count.number
                }
                if attempt == 1 { await gate.wait() }
                return try await context.step("second") {
                    diary.say("second of \(attempt)")
                    return first + attempt
                }
            }
            let count = try await bench.queue.enqueue(Count(number: 40))

            let lost = try await bench.begin(handlers)
            try await eventually("the first step is kept") {
                try await bench.store.steps(of: count.id).map(\.name) == ["first"]
            }
            bench.clock.advance(by: .seconds(31))
            #expect(try await bench.store.sweep().reclaimed == [count.id])
            try await bench.immediate(handlers).runUntilIdle()
            gate.open()

            await #expect(throws: QueueError.leaseLost(count.id, attempt: 1)) {
                try await lost.value
            }
            #expect(diary.all == ["first of 1", "second of 2", "second of 1"])
            #expect(try await count.output() == 42)
        }
    }

    @Test("However often it reports, its progress is written down four times a second at most")
    func boundsWrites() async throws {
        try await TypedBench.with { bench in
            let many = Gate()
            let end = Gate()
            var handlers = JobHandlers()
            handlers.handle(Tidy.self) { _, context in
                context.report(0)
                await many.wait()
                for number in 1...1000 { context.report(Int64(number)) }
                await end.wait()
            }
            let tidied = try await bench.queue.enqueue(Tidy())
            let attempt = try await bench.begin(handlers)
            try await eventually("it waits to write again") { bench.clock.sleeperCount == 1 }

            many.open()
            bench.clock.advance(by: .milliseconds(249))
            #expect(try await tidied.progress()?.done == 0)
            #expect(bench.clock.sleeperCount == 1)
            bench.clock.advance(by: .milliseconds(1))

            try await eventually("it has written again") {
                try await tidied.progress()?.done != 0 && bench.clock.sleeperCount == 1
            }
            bench.clock.advance(by: .milliseconds(250))
            try await eventually("the last word is written") {
                try await tidied.progress()?.done == 1000
            }
            end.open()
            _ = try await attempt.value
        }
    }
}

extension TypedBench {
    /// Begins an attempt at the next job, for a worker that nobody watches: its lease is neither
    /// renewed nor settled.
    fileprivate func begin(_ handlers: JobHandlers) async throws -> Task<Disposition, any Error> {
        let lease = try #require(
            try await store.lease(
                LeaseRequest(queue: "default", limit: 1, worker: "w-alone")
            ).first)
        let handler = handlers.handler(for: queue, logger: .silent)
        // Awaited by the test.
        return Task { try await handler(lease, RunningAttempt(lease: lease)) }
    }
}
