import Logging
import SkepQueue
import SkepTestSupport
import Testing

@Suite("A queue worker")
struct QueueWorkerTests {
    @Test("It runs what is in its queues, and settles as its handler says")
    func runsJobs() async throws {
        try await WorkerBench.with { bench in
            let ids = try await bench.store.enqueue([
                NewJob("good"), NewJob("bad", maxFailures: 1), NewJob("good", queue: "elsewhere"),
            ]).map(\.id)

            try await bench.working { lease, _ in
                guard lease.job.kind == "good" else { throw Unhappy() }
                return .settle(.succeeded(result: [42], next: [NewJob("good")]))
            } until: {
                try await bench.states(ids) == [.succeeded, .dead, .ready]
            }

            #expect(try await bench.store.result(of: ids[0]) == [42])
            let failures = try await bench.store.failures(of: ids[1])
            #expect(failures.map(\.failure.kind) == [Failure.handlerThrew])
        }
    }

    @Test("It runs as many at once as it has slots, and fills a slot as soon as it is free")
    func keepsToItsSlots() async throws {
        try await WorkerBench.with { bench in
            let meter = Meter()
            let ids = try await bench.store.enqueue(Array(repeating: NewJob("job"), count: 30))
                .map(\.id)

            try await bench.working(slots: 3) { _, _ in
                await meter.enter()
                await Task.yield()
                await meter.leave()
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.states(ids).allSatisfy { $0 == .succeeded }
            }

            #expect(await meter.most <= 3)
        }
    }

    @Test("Its leases are renewed for as long as handlers run, all in one call")
    func renewsLeases() async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let ids = try await bench.store.enqueue([NewJob("slow"), NewJob("slow")]).map(\.id)

            try await bench.working { _, _ in
                await gate.wait()
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.eventually("both leased") {
                    try await bench.states(ids) == [.leased, .leased]
                }
                let end = bench.clock.uptime + .seconds(120)
                try await bench.advance(.seconds(2), sleepers: 4) { bench.clock.uptime >= end }
                #expect(try await bench.states(ids) == [.leased, .leased])
                #expect((10...20).contains(bench.store.count(of: .renew)))
                gate.open()
                try await bench.eventually("both done") {
                    try await bench.states(ids) == [.succeeded, .succeeded]
                }
                return true
            }

            #expect(try await bench.store.job(ids[0])?.attempt == 1)
        }
    }

    @Test("A cancelled job's handler is stopped, and the job ends cancelled")
    func stopsCancelledJobs() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let id = try await bench.store.enqueue([NewJob("slow")])[0].id

            try await bench.working { _, context in
                try await stops.untilStopped(context)
            } until: {
                try await bench.eventually("it runs") { await stops.begun == 1 }
                _ = try await bench.store.cancel(id)
                return try await bench.becomes(.cancelled, id)
            }

            #expect(await stops.reasons == [.jobCancelled])
        }
    }

    @Test("When it stops, handlers are told so, and what isn't settled is released")
    func releasesAtShutdown() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let id = try await bench.store.enqueue([NewJob("slow")])[0].id

            try await bench.working { _, context in
                try await stops.untilStopped(context)
            } until: {
                await stops.begun == 1
            }

            let job = try await bench.store.job(id)
            #expect(await stops.reasons == [.shutdown])
            #expect(job?.state == .ready)
            #expect(job?.failures == 0)
        }
    }

    @Test("What it leases while it stops is released, without its handler having begun")
    func releasesWhatComesTooLate() async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let stops = Stops()
            let id = try await bench.store.enqueue([NewJob("late")])[0].id
            bench.store.fail(.exchange, with: [.hanging { await gate.wait() }])
            let worker = bench.worker { _, context in try await stops.untilStopped(context) }

            // Awaited below.
            let work = Task { try await worker.run() }
            try await bench.eventually("it asks") { bench.store.count(of: .exchange) == 1 }
            work.cancel()
            gate.open()
            try await work.value

            #expect(bench.log.lines("Took lease").count == 1)
            #expect(await stops.begun == 0)
            let job = try await bench.store.job(id)
            #expect(job?.state == .ready)
            #expect(job?.failures == 0)
        }
    }

    @Test("A lease that can't be renewed is given up before it ends")
    func givesUpInTime() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let id = try await bench.store.enqueue([NewJob("slow")])[0].id
            bench.store.fail(.renew, with: Array(repeating: .instead(.gone), count: 1000))

            try await bench.working { _, context in
                try await stops.untilStopped(context)
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                let end = bench.clock.uptime + .seconds(30)
                try await bench.advance(.milliseconds(500), sleepers: 4) {
                    await !stops.reasons.isEmpty
                }
                #expect(bench.clock.uptime < end)
                return true
            }

            #expect(await stops.reasons == [.leaseLost])
        }
    }

    @Test("A settlement that fails is tried again until it is known")
    func triesSettlementsAgain() async throws {
        try await WorkerBench.with { bench in
            let ids = try await bench.store.enqueue([NewJob("a"), NewJob("b")]).map(\.id)
            bench.store.fail(
                .exchange,
                with: [
                    .instead(.gone), .afterwards(.outcomeUnknown(why: "a test")),
                    .instead(.outcomeUnknown(why: "a test")),
                    .afterwards(.outcomeUnknown(why: "a test")),
                ])

            try await bench.working { _, _ in
                .settle(.succeeded(result: [1], next: [NewJob("next", queue: "elsewhere")]))
            } until: {
                try await bench.advance(.milliseconds(50)) {
                    try await bench.states(ids) == [.succeeded, .succeeded]
                }
                return true
            }

            #expect(try await bench.store.jobs(matching: JobFilter(kind: "next")).count == 2)
        }
    }

    @Test("A settlement the store refuses becomes a failure of the job")
    func refusedSettlementFailsTheJob() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job", maxFailures: 1)])[0].id

            try await bench.working { _, _ in
                .settle(.succeeded(result: nil, next: [NewJob("")]))
            } until: {
                try await bench.becomes(.dead, id)
            }

            let failures = try await bench.store.failures(of: id)
            #expect(failures.map(\.failure.kind) == [Failure.settlementRefused])
        }
    }

    @Test("It goes on after the store failed, at its start and later")
    func outlivesStoreFailures() async throws {
        try await WorkerBench.with { bench in
            for call in [FaultyQueueStore.Call.register, .sweep, .exchange] {
                bench.store.fail(call, with: [.instead(.gone), .instead(.gone)])
            }
            let id = try await bench.store.enqueue([NewJob("job")])[0].id

            try await bench.working { _, _ in
                .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.advance(.milliseconds(50)) {
                    try await bench.states([id]) == [.succeeded]
                }
                return true
            }
        }
    }

    @Test("A scheduled job runs at its time, without looking every moment before")
    func runsScheduledJobsInTime() async throws {
        try await WorkerBench.with { bench in
            let due = bench.clock.now + .milliseconds(1700)
            let id = try await bench.store.enqueue([NewJob("job", notBefore: due)])[0].id

            try await bench.working { _, _ in
                .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.eventually("it sleeps") { bench.clock.sleeperCount >= 4 }
                bench.clock.advance(by: .milliseconds(1699))
                #expect(try await bench.states([id]) == [.scheduled])
                bench.clock.advance(by: .milliseconds(1))
                return try await bench.becomes(.succeeded, id)
            }

            #expect(bench.store.count(of: .sweep) < 6)
        }
    }

    @Test("A name that can't be a file's is refused")
    func refusesUnsuitableNames() async throws {
        try await WorkerBench.with { bench in
            let worker = QueueWorker(
                store: bench.store, worker: "../w", configuration: .init(slots: [:]),
                clock: bench.clock, logger: .silent
            ) { _, _ in .settled }

            await #expect(throws: QueueError.self) { try await worker.run() }
        }
    }
}
