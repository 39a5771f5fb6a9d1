import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Burn-downs")
struct BurndownTests {
    private let settings = BurndownSettings(
        repositories: [.sample], labels: ["bug"], agents: ["ann"], maxIssues: 3,
        reportTo: .comment(IssueReference(repository: .sample, number: 40)))

    private func plan(_ bench: StoreBench) -> [BurndownItem] {
        (5...7).map { number in
            BurndownItem(
                issue: IssueReference(repository: .sample, number: number), title: "t\(number)",
                position: number - 4, agent: number == 7 ? nil : "ann",
                decision: number == 7 ? .skipped : .planned, reason: number == 7 ? "held" : nil)
        }
    }

    private func open(_ bench: StoreBench, cause: String = "command:1") async throws -> BurndownID {
        try await bench.store.open(
            settings, until: Timestamp(milliseconds: 500), cause: cause, plan: plan(bench))
    }

    private func start(_ bench: StoreBench, _ number: Int = 5, of id: BurndownID) async throws
        -> TriggerAnswer
    {
        let item = try #require(plan(bench).first { $0.issue.number == number })
        return try await bench.store.start(
            item, of: id, demand: bench.demand(.burndown(id), on: number, priority: -5),
            run: bench.newRun(on: number, priority: -5), reports: [])
    }

    private func item(_ bench: StoreBench, _ number: Int, of id: BurndownID) async throws
        -> BurndownItem
    {
        let (_, items) = try #require(try await bench.store.burndown(id))
        return try #require(items.first { $0.issue.number == number })
    }

    @Test("A burn-down is written down with its plan, once for each cause")
    func opening() async throws {
        try await withStore { bench in
            let id = try await open(bench)

            #expect(try await open(bench) == id)

            let (burndown, items) = try #require(try await bench.store.burndown(id))
            #expect(burndown.settings == settings)
            #expect(burndown.until == Timestamp(milliseconds: 500))
            #expect(burndown.state == .running)
            #expect(items == plan(bench))
            #expect(try await open(bench, cause: "tick:2") != id)
            #expect(
                try await bench.store.burndowns(openOnly: true, limit: 10).map(\.cause)
                    == ["tick:2", "command:1"])
            #expect(
                try await bench.events(.burndown).first?.text == "burn-down 1 plans 2 of 3 issues")
        }
    }

    @Test("An item is started once, and a busy agent leaves nothing behind that starts later")
    func starting() async throws {
        try await withStore { bench in
            let id = try await open(bench)
            _ = try await bench.open()

            #expect(try await start(bench, of: id) == .agentBusy(RunID(rawValue: 1)))
            #expect(try await item(bench, 5, of: id).decision == .planned)
            #expect(try await bench.store.waitingTriggers(on: nil).isEmpty)

            #expect(try await start(bench, 6, of: id) == .opened(RunID(rawValue: 2)))
            #expect(try await start(bench, 6, of: id) == .answeredBefore(RunID(rawValue: 2)))
            let started = try await item(bench, 6, of: id)
            #expect(started.decision == .started)
            #expect(started.run == RunID(rawValue: 2))
            #expect(try await bench.run(2)?.run.priority == -5)
            #expect(try await start(bench, 7, of: id) == .answeredBefore(nil))
        }
    }

    @Test("Nothing is started once it closes, and closing again changes nothing")
    func closing() async throws {
        try await withStore { bench in
            let id = try await open(bench)

            try await bench.store.close(id, because: "its window closed")
            try await bench.store.close(id, because: "cancelled")

            #expect(try await start(bench, of: id) == .answeredBefore(nil))
            let (burndown, _) = try #require(try await bench.store.burndown(id))
            #expect(burndown.state == .closing)
            #expect(burndown.closingReason == "its window closed")
            #expect(try await bench.events(.burndown).count == 2)
        }
    }

    @Test("An item is skipped with its reason, unless it was started")
    func skipping() async throws {
        try await withStore { bench in
            let id = try await open(bench)
            #expect(try await start(bench, 6, of: id) == .opened(RunID(rawValue: 1)))

            for number in [5, 5, 6] {
                try await bench.store.skip(
                    IssueReference(repository: .sample, number: number), of: id, because: "closed")
            }

            #expect(try await item(bench, 5, of: id).decision == .skipped)
            #expect(try await item(bench, 5, of: id).reason == "closed")
            #expect(try await item(bench, 6, of: id).decision == .started)
            #expect(try await start(bench, 5, of: id) == .answeredBefore(nil))
            #expect(try await bench.events(.burndown).count == 2)
        }
    }

    @Test("It ends once, with its report, whose address is known when it is posted")
    func ending() async throws {
        try await withStore { bench in
            let id = try await open(bench)
            #expect(try await bench.store.reportText(of: id) == nil)
            let report = NewReport(
                topic: "burndown-1", body: "# Done", content: .issue(title: "Night", labels: []),
                on: IssueReference(repository: .sample, number: 0))

            try await bench.store.end(id, report: "# Done", reports: [report])
            try await bench.store.end(id, report: "# Done again", reports: [report])
            try await bench.store.recordPosted(ReportID(rawValue: 1), commentURL: "http://t/50")

            #expect(try await bench.store.reportText(of: id) == "# Done")
            let (burndown, _) = try #require(try await bench.store.burndown(id))
            #expect(burndown.state == .ended)
            #expect(burndown.endedAt == bench.clock.now)
            #expect(burndown.reportURL == "http://t/50")
            #expect(try await bench.store.burndowns(openOnly: true, limit: 10).isEmpty)
            #expect(try await bench.ready(SwarmQueues.reports) == 1)
        }
    }
}
