import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Budgets")
struct BudgetTests {
    private func scope(
        _ kind: BudgetScope.Kind, _ budget: Budget, used: Int64 = 0, time: Duration = .zero,
        renewsAt: Timestamp? = nil
    ) -> BudgetScope {
        BudgetScope(
            kind: kind, budget: budget, used: UsageSum(usage: Usage(input: used), time: time),
            renewsAt: renewsAt)
    }

    private func agent(_ budgets: Budgets = Budgets()) -> AgentDefinition {
        AgentDefinition(
            name: "ann", adapter: "scripted", budgets: budgets,
            location: SettingsLocation(source: "test"))
    }

    @Test("A budget warns once at its share, and ends the session when it is used up")
    func warnsAndStops() async {
        var watch = BudgetWatch(
            agent(), [scope(.run, Budget(tokens: 1000), used: 700)], prices: PriceTable())
        var warnings: [String] = []
        var failures: [AgentFailure?] = []
        for input in [50, 120, 150, 300] as [Int64] {
            failures.append(
                await watch.take(.usage(Usage(input: input))) { warnings.append($0) })
        }

        #expect(
            warnings == ["agent ann has used 82 % of the budget for a run (1,000 tokens)"])
        #expect(failures.map { $0?.type } == [nil, nil, nil, .budget])
        #expect(failures.last??.evidence.first?.rule == "budget/run@1")
    }

    @Test("Of its own limits a warning names the file's key, and none comes too late")
    func ownLimits() async {
        let agent = AgentDefinition(
            name: "ann", adapter: "scripted", limits: SessionLimits(time: .seconds(5)),
            location: SettingsLocation(source: "test"))
        var watch = BudgetWatch(agent, [], prices: PriceTable())
        var warnings: [String] = []
        for milliseconds in [4200, 5200] {
            _ = await watch.look(after: .milliseconds(milliseconds), printed: 64 << 20) {
                warnings.append($0)
            }
        }

        #expect(warnings == ["agent ann has used 84 % of its time (limits.seconds)"])
        let scope = scope(.run, Budget(tokens: 1), used: 1, time: .seconds(60))
        #expect(scope.words == "the budget for a run (1 token)")
        #expect(
            scope.failure(of: "ann", with: UsageSum(usage: Usage(input: 1099))).message
                == "agent ann has used 1,100 tokens of the budget for a run (1 token)")
    }

    @Test("Money counts by the agent's figure, else by the price of its model")
    func money() async {
        let price = PriceTable.Price(
            input: Money(microdollars: 3_000_000), output: Money(microdollars: 15_000_000))
        let budget = scope(.issue, Budget(money: Money(microdollars: 3_000_000)))
        var priced = BudgetWatch(agent(), [budget], prices: PriceTable(["m": price]))
        var told = priced

        _ = await priced.take(.began(SessionStart(model: "x/m-20260101"))) { _ in }
        let byPrice = await priced.take(.usage(Usage(input: 1_000_000))) { _ in }
        let byAgent = await told.take(
            .usage(Usage(input: 1_000_000, cost: Money(microdollars: 5)))
        ) { _ in }

        #expect(byPrice?.type == .budget)
        #expect(byAgent == nil)
    }

    @Test("A budget of money says once that it doesn't hold what has no price")
    func unknownCost() async {
        let dollar = Money(microdollars: 1_000_000)
        let scopes = [scope(.run, Budget(money: dollar)), scope(.day, Budget(money: dollar))]
        var watch = BudgetWatch(agent(), scopes, prices: PriceTable())
        var unlimited = BudgetWatch(agent(), [scope(.run, Budget(tokens: 9))], prices: PriceTable())
        var warnings: [String] = []

        _ = await watch.take(.began(SessionStart(model: "own/m"))) { warnings.append($0) }
        for tokens in [0, 1, 2] as [Int64] {
            _ = await watch.take(.usage(Usage(input: tokens))) { warnings.append($0) }
        }
        _ = await unlimited.take(.usage(Usage(input: 1))) { warnings.append($0) }

        #expect(
            warnings == [
                "agent ann isn't held to $1.00 for a run and $1.00 for a day: it hasn't told its cost, "
                    + "and model \"own/m\" has no price in prices.yaml; a budget of tokens holds it"
            ])
    }

    @Test("A cost that was told covers the turns that have ended; the present one has its price")
    func priceOfPresentTurn() async {
        let price = PriceTable.Price(
            input: Money(microdollars: 3_000_000), output: Money(microdollars: 15_000_000))
        var watch = BudgetWatch(agent(), [], prices: PriceTable(["m": price]))
        var costs: [Int64?] = []

        _ = await watch.take(.began(SessionStart(model: "m"))) { _ in }
        for (tokens, cost) in [
            (100_000, nil), (200_000, 500_000), (300_000, 500_000), (400_000, 500_000),
            (400_000, 900_000),
        ] as [(Int64, Int64?)] {
            let cost = cost.map { Money(microdollars: $0) }
            _ = await watch.take(.usage(Usage(input: tokens, cost: cost))) { _ in }
            costs.append(watch.meter.usage.cost?.microdollars)
        }

        #expect(costs == [300_000, 500_000, 800_000, 1_100_000, 900_000])
    }

    @Test("An agent that says that it costs nothing is believed")
    func costsNothing() async {
        let price = PriceTable.Price(
            input: Money(microdollars: 3_000_000), output: Money(microdollars: 15_000_000))
        var watch = BudgetWatch(agent(), [], prices: PriceTable(["m": price]))

        _ = await watch.take(.began(SessionStart(model: "m"))) { _ in }
        for tokens in [1000, 2000] as [Int64] {
            _ = await watch.take(.usage(Usage(input: tokens, cost: .zero))) { _ in }
        }

        #expect(watch.meter.usage.cost == .zero)
    }

    @Test("A model that isn't known has no price; caches have prices of their own")
    func prices() {
        let table = PriceTable([
            "claude-x": PriceTable.Price(
                input: Money(microdollars: 2_000_000), cachedInput: Money(microdollars: 200_000),
                output: Money(microdollars: 10_000_000))
        ])
        let usage = Usage(input: 1_000_000, cachedInput: 500_000, output: 100_000)

        #expect(table.cost(of: usage, model: "claude-x")?.microdollars == 2_100_000)
        #expect(
            table.cost(of: usage, model: "anthropic/claude-x-20260101")?.microdollars == 2_100_000)
        #expect(table.cost(of: usage, model: "claude-x-mini") == nil)
        #expect(table.cost(of: usage, model: nil) == nil)
    }

    @Test("A session that uses up its run's budget is stopped, and the run ends with a report")
    func stopsTheRun() async throws {
        try await Swarm.with(budgets: Budgets(run: Budget(tokens: 100))) { swarm in
            swarm.agents[0].tell([.usage(Usage(input: 90)), .usage(Usage(input: 200))])
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(swarm.agents[0].snapshot.stopped.count == 1)
            let warning = try await swarm.store.lastEvents([.trouble], limit: 10).first {
                $0.text == "agent ann has used 90 % of the budget for a run (100 tokens)"
            }
            #expect(warning?.run == run)
            let report = try await swarm.store.history(of: run).reports.last?.body
            #expect(report?.contains("budget used up") == true)
            #expect(
                report?.contains(
                    "What it had done is kept: commit \(CommitID.sample("a").short) "
                        + "(refs/skep/run-\(run)/attempt-1); `skep branch diff \(run)` shows it")
                    == true)
        }
    }

    @Test("A running session's row has what it told last of its use, and how it is confined")
    func factsWhileItRuns() async throws {
        try await Swarm.with(endings: []) { swarm in
            let sandbox = SandboxReport(level: .workspaceWrite, measures: ["landlock 7"])
            swarm.agents[0].begin([
                .sandbox(sandbox), .usage(Usage(input: 60)), .usage(Usage(input: 90)),
            ])
            _ = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                try await eventually("the newest is noted") {
                    swarm.clock.advance(by: .milliseconds(100))
                    let facts = try await swarm.store.openSessions().first?.facts
                    return facts?.usage?.input == 90 && facts?.sandbox == sandbox
                }
            }
        }
    }

    @Test("What a running session has used counts for the others that share its budget")
    func together() async throws {
        try await Swarm.with(budgets: Budgets(day: Budget(tokens: 100))) { swarm in
            swarm.agents[0].begin([.usage(Usage(input: 60))])
            _ = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                let day = LocalTime.machine.day(around: swarm.clock.now)
                let scope = UsageScope.period("ann", from: day.start, to: day.end)
                try await eventually("its usage is noted") {
                    try await swarm.store.usage(of: scope).usage.tokens == 60
                }
                swarm.agents[0].tell([.usage(Usage(input: 30)), .usage(Usage(input: 50))])

                let other = try await swarm.dispatch(swarm.tracker.put(6))

                try await eventually("the other one was stopped") {
                    swarm.clock.advance(by: .milliseconds(10))
                    return try await swarm.store.history(of: other).attempts.last?.outcome
                        == "snoozed"
                }
                let last = try await swarm.store.history(of: other).sessions.last
                #expect(last?.facts.failure?.type == .budget)
                #expect(last?.facts.usage?.tokens == 30)
                #expect(swarm.agents[0].snapshot.running.count == 1)
            }
        }
    }

    @Test("What an adopted session told before isn't counted twice")
    func adopted() async throws {
        try await Swarm.with(budgets: Budgets(run: Budget(tokens: 100))) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].begin([.usage(Usage(input: 60))])
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(ending: .detach) {
                try await eventually("its usage is noted") {
                    try await swarm.store.usage(of: .run(run)).usage.tokens == 60
                }
            }

            let summary = try await swarm.working {
                try await eventually("it is adopted") { swarm.agents[0].snapshot.adoptions == 1 }
                swarm.agents[0].finish(facts: ScriptedAgent.Facts(usage: Usage(input: 70)))
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .published)
            #expect(try await swarm.store.usage(of: .run(run)).usage.tokens == 70)
        }
    }

    @Test("A session that is lost with its host keeps what was noted of it")
    func lost() async throws {
        try await Swarm.with(budgets: Budgets(run: Budget(tokens: 100))) { swarm in
            swarm.agents[0].begin([.usage(Usage(input: 60))])
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                try await eventually("its usage is noted") {
                    try await swarm.store.usage(of: .run(run)).usage.tokens == 60
                }
                swarm.agents[0].finish(.lost)
                try await eventually("it has ended") {
                    try await swarm.store.history(of: run).sessions.first?.endedAt != nil
                }
            }

            #expect(try await swarm.store.usage(of: .run(run)).usage.tokens == 60)
        }
    }

    @Test(
        "A session that is ended within a turn costs what budgets counted",
        arguments: [true, false])
    func costOfPresentTurn(isStopped: Bool) async throws {
        let price = PriceTable.Price(
            input: Money(microdollars: 3_000_000), output: Money(microdollars: 15_000_000))
        let told = Usage(input: 300_000, cost: Money(microdollars: 500_000))
        let money = isStopped ? Money(microdollars: 800_000) : Money(microdollars: 900_000)
        try await Swarm.with(
            budgets: Budgets(run: Budget(money: money)), prices: PriceTable(["m": price])
        ) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].tell(
                [
                    .began(SessionStart(model: "m")),
                    .usage(Usage(input: 200_000, cost: Money(microdollars: 500_000))),
                    .usage(told),
                ], facts: ScriptedAgent.Facts(usage: told, start: SessionStart(model: "m")))
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            _ = try await swarm.working { try await swarm.untilClosed(run) }

            let history = try await swarm.store.history(of: run)
            let issue = try #require(try await swarm.store.run(run)).run.issue
            let day = LocalTime.machine.day(around: swarm.clock.now)
            #expect(swarm.agents[0].snapshot.stopped.isEmpty != isStopped)
            #expect(history.sessions.map(\.facts.usage?.cost?.microdollars) == [800_000])
            for scope in [
                .run(run), .issue(issue, "ann"), .period("ann", from: day.start, to: day.end),
            ] as [UsageScope] {
                #expect(
                    try await swarm.store.usage(of: scope).usage == history.sessions[0].facts.usage)
            }
        }
    }

    @Test("Once a day's budget is used up, the job and new demands wait for midnight")
    func day() async throws {
        try await Swarm.with(budgets: Budgets(day: Budget(tokens: 100))) { swarm in
            swarm.agents[0].tell(
                [.usage(Usage(input: 100))],
                facts: ScriptedAgent.Facts(usage: Usage(input: 100)))
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                try await eventually("the session was stopped", within: .seconds(120)) {
                    swarm.clock.advance(by: .milliseconds(10))
                    return try await swarm.store.history(of: run).attempts.last?.outcome
                        == "snoozed"
                }
            }

            let gates = try await swarm.dispatchAnswer(swarm.tracker.put(6), to: ["ann"])

            let midnight = LocalTime.machine.day(around: swarm.clock.now).end
            #expect(gates.map(\.kind) == [.budget])
            #expect(gates.first?.opensAt == midnight)
            #expect(try await swarm.store.run(run)?.failures == 0)
        }
    }
}
