import SkepQueue
import SkepTestSupport
import Testing

@Suite("A scheduler", .timeLimit(.minutes(5)))
struct SchedulerTests {
    @Test("It sleeps until the next tick, and looks twice a minute all the same")
    func sleepsUntilDue() async throws {
        try await withScheduler { bench, clock, store in
            let due = clock.now + .seconds(70)
            try await set(.once(due), store)

            try await bench.sleeps()
            clock.advance(by: .seconds(30))
            try await bench.sleeps()
            clock.advance(by: .seconds(30))
            try await bench.sleeps()
            clock.advance(by: .milliseconds(9_999))
            #expect(try await store.jobs(matching: JobFilter()) == [])
            clock.advance(by: .milliseconds(1))

            try await bench.queued(1)
            #expect(store.count(of: .tick) < 8)
        }
    }

    @Test("A clock that is set forward is noticed within half a minute")
    func noticesTheClock() async throws {
        try await withScheduler { bench, clock, store in
            try await set(.once(clock.now + .seconds(8 * 3600)), store)
            try await bench.sleeps()

            clock.turnWallClock(by: .seconds(8 * 3600))
            clock.advance(by: .seconds(30))

            try await bench.queued(1)
        }
    }

    @Test("It goes on after the store failed, and after an answer that was lost")
    func outlivesFailures() async throws {
        try await withScheduler { bench, clock, store in
            try await bench.sleeps()
            store.fail(
                .tick,
                with: [
                    .instead(.gone), .instead(.gone), .afterwards(.outcomeUnknown(why: "a test")),
                ])
            let start = clock.now
            try await set(.every(.seconds(100), since: start + .seconds(100)), store)

            try await eventually("time passes") {
                if clock.sleeperCount > 0 { clock.advance(by: .seconds(5)) }
                return clock.now >= start + .seconds(400)
            }

            try await bench.queued(4)
            let ticks = try await store.ticks(of: "s", limit: 9).map(\.nominalAt)
            #expect(ticks == [400, 300, 200, 100].map { start + .seconds($0) })
        }
    }

    private func set(_ timing: ScheduleTiming, _ store: FaultyQueueStore) async throws {
        try await store.setSchedules(
            [Schedule("s", timing, kind: "k", missed: .runAll(limit: 9), overlap: .allow)],
            of: "test")
    }

    /// Runs a scheduler beside `body`, and stops it.
    private func withScheduler(
        _ body: (SchedulerBench, ManualClock, FaultyQueueStore) async throws -> Void
    ) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                let faulty = FaultyQueueStore(store)
                let scheduler = Scheduler(store: faulty, clock: clock, logger: .silent)
                // Awaited below.
                let work = Task { await scheduler.run() }
                let bench = SchedulerBench(clock: clock, store: faulty)
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body(bench, clock, faulty))
                } catch {
                    result = .failure(error)
                }
                work.cancel()
                await work.value
                try result.get()
            }
        }
    }
}

private struct SchedulerBench {
    let clock: ManualClock
    let store: FaultyQueueStore

    func sleeps() async throws {
        try await eventually("it sleeps", within: .seconds(120)) { clock.sleeperCount == 1 }
    }

    func queued(_ count: Int) async throws {
        try await eventually("\(count) jobs are queued", within: .seconds(120)) {
            try await store.jobs(matching: JobFilter()).count == count
        }
    }
}
