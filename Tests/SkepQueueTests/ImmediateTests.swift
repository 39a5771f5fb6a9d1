import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("A queue in immediate mode")
struct ImmediateTests {
    @Test("Delays and retries take no time with a manual clock, and pass on it")
    func skipsWaits() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Count.self) { count, context in
                guard context.job.attempt == count.number else { throw Unhappy() }
                return count.number
            }
            let start = bench.clock.now

            let count = try await bench.immediate(handlers).enqueue(
                Count(number: 3), .init(delay: .seconds(3600)))

            #expect(try await bench.store.job(count.id)?.state == .succeeded)
            #expect(bench.clock.now >= start + .seconds(3600))
        }
    }

    @Test("With the machine's clock, what isn't due yet stays in the queue")
    func leavesWhatIsNotDue() async throws {
        try await TemporaryQueue.with { folder in
            try await folder.withStore { store in
                var handlers = JobHandlers()
                handlers.handle(Count.self) { count, _ in count.number }
                let queue = JobQueue(store: store, immediate: handlers)

                let now = try await queue.enqueue(Count(number: 1))
                let later = try await queue.enqueue(Count(number: 2), .init(delay: .seconds(3600)))

                #expect(try await now.output() == 1)
                #expect(try await store.job(later.id)?.state == .scheduled)
            }
        }
    }

    @Test("Queues of any name are looked after, and jobs without a handler left alone")
    func looksAfterAllQueues() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Count.self) { count, _ in count.number }
            let queue = bench.immediate(handlers)

            let unknown = try await queue.enqueue(Tidy())
            let count = try await queue.enqueue(Count(number: 1), .init(queue: "other"))

            #expect(try await count.output() == 1)
            #expect(try await bench.store.job(unknown.id)?.state.isFinished == false)
        }
    }
}
