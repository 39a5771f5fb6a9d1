import Logging
import SkepQueue
import SkepTestSupport
import Testing

@Suite("An attempt that takes long")
struct WorkerTimeoutTests {
    @Test("When its time is over it is stopped, which is a failure that counts")
    func timesOut() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let id = try await bench.store.enqueue([
                NewJob("slow", timeout: .seconds(5), maxFailures: 1)
            ])[0].id

            try await bench.working { _, context in
                try await stops.untilStopped(context)
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                try await bench.advance(.milliseconds(500), sleepers: 4) {
                    try await bench.states([id]) == [.dead]
                }
                return true
            }

            let failures = try await bench.store.failures(of: id)
            #expect(failures.map(\.failure.kind) == [Failure.timedOut])
            #expect(failures.map(\.isCounted) == [true])
            #expect(await stops.reasons == [.timedOut])
        }
    }

    @Test("One that ends all the same when its time is over has succeeded")
    func mayEndLate() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("late", timeout: .seconds(5))])[0].id

            try await bench.working { _, _ in
                try? await Task.sleep(for: .seconds(600))
                return .settle(.succeeded(result: [1], next: []))
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                try await bench.advance(.milliseconds(500), sleepers: 4) {
                    try await bench.states([id]) == [.succeeded]
                }
                return true
            }

            #expect(try await bench.store.result(of: id) == [1])
        }
    }

    @Test("A wall clock that is turned neither stops it nor takes its lease", arguments: [1, -1])
    func outlivesTurnedClocks(sign: Int) async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let id = try await bench.store.enqueue([NewJob("slow", timeout: .seconds(600))])[0].id

            try await bench.working { _, _ in
                await gate.wait()
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                bench.clock.turnWallClock(by: .seconds(3600 * sign))
                let end = bench.clock.uptime + .seconds(60)
                try await bench.advance(.seconds(2), sleepers: 4) { bench.clock.uptime >= end }
                gate.open()
                return try await bench.becomes(.succeeded, id)
            }

            let job = try await bench.store.job(id)
            #expect(job?.attempt == 1)
            #expect(job?.failures == 0)
        }
    }

    @Test("A handler that ignores that its job is cancelled has done what it says it has")
    func mayIgnoreCancellation() async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let stop = Box<StopReason>()
            let id = try await bench.store.enqueue([NewJob("deaf")])[0].id

            try await bench.working { _, context in
                await gate.wait()
                stop.value = context.stopReason
                return .settle(.succeeded(result: [1], next: []))
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                #expect(try await bench.store.cancel(id) == .requested)
                try await bench.advance(.milliseconds(500), sleepers: 4) {
                    bench.store.count(of: .renew) > 1
                }
                gate.open()
                return try await bench.becomes(.succeeded, id)
            }

            #expect(stop.value == .jobCancelled)
            #expect(try await bench.store.result(of: id) == [1])
        }
    }

    @Test("A handler that doesn't stop keeps its lease, and is complained of ever more rarely")
    func complainsOfThoseThatGoOn() async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let complaint = "A handler was told to stop, and goes on"
            let id = try await bench.store.enqueue([NewJob("deaf", timeout: .seconds(5))])[0].id

            try await bench.working { _, _ in
                await gate.wait()
                throw Unhappy()
            } until: {
                try await bench.eventually("leased") { try await bench.states([id]) == [.leased] }
                let end = bench.clock.uptime + .seconds(90)
                try await bench.advance(.seconds(1), sleepers: 4) { bench.clock.uptime >= end }
                #expect(try await bench.states([id]) == [.leased])
                gate.open()
                return try await bench.becomes(.scheduled, id)
            }

            // After 10, 30 and 70 s, and a second each for looking.
            let lines = bench.log.lines(complaint)
            #expect((2...3).contains(lines.count))
            #expect(lines.allSatisfy { $0.level == .warning && $0.metadata["job.id"] == "\(id)" })
            let failures = try await bench.store.failures(of: id)
            #expect(failures.map(\.failure.kind) == [Failure.timedOut])
        }
    }

    @Test("What doesn't end within the grace is left behind with its lease, and settled if it ends")
    func leavesBehind() async throws {
        try await WorkerBench.with { bench in
            let gate = Gate()
            let meter = Meter()
            let id = try await bench.store.enqueue([NewJob("deaf")])[0].id

            try await bench.working {
                $0.shutdownGrace = .seconds(5)
            } _: { _, _ in
                await meter.enter()
                await gate.wait()
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                // Not only leased: what is told to stop before its handler has begun is released.
                await meter.most == 1
            }

            let lines = bench.log.lines("Left behind an attempt that doesn't end")
            #expect(lines.map(\.level) == [.error], "\(bench.log.everything)")
            #expect(lines.first?.metadata["job.id"] == "\(id)")
            #expect(try await bench.states([id]) == [.leased])
            gate.open()
            #expect(try await bench.becomes(.succeeded, id))
        }
    }

    @Test("A worker whose store hangs stops its handlers in time, and ends after the grace")
    func outlivesHangingStore() async throws {
        try await WorkerBench.with { bench in
            let stops = Stops()
            let gate = Gate()
            _ = try await bench.store.enqueue([NewJob("slow")])

            try await bench.working {
                $0.shutdownGrace = .seconds(5)
            } _: { _, context in
                try await stops.untilStopped(context)
            } until: {
                try await bench.eventually("it runs") { await stops.begun == 1 }
                for call in [FaultyQueueStore.Call.renew, .exchange, .sweep] {
                    bench.store.fail(call, with: [.hanging { await gate.wait() }])
                }
                let end = bench.clock.uptime + .seconds(30)
                try await bench.advance(.milliseconds(500)) { await !stops.reasons.isEmpty }
                #expect(bench.clock.uptime < end)
                return true
            }

            #expect(await stops.reasons == [.leaseLost])
            gate.open()
        }
    }
}
