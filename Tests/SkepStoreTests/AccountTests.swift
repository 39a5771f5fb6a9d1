import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Provider accounts and usage")
struct AccountTests {
    private let account = ProviderAccount(rawValue: "claude-max")

    private func quota(_ until: Timestamp? = nil) -> AgentFailure {
        AgentFailure(
            type: .quota, message: "limit reached",
            evidence: [FailureEvidence(rule: "claude/usage-limit@1", source: "problem", text: "l")],
            resetsAt: until)
    }

    /// Opens a run of its own and has its session end with a verdict.
    private func session(
        _ bench: StoreBench, on issue: Int, _ verdict: AccountVerdict?,
        facts: SessionFacts = SessionFacts(), way: StepSettlement.Way = .close(.chosen, detail: "")
    ) async throws {
        _ = try await bench.store.open(
            NewTrigger(
                issue: IssueReference(repository: .sample, number: issue), agent: "ann",
                cause: .command(id: "\(issue)")), bench.newRun(on: issue), reports: [])
        let (token, _) = try await bench.begin()
        let session = try await bench.store.openSession(
            token, agent: "ann", workspacePath: "/w", base: .sample("0"))
        try await bench.store.settle(
            token,
            as: StepSettlement(
                way,
                session: SessionClosing(id: session.id, ending: "x", outputBytes: 1, facts: facts),
                account: verdict))
    }

    /// Leases the job of a run of its own.
    private func job(_ bench: StoreBench, on issue: Int) async throws -> LeaseToken {
        _ = try await bench.store.open(
            NewTrigger(
                issue: IssueReference(repository: .sample, number: issue), agent: "ann",
                cause: .command(id: "\(issue)")), bench.newRun(on: issue), reports: [])
        return try await bench.lease().token
    }

    @Test("An account waits until its reset time, and nobody gets leave before")
    func waits() async throws {
        try await withStore { bench in
            let until = bench.clock.now + .seconds(3600)
            try await session(bench, on: 1, .fails(account, quota(until)))
            let token = try await job(bench, on: 2)

            let pause = try await bench.store.claim(account, for: token)

            guard case .hold(let hold) = pause else {
                Issue.record("no hold: \(String(describing: pause))")
                return
            }
            #expect(hold.until == until)
            #expect(hold.evidence.map(\.rule) == ["claude/usage-limit@1"])
            #expect(try await bench.store.accountHolds() == [hold])
            #expect(
                try await bench.store.claim(
                    ProviderAccount(rawValue: "other"), for: token) == nil)
        }
    }

    @Test("When its time has come one job tries; when that one is gone, the next")
    func probes() async throws {
        try await withStore { bench in
            try await session(
                bench, on: 1, .fails(account, quota(bench.clock.now + .seconds(3600))))
            func isParked() async throws -> Bool {
                try await bench.store.accountHolds().contains {
                    $0.isInForce(at: bench.clock.now)
                }
            }
            #expect(try await isParked())
            bench.clock.advance(by: .seconds(3600))
            let one = try await job(bench, on: 2)
            let two = try await job(bench, on: 3)

            #expect(try await !isParked())
            #expect(try await bench.store.claim(account, for: one) == nil)
            #expect(try await isParked())
            #expect(try await bench.store.claim(account, for: one) == nil)
            let pause = try await bench.store.claim(account, for: two)
            #expect(try await bench.store.accountHolds().map(AccountPause.hold) == [pause])
            #expect(try await bench.store.accountHolds().first?.triedBy == one.job)

            try await bench.queue.settle(one, as: .released)
            #expect(try await bench.store.claim(account, for: two) == nil)
        }
    }

    @Test("Without a reset time it waits ever longer, up to two hours")
    func unknownReset() async throws {
        try await withStore { bench in
            var waits: [Duration] = []
            for number in 1...7 {
                bench.clock.advance(by: .seconds(1))
                try await session(bench, on: number, .fails(account, quota()))
                let hold = try #require(try await bench.store.accountHolds().first)
                waits.append(hold.until - bench.clock.now)
            }
            #expect(waits == [300, 600, 1200, 2400, 4800, 7200, 7200].map(Duration.seconds))
        }
    }

    @Test("Success of a session that began later clears it; that of an older one doesn't")
    func clears() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let (old, _) = try await bench.begin()
            let older = try await bench.store.openSession(
                old, agent: "ann", workspacePath: "/w", base: .sample("0"))
            bench.clock.advance(by: .seconds(1))
            try await session(bench, on: 1, .fails(account, quota()))
            try await bench.store.settle(
                old,
                as: StepSettlement(
                    .close(.chosen, detail: ""),
                    session: SessionClosing(id: older.id, ending: "x", outputBytes: 0),
                    account: .works(account)))
            #expect(try await bench.store.accountHolds().count == 1)

            bench.clock.advance(by: .seconds(1))
            try await session(bench, on: 2, .works(account))

            #expect(try await bench.store.accountHolds().isEmpty)
        }
    }

    @Test("A person's word lifts it")
    func lifts() async throws {
        try await withStore { bench in
            try await session(
                bench, on: 1, .fails(account, AgentFailure(type: .authentication, message: "no")))
            #expect(
                try await bench.store.accountHolds().first?.until
                    == bench.clock.now + .seconds(7200))

            try await bench.store.lift(account)

            #expect(try await bench.store.accountHolds().isEmpty)
        }
    }

    /// Has jobs of runs of their own wait for the account, which doesn't work.
    private func park(_ bench: StoreBench, on issues: ClosedRange<Int>) async throws
        -> [LeaseToken]
    {
        try await session(bench, on: 1, .fails(account, quota(bench.clock.now + .seconds(3600))))
        var tokens: [LeaseToken] = []
        for issue in issues {
            let token = try await job(bench, on: issue)
            try await bench.store.settle(token, as: StepSettlement(.park(account)))
            tokens.append(token)
        }
        return tokens
    }

    private func state(_ token: LeaseToken, _ bench: StoreBench) async throws -> Job.State? {
        try await bench.queue.job(token.job)?.state
    }

    @Test("What waits for an account says so once, and goes on at once when that is lifted")
    func wakes() async throws {
        try await withStore { bench in
            let tokens = try await park(bench, on: 2...3)
            let waiting = try #require(try await bench.run(2))
            #expect(
                waiting.state
                    == .waiting(
                        reason: "account claude-max is out of quota",
                        until: bench.clock.now + .seconds(3600)))
            #expect(waiting.waitsFor == account)
            #expect(waiting.isParked)
            #expect(
                waiting.advice(nil) == "\"skep agent resume claude-max\" has it tried at once")
            #expect(try await bench.queue.hold(tokens[1].job))

            try await bench.store.lift(account)

            #expect(try await state(tokens[0], bench) == .ready)
            #expect(try await state(tokens[1], bench) == .scheduled)
            #expect(try await bench.run(2)?.isParked == false)
            try await bench.queue.letGo(tokens[1].job)
            #expect(try await state(tokens[1], bench) == .ready)
        }
    }

    @Test("One that was cancelled while it waited, and removed since, keeps none of the others")
    func prunedWhileParked() async throws {
        try await withStore { bench in
            let tokens = try await park(bench, on: 2...3)
            _ = try await bench.queue.cancel(tokens[0].job)
            _ = try await bench.queue.prune(matching: JobFilter(states: [.cancelled]))
            #expect(try await state(tokens[0], bench) == nil)

            try await bench.store.lift(account)

            #expect(try await bench.store.accountHolds().isEmpty)
            #expect(try await state(tokens[1], bench) == .ready)
        }
    }

    @Test("What waits goes on as soon as a session shows that the account works, by use or end")
    func worksAgain() async throws {
        for isUse in [true, false] {
            try await withStore { bench in
                let tokens = try await park(bench, on: 2...3)
                bench.clock.advance(by: .seconds(3600))
                _ = try await bench.queue.sweep()
                let (trying, _) = try await bench.begin()
                #expect(try await bench.store.claim(account, for: trying) == nil)
                let other = try await bench.lease().token
                try await bench.store.settle(other, as: StepSettlement(.park(account)))
                #expect(
                    try await bench.run(3)?.state
                        == .waiting(
                            reason: "account claude-max is out of quota, and tried again now",
                            until: bench.clock.now + AccountHold.trialWait))
                let session = try await bench.store.openSession(
                    trying, agent: "ann", workspacePath: "/w", base: .sample("0"))

                if isUse {
                    try await bench.store.note(
                        Usage(), outputBytes: 0, of: session.id, with: account, by: trying)
                    #expect(try await state(tokens[1], bench) == .scheduled)
                    try await bench.store.note(
                        Usage(input: 1), outputBytes: 0, of: session.id, with: account,
                        by: trying)
                } else {
                    try await bench.store.settle(
                        trying,
                        as: StepSettlement(
                            .close(.chosen, detail: ""),
                            session: SessionClosing(id: session.id, ending: "x", outputBytes: 0),
                            account: .works(account)))
                }

                #expect(try await state(tokens[1], bench) == .ready)
                #expect(try await bench.store.accountHolds().isEmpty)
            }
        }
    }

    @Test("A job that is to wait for an account that was lifted meanwhile is ready again")
    func liftedMeanwhile() async throws {
        try await withStore { bench in
            try await session(
                bench, on: 1, .fails(account, quota(bench.clock.now + .seconds(3600))))
            let token = try await job(bench, on: 2)
            try await bench.store.lift(account)

            try await bench.store.settle(token, as: StepSettlement(.park(account)))

            #expect(try await state(token, bench) == .ready)
        }
    }

    @Test("A job that began again, and waits for something else, isn't woken with the account")
    func waitsForSomethingElse() async throws {
        try await withStore { bench in
            let token = try await park(bench, on: 2...2)[0]
            try await bench.queue.retry(token.job)
            let (again, _) = try await bench.begin()
            let until = bench.clock.now + .seconds(60)
            try await bench.store.settle(
                again, as: StepSettlement(.snooze(until: until, reason: "network trouble")))

            try await bench.store.lift(account)

            #expect(
                try await bench.run(2)?.state == .waiting(reason: "network trouble", until: until))
        }
    }

    @Test("A session's facts are kept, and the next attempt sees them")
    func facts() async throws {
        try await withStore { bench in
            let facts = SessionFacts(
                vendorSession: "v-1", model: "m",
                usage: Usage(
                    input: 10, cachedInput: 4, cacheWrites: 2, output: 5, reasoning: 1,
                    cost: Money(microdollars: 7)),
                failure: quota(),
                sandbox: SandboxReport(level: .workspaceWrite, measures: ["landlock 5"]))
            try await session(
                bench, on: 5, nil, facts: facts,
                way: .snooze(until: bench.clock.now + .seconds(1), reason: "r"))
            bench.clock.advance(by: .seconds(1))
            _ = try await bench.queue.sweep()

            let (_, next) = try await bench.begin()

            #expect(next.openSession == nil)
            #expect(next.lastSession?.facts == facts)
            #expect(
                try await bench.store.history(of: RunID(rawValue: 1)).sessions.map(\.facts)
                    == [facts])
        }
    }

    @Test("Usage is added up by run, by issue and agent, and by day; unknown costs stay unknown")
    func usage() async throws {
        try await withStore { bench in
            let start = bench.clock.now
            func facts(_ input: Int64, _ cost: Int64?) -> SessionFacts {
                SessionFacts(
                    usage: Usage(
                        input: input, output: 1, cost: cost.map(Money.init(microdollars:))))
            }
            try await session(bench, on: 1, nil, facts: facts(10, 100))
            bench.clock.advance(by: .seconds(60))
            try await session(bench, on: 2, nil, facts: facts(20, nil))
            try await session(bench, on: 3, nil)

            func sum(_ scope: UsageScope) async throws -> UsageSum {
                try await bench.store.usage(of: scope)
            }
            let issue = IssueReference(repository: .sample, number: 2)
            let first = try await sum(.run(RunID(rawValue: 1)))
            let second = try await sum(.issue(issue, "ann"))
            let day = try await sum(.period("ann", from: start, to: start + .seconds(86_400)))
            let minute = try await sum(.period("ann", from: start, to: start + .seconds(60)))
            let nothing = try await sum(.issue(issue, "bob"))

            #expect(first.usage.tokens == 11)
            #expect(first.usage.cost == Money(microdollars: 100))
            #expect(second.usage.tokens == 21)
            #expect(second.usage.cost == nil)
            #expect(second.sessionsWithoutCost == 1)
            #expect(day.usage.tokens == 32)
            #expect(day.sessions == 3)
            #expect(day.sessionsWithoutCost == 2)
            #expect(minute.usage.tokens == 11)
            #expect(nothing == UsageSum())
        }
    }

    @Test("A running session counts with what was noted of it last, until it says how it ended")
    func running() async throws {
        try await withStore { bench in
            let token = try await job(bench, on: 1)
            let session = try await bench.store.openSession(
                token, agent: "ann", workspacePath: "/w", base: .sample("0"))
            let day = UsageScope.period(
                "ann", from: bench.clock.now, to: bench.clock.now + .seconds(86_400))
            let noted = Usage(input: 10, cachedInput: 4, output: 2, cost: Money(microdollars: 9))

            try await bench.store.note(
                noted, outputBytes: 4096, of: session.id, with: account, by: token)
            try await bench.store.note(
                nil, outputBytes: 5000, of: session.id, with: account, by: token)

            #expect(try await bench.store.usage(of: day).usage == noted)
            #expect(try await bench.store.usage(of: day).outputBytes == 5000)
            #expect(
                try await bench.store.usage(of: day, besides: session.id, at: nil) == UsageSum())
            #expect(try await bench.store.session(session.id)?.facts.usage == noted)
            let end = SessionFacts(usage: Usage(input: 12, output: 3))
            try await bench.store.settle(
                token,
                as: StepSettlement(
                    .close(.chosen, detail: ""),
                    session: SessionClosing(
                        id: session.id, ending: "x", outputBytes: 6000, facts: end)))
            #expect(try await bench.store.usage(of: day).usage.tokens == 15)
            #expect(try await bench.store.usage(of: day).outputBytes == 6000)
            await #expect(throws: QueueError.self) {
                try await bench.store.note(
                    noted, outputBytes: 1, of: session.id, with: account, by: token)
            }
        }
    }
}
