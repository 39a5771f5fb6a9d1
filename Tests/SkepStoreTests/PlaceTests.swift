import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Places of a provider account")
struct PlaceTests {
    private let account = ProviderAccount(rawValue: "claude-max")

    /// A store whose account may have so many sessions at once.
    private func withPlaces(_ places: Int?, _ body: (StoreBench) async throws -> Void) async throws
    {
        try await withStore { bench in
            try await set(places, bench)
            try await body(bench)
        }
    }

    private func set(_ places: Int?, _ bench: StoreBench) async throws {
        try await bench.store.setPlaces(
            places.map { [account: $0] } ?? [:], of: ["ann": account, "bob": account])
    }

    /// Begins the job of a run of its own.
    private func job(
        _ bench: StoreBench, on issue: Int, by agent: AgentName = "ann", priority: Int = 0
    ) async throws -> LeaseToken {
        try await bench.openRun(by: agent, on: issue, priority: priority)
        return try await bench.begin().0
    }

    private func claim(_ bench: StoreBench, _ token: LeaseToken) async throws -> AccountPause? {
        try await bench.store.claim(account, for: token)
    }

    /// Has the job of a run of its own wait for a place.
    private func waiter(
        _ bench: StoreBench, on issue: Int, by agent: AgentName = "ann", priority: Int = 0
    ) async throws -> JobID {
        let token = try await job(bench, on: issue, by: agent, priority: priority)
        #expect(try await claim(bench, token) != nil)
        try await bench.store.settle(token, as: StepSettlement(.park(account)))
        #expect(try await state(token.job, bench) == .scheduled)
        return token.job
    }

    /// Has the job of a run of its own take a place, and start a session.
    private func holder(_ bench: StoreBench, on issue: Int) async throws -> (
        LeaseToken, SessionRecord
    ) {
        let token = try await job(bench, on: issue)
        #expect(try await claim(bench, token) == nil)
        return (token, try await session(bench, token))
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

    private func state(_ job: JobID, _ bench: StoreBench) async throws -> Job.State? {
        try await bench.queue.job(job)?.state
    }

    private func sessions(_ bench: StoreBench) async throws -> [Int64] {
        try await bench.store.use(of: account).runs.map(\.rawValue)
    }

    @Test("Leave is given once for each place, and again to who has it")
    func leave() async throws {
        try await withPlaces(1) { bench in
            let one = try await job(bench, on: 1)
            let two = try await job(bench, on: 2)

            #expect(try await claim(bench, one) == nil)
            #expect(try await claim(bench, one) == nil)
            #expect(try await claim(bench, two) == .full(account, sessions: 1, places: 1))
            try await set(2, bench)
            #expect(try await claim(bench, two) == nil)
            let three = try await job(bench, on: 3)
            #expect(try await claim(bench, three) == .full(account, sessions: 2, places: 2))
            #expect(
                try await bench.store.claim(ProviderAccount(rawValue: "other"), for: three) == nil)
            #expect(try await sessions(bench) == [1, 2])
        }
    }

    @Test("What waits for a place is woken when one is given back, the most urgent first")
    func wakes() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let two = try await waiter(bench, on: 2)
            let three = try await waiter(bench, on: 3, priority: 5)
            #expect(
                try await bench.run(2)?.state
                    == .waiting(reason: "account claude-max has 1 of 1 sessions", until: nil))
            #expect(try await bench.run(2)?.advice(nil) == nil)

            try await end(bench, one, session)

            #expect(try await state(two, bench) == .scheduled)
            #expect(try await state(three, bench) == .ready)
            let (next, _) = try await bench.begin()
            #expect(next.job == three)
            #expect(try await claim(bench, next) == nil)
            #expect(try await sessions(bench) == [3])
        }
    }

    @Test("One of each agent is woken, since the first may have to wait for its own agent")
    func wakesEachAgent() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let waiting = [
                try await waiter(bench, on: 2), try await waiter(bench, on: 3),
                try await waiter(bench, on: 4, by: "bob"),
            ]

            try await end(bench, one, session)

            var states: [Job.State?] = []
            for job in waiting { states.append(try await state(job, bench)) }
            #expect(states == [.ready, .scheduled, .ready])
        }
    }

    enum Loss: CaseIterable {
        case held, cancelled, retriedAndHeld, leasedAndReleased, leasedAndDead, leasedAndGivenUp
    }

    @Test(
        "What is woken and then doesn't take the place leaves it to the next",
        arguments: Loss.allCases)
    func passesOn(_ loss: Loss) async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let two = try await waiter(bench, on: 2, priority: 5)
            let three = try await waiter(bench, on: 3)
            if loss == .retriedAndHeld { try await bench.queue.retry(two) }
            try await end(bench, one, session)
            #expect(try await state(two, bench) == .ready)
            #expect(try await state(three, bench) == .scheduled)

            switch loss {
            case .held, .retriedAndHeld: _ = try await bench.queue.hold(two)
            case .cancelled: _ = try await bench.queue.cancel(two)
            case .leasedAndReleased:
                let (token, _) = try await bench.begin()
                _ = try await bench.queue.hold(two)
                try await bench.store.settle(token, as: StepSettlement(.release))
            case .leasedAndDead:
                let (token, _) = try await bench.begin()
                #expect(try await claim(bench, token) == nil)
                _ = try await bench.queue.hold(two)
                bench.clock.advance(by: .seconds(31))
                _ = try await bench.queue.sweep()
            case .leasedAndGivenUp:
                let (token, _) = try await bench.begin()
                #expect(try await claim(bench, token) == nil)
                try await bench.store.settle(
                    token, as: StepSettlement(.fail(Failure(kind: "x", message: "x"))))
            }

            #expect(try await state(three, bench) == .ready)
            let (token, _) = try await bench.begin()
            #expect(token.job == three)
            #expect(try await claim(bench, token) == nil)
            #expect(try await sessions(bench) == [3])
        }
    }

    @Test("A waiting job that is held goes on at once when it is let go and there is a place")
    func letGo() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let two = try await waiter(bench, on: 2)
            _ = try await bench.queue.hold(two)
            try await end(bench, one, session)
            #expect(try await state(two, bench) == .scheduled)

            _ = try await bench.queue.letGo(two)

            #expect(try await state(two, bench) == .ready)
        }
    }

    @Test("A waiting job that was cancelled and removed keeps nobody, and wakes nobody")
    func pruned() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let two = try await waiter(bench, on: 2, priority: 5)
            let three = try await waiter(bench, on: 3)
            _ = try await bench.queue.cancel(two)
            _ = try await bench.queue.prune(matching: JobFilter(states: [.cancelled]))
            #expect(try await state(three, bench) == .scheduled)

            try await end(bench, one, session)

            #expect(try await state(three, bench) == .ready)
        }
    }

    @Test("A job that is to wait while a place was given back is ready again")
    func freeMeanwhile() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            let two = try await job(bench, on: 2)
            #expect(try await claim(bench, two) != nil)
            try await end(bench, one, session)

            try await bench.store.settle(two, as: StepSettlement(.park(account)))

            #expect(try await state(two.job, bench) == .ready)
        }
    }

    @Test("A dead worker's session keeps its place until it is settled; leave without one doesn't")
    func death() async throws {
        for hasSession in [true, false] {
            try await withPlaces(1) { bench in
                let dead = try await job(bench, on: 1)
                #expect(try await claim(bench, dead) == nil)
                let open = hasSession ? try await session(bench, dead) : nil
                let two = try await waiter(bench, on: 2)

                bench.clock.advance(by: .seconds(31))
                _ = try await bench.queue.sweep()

                #expect(try await state(two, bench) == (hasSession ? .scheduled : .ready))
                let (again, step) = try await bench.begin()
                #expect(again.job == dead.job)
                #expect(step.openSession?.id == open?.id)
                try await end(bench, again, open)
                #expect(try await state(two, bench) == .ready)
                let (next, _) = try await bench.begin()
                #expect(try await claim(bench, next) == nil)
            }
        }
    }

    @Test(
        "A session left to its host keeps its place while nobody leads it, its job removed or not")
    func detached() async throws {
        for isRemoved in [false, true] {
            try await withPlaces(1) { bench in
                let (one, session) = try await holder(bench, on: 1)
                try await bench.store.settle(one, as: StepSettlement(.release))
                #expect(try await bench.queue.hold(one.job))
                let two = try await waiter(bench, on: 2)
                _ = try await bench.store.cancel(RunID(rawValue: 1), reason: "no more")
                if isRemoved {
                    _ = try await bench.queue.prune(matching: JobFilter(states: [.cancelled]))
                }
                #expect(try await state(two, bench) == .scheduled)

                try await bench.store.closeAbandonedSession(session.id, ending: "stopped")

                #expect(try await state(two, bench) == .ready)
            }
        }
    }

    @Test("Those that wait go on where more places are allowed, or any number")
    func morePlaces() async throws {
        for places in [3, nil] {
            try await withPlaces(1) { bench in
                _ = try await holder(bench, on: 1)
                let waiting = [
                    try await waiter(bench, on: 2), try await waiter(bench, on: 3),
                    try await waiter(bench, on: 4),
                ]

                try await set(places, bench)

                var states: [Job.State?] = []
                for job in waiting { states.append(try await state(job, bench)) }
                #expect(states == [.ready, .ready, places == nil ? .ready : .scheduled])
            }
        }
    }

    @Test(
        "When a parked account works again, as many go on as have a place, the others as they come")
    func parkedAndFull() async throws {
        try await withPlaces(1) { bench in
            let (one, session) = try await holder(bench, on: 1)
            try await bench.store.settle(
                one,
                as: StepSettlement(
                    .park(account),
                    session: SessionClosing(id: session.id, ending: "x", outputBytes: 1),
                    account: .fails(account, AgentFailure(type: .quota, message: "limit"))))
            let two = try await waiter(bench, on: 2)

            try await bench.store.lift(account)

            #expect(try await state(one.job, bench) == .ready)
            #expect(try await state(two, bench) == .scheduled)
            let (again, _) = try await bench.begin()
            #expect(try await claim(bench, again) == nil)
            #expect(
                try await bench.run(2)?.state
                    == .waiting(reason: "account claude-max has 1 of 1 sessions", until: nil))
            try await end(bench, again, nil)
            #expect(try await state(two, bench) == .ready)
        }
    }

    @Test("A job that tries a parked account and gives up leaves that to the next at once")
    func nextTry() async throws {
        try await withPlaces(nil) { bench in
            let (one, session) = try await holder(bench, on: 1)
            try await bench.store.settle(
                one,
                as: StepSettlement(
                    .park(account),
                    session: SessionClosing(id: session.id, ending: "x", outputBytes: 1),
                    account: .fails(account, AgentFailure(type: .quota, message: "limit"))))
            bench.clock.advance(by: .seconds(7200))
            _ = try await bench.queue.sweep()
            let (trying, _) = try await bench.begin()
            #expect(try await claim(bench, trying) == nil)
            let two = try await waiter(bench, on: 2)

            _ = try await bench.queue.cancel(trying.job)
            try await bench.store.settle(trying, as: StepSettlement(.cancel))

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
