import SkepQueue
import SkepTestSupport
import Testing

@Suite("Running until idle")
struct RunUntilIdleTests {
    @Test("What is ready runs one by one, the most urgent first, and what becomes ready by that")
    func runsInOrder() async throws {
        try await WorkerBench.with { bench in
            _ = try await bench.store.enqueue([
                NewJob("second"), NewJob("first", priority: 9),
                NewJob("later", notBefore: bench.clock.now + .seconds(1)),
            ])
            let kinds = Box<[JobKind]>()
            kinds.value = []

            let count = try await bench.worker { lease, _ in
                kinds.value = (kinds.value ?? []) + [lease.job.kind]
                let next = lease.job.kind == "first" ? [NewJob("third")] : []
                return .settle(.succeeded(result: nil, next: next))
            }.runUntilIdle()

            #expect(count == 3)
            #expect(kinds.value == ["first", "second", "third"])
            #expect(bench.clock.sleeperCount == 0)
        }
    }

    @Test("All of its queues are worked off, also when they fill each other")
    func worksOffAllQueues() async throws {
        try await WorkerBench.with { bench in
            _ = try await bench.store.enqueue([NewJob("job", queue: "b", payload: [3])])

            let count = try await bench.worker {
                $0.slots = ["a": 1, "b": 1, "off": 0]
            } _: {
                lease, _ in
                let left = lease.job.payload[0]
                let next = NewJob(
                    "job", queue: lease.job.queue == "a" ? "b" : "a", payload: [left &- 1])
                return .settle(.succeeded(result: nil, next: left > 0 ? [next] : []))
            }.runUntilIdle()

            #expect(count == 4)
        }
    }

    @Test("A failing job is tried until it waits, and a store that fails is an error")
    func reportsStoreFailures() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job")])[0].id
            let worker = bench.worker { _, _ in throw Unhappy() }

            bench.store.fail(.exchange, with: [.instead(.gone)])
            await #expect(throws: QueueError.self) { try await worker.runUntilIdle() }
            let count = try await worker.runUntilIdle()

            #expect(count == 1)
            #expect(try await bench.states([id]) == [.scheduled])
        }
    }

    @Test("When it is cancelled, the handler is, and its job is released")
    func cancels() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let id = try await bench.store.enqueue([NewJob("slow")])[0].id
            let worker = bench.worker { _, context in try await stops.untilStopped(context) }

            let work = Task { try await worker.runUntilIdle() }
            try await bench.eventually("it runs") { await stops.begun == 1 }
            work.cancel()

            #expect(try await work.value == 1)
            #expect(await stops.reasons == [.shutdown])
            #expect(try await bench.states([id]) == [.ready])
        }
    }
}
