import Logging
import SkepQueue
import SkepQueueSQLite
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

    @Test("Maintenance that isn't finished goes on a second later")
    func goesOnMaintaining() async throws {
        try await TemporaryQueue.with { folder in
            let clock = ManualClock()
            try await folder.withStore(clock: clock) { store in
                let count = 10_500
                // As many as one call of `maintain` doesn't remove.
                try await store.write { transaction in
                    for number in 0..<count {
                        try transaction.send(EventKey("event-\(number)"), payload: [])
                    }
                }
                clock.advance(by: .seconds(31 * 86_400))
                let bench = WorkerBench(store: FaultyQueueStore(store), clock: clock)

                try await bench.working { _, _ in
                    .settled
                } until: {
                    try await bench.advance(.milliseconds(100), sleepers: 4) {
                        bench.store.count(of: .maintain) == 1
                    }
                    let first = clock.uptime
                    try await bench.advance(.milliseconds(100), sleepers: 4) {
                        bench.store.count(of: .maintain) == 2
                    }
                    #expect(clock.uptime - first < .seconds(3))
                    let second = clock.uptime
                    try await bench.advance(.milliseconds(500), sleepers: 4) {
                        bench.store.count(of: .maintain) == 3
                    }
                    #expect(clock.uptime - second > .seconds(30))
                    return true
                }

                #expect(try await store.event(EventKey("event-\(count - 1)")) == nil)
            }
        }
    }

    @Test("Each line of an attempt says job, attempt, kind, queue and worker")
    func logsFacts() async throws {
        try await WorkerBench.with { bench in
            let queue = JobQueue(store: bench.store, clock: bench.clock)
            let id = try await queue.enqueue(Tidy(), .init(maxFailures: 1)).id
            var handlers = JobHandlers()
            handlers.handle(Tidy.self) { _, context in
                context.logger.info("Tidying")
                throw Unhappy()
            }

            try await queue.worker(
                handlers, .init(slots: ["default": 1]), logger: bench.log.logger
            ).runUntilIdle()

            for message in ["Took lease", "Tidying", "Settled lease"] {
                let line = try #require(bench.log.lines(message).first)
                let facts = line.metadata.mapValues { "\($0)" }
                #expect(facts["job.id"] == "\(id)")
                #expect(facts["job.attempt"] == "1")
                #expect(facts["job.kind"] == "tidy")
                #expect(facts["queue"] == "default")
                #expect(facts["worker.id"]?.hasPrefix("w-") == true)
            }
        }
    }

    @Test("A job of a kind that no worker knows is kept, and whoever asks is told why it waits")
    func tellsOfUnknownKinds() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("unknown")])[0].id
            #expect(try await bench.store.obstacles(of: id) == [.noWorker("default")])

            try await bench.working {
                $0.kinds = ["known"]
            } _: { _, _ in
                .settled
            } until: {
                try await bench.eventually("it is known that nobody knows the kind") {
                    try await bench.store.obstacles(of: id) == [.unknownKind("unknown")]
                }
                let status = try await bench.store.status().first
                #expect(status?.readyByKind == ["unknown": 1])
                return true
            }

            #expect(try await bench.store.job(id)?.attempt == 0)
        }
    }

    @Test(
        "Jobs that a rate keeps back begin when it lets them, not when it looks by itself",
        arguments: [(1, false), (8, false), (1, true)])
    func keepsPaceWithRates(slots: Int, storeFails: Bool) async throws {
        try await WorkerBench.with { bench in
            try await bench.store.setRate(RateLimit(1, per: .seconds(1)), of: "default")
            let ids = try await bench.store.enqueue(Array(repeating: NewJob("job"), count: 4))
                .map(\.id)
            let start = bench.clock.uptime

            try await bench.working(slots: slots) {
                $0.pollInterval = .seconds(600)
            } _: { _, _ in
                if storeFails { bench.store.fail(.exchange, with: [.instead(.gone)]) }
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.advance(.milliseconds(50), sleepers: 4) {
                    try await bench.states(ids).allSatisfy { $0 == .succeeded }
                }
                return true
            }

            #expect(bench.clock.uptime - start < .seconds(60))
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
