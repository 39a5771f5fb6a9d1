import SkepQueue
import SkepTestSupport
import Testing

@Suite("A worker's upkeep")
struct WorkerUpkeepTests {
    @Test("It maintains the store about each minute, and logs once that this fails")
    func maintains() async throws {
        try await WorkerBench.with { bench in
            bench.store.fail(.maintain, with: [.instead(.gone), .instead(.gone)])

            try await bench.working { _, _ in
                .settled
            } until: {
                let end = bench.clock.uptime + .seconds(300)
                try await bench.advance(.seconds(1), sleepers: 4) { bench.clock.uptime >= end }
                return true
            }

            #expect((4...6).contains(bench.store.count(of: .maintain)))
            #expect(bench.log.lines("Can't maintain the queue").count == 1)
        }
    }

    @Test("Each line of an attempt says job, attempt, kind, queue and worker")
    func logsFacts() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job")])[0].id

            try await bench.worker { _, _ in
                .settle(.succeeded(result: nil, next: []))
            }.runUntilIdle()

            for message in ["Took lease", "Settled lease"] {
                let line = try #require(bench.log.lines(message).first)
                let facts = line.metadata.mapValues { "\($0)" }
                #expect(facts["job.id"] == "\(id)")
                #expect(facts["job.attempt"] == "1")
                #expect(facts["job.kind"] == "job")
                #expect(facts["queue"] == "default")
                #expect(facts["worker.id"]?.hasPrefix("w-") == true)
            }
        }
    }

    @Test("A job that is enqueued while it is idle is taken at once, without time passing")
    func wakesAtOnce() async throws {
        try await WorkerBench.with { bench in
            try await bench.working { _, _ in
                .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.eventually("it sleeps") { bench.clock.sleeperCount >= 4 }
                let id = try await bench.store.enqueue([NewJob("job")])[0].id
                return try await bench.becomes(.succeeded, id)
            }
        }
    }

    @Test("It takes only the kinds it knows; others stay for workers that know them")
    func takesKnownKinds() async throws {
        try await WorkerBench.with { bench in
            let ids = try await bench.store.enqueue([
                NewJob("unknown", priority: 9), NewJob("known"), NewJob("unknown"),
            ]).map(\.id)

            let count = try await bench.worker {
                $0.kinds = ["known"]
            } _: { lease, _ in
                .settle(.succeeded(result: nil, next: []))
            }.runUntilIdle()

            #expect(count == 1)
            #expect(try await bench.states(ids) == [.ready, .succeeded, .ready])
        }
    }

    @Test("Never are more attempts begun than slots are free, whatever the store answers")
    func keepsToItsSlotsWhenTheStoreFails() async throws {
        try await WorkerBench.with { bench in
            let meter = Meter()
            let ids = try await bench.store.enqueue(Array(repeating: NewJob("job"), count: 40))
                .map(\.id)
            let faults = (0..<6).flatMap { _ -> [FaultyQueueStore.Fault] in
                [
                    .afterwards(.outcomeUnknown(why: "a test")), .instead(.gone),
                    .instead(.outcomeUnknown(why: "a test")),
                ]
            }
            bench.store.fail(.exchange, with: faults)

            try await bench.working(slots: 4) { _, _ in
                await meter.enter()
                await Task.yield()
                await meter.leave()
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.advance(.milliseconds(50)) {
                    try await bench.states(ids).allSatisfy { $0 == .succeeded }
                }
                return true
            }

            #expect(await meter.most <= 4)
            for id in ids { #expect(try await bench.store.job(id)?.attempt == 1) }
        }
    }
}
