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
                report?.contains("What it had done is kept: commit \(CommitID.sample("a").short)")
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

@Suite("The no-progress brake")
struct ProgressTests {
    private func message(_ id: Int) -> SessionEvent.Kind {
        .message(MessagePiece(id: "m\(id)", text: "hm"))
    }

    private func tool(_ id: Int, _ input: String) -> SessionEvent.Kind {
        .tool(ToolCall(id: "t\(id)", title: "run", input: input, status: .completed))
    }

    /// In how many events the brake falls; `nil`: never.
    private func end(
        _ events: [SessionEvent.Kind], limit: Int = 3, trees: [Int] = []
    ) async -> Int? {
        var watch = ProgressWatch(limit: limit)
        var trees = trees
        for (index, event) in events.enumerated() {
            let failure = await watch.take(event) { trees.isEmpty ? 0 : trees.removeFirst() }
            if failure?.type == .noProgress { return index }
        }
        return nil
    }

    @Test("The same call again and again is no progress; a new one is")
    func calls() async {
        let same = (0..<8).flatMap { [message($0), tool($0, "ls")] }
        let new = (0..<8).flatMap { [message($0), tool($0, "ls \($0)")] }

        #expect(await end(same) == 8)
        #expect(await end(new) == nil)
    }

    @Test("What is told again to a worker that adopts a session doesn't count: its tree is gone")
    func adopted() async {
        let same = (0..<8).flatMap { [message($0), tool($0, "ls")] }
        var watch = ProgressWatch(limit: 3)
        for event in same {
            #expect(await watch.take(event, isOld: true) { 0 } == nil)
        }
        var failures: [AgentFailure?] = []
        for event in same { failures.append(await watch.take(event) { 0 }) }

        #expect(failures.firstIndex { $0?.type == .noProgress } == 6)
    }

    @Test("Talk alone is no progress")
    func talk() async {
        #expect(await end((0..<8).map(message)) == 3)
    }

    @Test("A working tree in a state it hadn't before is progress; back and forth isn't")
    func trees() async {
        let same = (0..<9).flatMap { [message($0), tool($0, "ls")] }

        #expect(await end(same, trees: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) == nil)
        #expect(await end(same, trees: [0, 1, 0, 1, 0, 1]) == 12)
    }

    @Test("What a person says gives it time again")
    func told() async {
        let talk = (0..<4).map(message)

        #expect(await end(Array(talk.prefix(3)) + [.told("and now?")] + talk.suffix(1)) == nil)
    }

    @Test("A working tree's state is told by contents, not by when they were written")
    func contents() async throws {
        try await Swarm.with { swarm in
            let folder = swarm.folder.appendingPathComponent("tree")
            func write(_ text: String) throws {
                try text.write(
                    to: folder.appendingPathComponent("a"), atomically: true, encoding: .utf8)
            }
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            try write("first")
            var tree = TreeState(folder.path)
            let first = tree.current()
            try write("second")
            let second = tree.current()
            try write("second")
            let again = tree.current()

            #expect(first != second)
            #expect(second == again)
        }
    }

    @Test("A file that comes, goes, or comes back, is told from one that stays")
    func files() async throws {
        try await Swarm.with { swarm in
            let folder = swarm.folder.appendingPathComponent("tree")
            let deep = folder.appendingPathComponent("a/b")
            try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
            let file = deep.appendingPathComponent("c")
            var tree = TreeState(folder.path)
            _ = tree.current()
            let empty = tree.current()
            try Data("x".utf8).write(to: file)
            let there = tree.current()
            try FileManager.default.removeItem(at: file)
            let gone = tree.current()
            try Data("x".utf8).write(to: file)
            let back = tree.current()
            try FileManager.default.removeItem(at: folder)
            let nothing = tree.current()

            #expect(there != empty)
            #expect(gone == empty)
            #expect(back == there)
            #expect(nothing != there)
        }
    }
}
