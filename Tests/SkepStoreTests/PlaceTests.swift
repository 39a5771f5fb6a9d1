import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Places of a provider account")
struct PlaceTests {
    private let account = ProviderAccount(rawValue: "claude-max")

    /// Begins the job of a run of its own.
    private func job(_ bench: StoreBench, on issue: Int, priority: Int = 0) async throws
        -> LeaseToken
    {
        _ = try await bench.store.open(
            NewTrigger(
                issue: IssueReference(repository: .sample, number: issue), agent: "ann",
                cause: .command(id: "\(issue)")), bench.newRun(on: issue, priority: priority),
            reports: [])
        return try await bench.begin().0
    }

    private func claim(_ bench: StoreBench, _ token: LeaseToken, of places: Int? = 1) async throws
        -> AccountPause?
    {
        try await bench.store.claim(account, places: places, for: token)
    }

    private func session(_ bench: StoreBench, _ token: LeaseToken) async throws -> SessionRecord {
        try await bench.store.openSession(
            token, agent: "ann", workspacePath: "/w", base: .sample("0"))
    }

    private func end(_ bench: StoreBench, _ token: LeaseToken, _ session: SessionRecord?)
        async throws
    {
        try await bench.store.settle(
            token,
            as: StepSettlement(
                .close(.chosen, detail: ""),
                session: session.map { SessionClosing(id: $0.id, ending: "x", outputBytes: 1) }))
    }

    private func state(_ token: LeaseToken, _ bench: StoreBench) async throws -> Job.State? {
        try await bench.queue.job(token.job)?.state
    }

    @Test("Leave is given once for each place, and again to who has it")
    func leave() async throws {
        try await withStore { bench in
            let one = try await job(bench, on: 1)
            let two = try await job(bench, on: 2)

            #expect(try await claim(bench, one) == nil)
            #expect(try await claim(bench, one) == nil)
            #expect(try await claim(bench, two) == .full(account, places: 1))
            #expect(try await claim(bench, two, of: 2) == nil)
            #expect(try await claim(bench, two, of: nil) == nil)
            #expect(
                try await bench.store.claim(
                    ProviderAccount(rawValue: "other"), places: 1, for: two) == nil)
        }
    }

    @Test("What waits for a place is woken when one is given back, the most urgent first")
    func wakes() async throws {
        try await withStore { bench in
            let one = try await job(bench, on: 1)
            #expect(try await claim(bench, one) == nil)
            let session = try await session(bench, one)
            var waiting: [LeaseToken] = []
            for (issue, priority) in [(2, 0), (3, 5)] {
                let token = try await job(bench, on: issue, priority: priority)
                try await bench.store.settle(token, as: StepSettlement(.park(account, places: 1)))
                waiting.append(token)
            }
            #expect(
                try await bench.run(2)?.state
                    == .waiting(
                        reason: "account claude-max has 1 of 1 sessions",
                        until: bench.clock.now + AccountPause.longestWait))
            #expect(
                try await bench.run(2)?.advice(nil) == "\"skep run resume 2\" has it tried at once")

            try await end(bench, one, session)

            #expect(try await state(waiting[0], bench) == .scheduled)
            #expect(try await state(waiting[1], bench) == .ready)
            let (next, _) = try await bench.begin()
            #expect(next.job == waiting[1].job)
            #expect(try await claim(bench, next) == nil)
        }
    }

    @Test("A job that is to wait while a place was given back is ready again")
    func freeMeanwhile() async throws {
        try await withStore { bench in
            let one = try await job(bench, on: 1)
            let two = try await job(bench, on: 2)
            #expect(try await claim(bench, one) == nil)
            #expect(try await claim(bench, two) != nil)
            try await end(bench, one, nil)

            try await bench.store.settle(two, as: StepSettlement(.park(account, places: 1)))

            #expect(try await state(two, bench) == .ready)
        }
    }

    @Test("A dead worker's session keeps its place until it is settled; leave without one doesn't")
    func death() async throws {
        for hasSession in [true, false] {
            try await withStore { bench in
                let dead = try await job(bench, on: 1)
                #expect(try await claim(bench, dead) == nil)
                let open = hasSession ? try await session(bench, dead) : nil
                try await bench.die()
                let (again, step) = try await bench.begin()
                #expect(again.job == dead.job)
                #expect(step.openSession?.id == open?.id)
                let other = try await job(bench, on: 2)

                #expect((try await claim(bench, other) != nil) == hasSession)

                try await end(bench, again, open)
                #expect(try await claim(bench, other) == nil)
            }
        }
    }

    @Test("A session left to its host keeps its place while nobody leads it")
    func detached() async throws {
        try await withStore { bench in
            let one = try await job(bench, on: 1)
            #expect(try await claim(bench, one) == nil)
            let session = try await session(bench, one)
            try await bench.store.settle(one, as: StepSettlement(.release))
            #expect(try await bench.queue.hold(one.job))
            let two = try await job(bench, on: 2)
            #expect(try await claim(bench, two) == .full(account, places: 1))
            try await bench.store.settle(two, as: StepSettlement(.park(account, places: 1)))

            _ = try await bench.store.cancel(RunID(rawValue: 1), reason: "no more")
            try await bench.store.closeAbandonedSession(session.id, ending: "stopped")

            #expect(try await state(two, bench) == .ready)
        }
    }

    @Test("The lengths of sessions are added up, those that run included")
    func time() async throws {
        try await withStore { bench in
            let one = try await job(bench, on: 1)
            let first = try await session(bench, one)
            bench.clock.advance(by: .seconds(60))
            let ended = bench.clock.now
            bench.clock.advance(by: .seconds(3600))
            try await bench.store.settle(
                one,
                as: StepSettlement(
                    .close(.chosen, detail: ""),
                    session: SessionClosing(
                        id: first.id, ending: "x", endedAt: ended, outputBytes: 1)))
            let two = try await job(bench, on: 2)
            let second = try await session(bench, two)
            bench.clock.advance(by: .seconds(30))
            let day = UsageScope.period(
                "ann", from: ended, to: bench.clock.now + .seconds(86_400))

            func time(besides session: SessionID?) async throws -> Duration {
                try await bench.store.usage(of: day, besides: session, at: bench.clock.now).time
            }

            #expect(try await time(besides: nil) == .seconds(90))
            #expect(try await time(besides: second.id) == .seconds(60))
        }
    }
}
