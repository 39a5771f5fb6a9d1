import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("The plan of a burn-down")
struct BurndownPlanTests {
    @Test("The most urgent come first, then the oldest, and agents take turns")
    func order() async throws {
        try await Night.with { night in
            night.put(1...3)
            night.tracker.put(
                9, labels: ["priority/critical"], createdAt: night.clock.now)
            night.tracker.put(
                4, labels: ["priority/low"], createdAt: night.clock.now - .seconds(9_000_000))

            let plan = try await night.burndowns.dryRun(night.settings())

            #expect(plan.map(\.issue.number) == [9, 1, 2, 3, 4])
            #expect(plan.map(\.agent) == ["ann", "bob", "ann", "bob", "ann"])
            #expect(plan.map(\.position) == [1, 2, 3, 4, 5])
            #expect(plan.allSatisfy { $0.decision == .planned })
        }
    }

    @Test("What keeps an issue out of the plan is told in words")
    func reasons() async throws {
        try await Night.with { night in
            night.put(1...6)
            night.tracker.put(2, labels: [Coordinator.holdLabel])
            night.tracker.put(
                3, dependencies: [IssueReference(repository: .sample, number: 1)])
            _ = try await night.swarm.dispatch(
                IssueReference(repository: .sample, number: 4), to: ["ann"])

            let plan = try await night.burndowns.dryRun(night.settings(maxIssues: 2))

            #expect(plan.map(\.issue.number) == [1, 5, 2, 3, 4, 6])
            #expect(plan.map(\.position) == [1, 2, 3, 4, 5, 6])
            #expect(
                plan.map(\.reason) == [
                    nil, nil, "It carries the label skep/hold.",
                    "It depends on acme/widgets#1, which is open.",
                    "ann works on it already, in run 1.", "The plan is full.",
                ])
            #expect(plan.map(\.agent) == ["ann", "bob", nil, nil, nil, nil])
        }
    }

    @Test("Labels are compared here too, and a report of Skep's own is no work")
    func labels() async throws {
        try await Night.with { night in
            night.put(1...2, labels: ["ready"])
            night.put(3...3)
            _ = try await night.tracker.openIssue(
                NewIssue(
                    repository: .sample, title: "Burn-down 1", body: "It is over.",
                    labels: ["ready"]), marker: CommentMarker("burndown-1.report-1"))

            let plan = try await night.burndowns.dryRun(night.settings(labels: ["ready"]))

            #expect(plan.map(\.issue.number) == [1, 2])
        }
    }

    @Test("Two thousand issues cost questions only about those that are planned")
    func many() async throws {
        try await Night.with { night in
            night.put(1...2000)

            let plan = try await night.burndowns.dryRun(night.settings(maxIssues: 30))

            #expect(plan.count == 2000)
            #expect(plan.count { $0.decision == .planned } == 30)
            #expect(night.tracker.calls["dependencies"] == 30)
            #expect(night.tracker.calls["issues"] == 1)
        }
    }

    @Test("Limits and hours pass, and don't hide what doesn't")
    func limits() async throws {
        let hours = RunningHours(from: 23 * 60, to: 60, days: [], timeZone: "UTC")
        let dispatch = DispatchSettings(repositories: [.sample], maxRuns: 0)
        try await Night.with(dispatch: dispatch, workflows: [.plain(hours: hours)]) { night in
            night.put(1...2)
            night.tracker.put(
                2, dependencies: [IssueReference(repository: .sample, number: 1)])

            let plan = try await night.burndowns.dryRun(night.settings())

            #expect(plan.map(\.decision) == [.planned, .skipped])
            #expect(plan[1].reason == "It depends on acme/widgets#1, which is open.")
        }
    }

    @Test("A repository that can't be read doesn't keep the others out")
    func unreadable() async throws {
        try await Night.with { night in
            night.tracker.change {
                $0.failures["issues"] = ScriptedRefusal(kind: .conflict, what: "It is gone.")
            }

            await #expect(throws: ScriptedRefusal.self) {
                try await night.burndowns.dryRun(night.settings())
            }
            let events = try await night.store.lastEvents([.trouble], limit: 1)
            #expect(events.first?.text == "issues of acme/widgets can't be listed: It is gone.")
        }
    }
}

@Suite("Beginning a burn-down")
struct BurndownStartTests {
    @Test("The same cause begins one burn-down, however often it comes")
    func once() async throws {
        try await Night.with { night in
            night.put(1...2)

            let first = try await night.burndowns.start(
                night.settings(), until: nil, cause: "tick:x:1")
            let again = try await night.restarted {
                try await $0.burndowns.start($0.settings(), until: nil, cause: "tick:x:1")
            }

            #expect(first == again)
            #expect(try await night.store.burndowns(openOnly: false, limit: 10).count == 1)
        }
    }

    @Test("A window that is over, or never opens, begins nothing")
    func windows() async throws {
        let hours = RunningHours(from: 3 * 60, to: 4 * 60, days: [], timeZone: "UTC")
        try await Night.with(workflows: [.plain(hours: hours)]) { night in
            night.put(1...2)
            let now = night.clock.now

            await #expect(throws: BurndownError.windowClosed(until: now)) {
                try await night.burndowns.start(night.settings(), until: now, cause: "a")
            }
            // It is 21:00, and the hours begin at 3.
            let early = now + .seconds(3600)
            await #expect(throws: BurndownError.neverOpens("fix", until: early)) {
                try await night.burndowns.start(night.settings(), until: early, cause: "b")
            }
            let opened = try await night.store.burndowns(openOnly: false, limit: 10)
            #expect(opened.isEmpty)
        }
    }

    @Test("Nobody to work and nothing to do are said, and nothing is opened")
    func nothing() async throws {
        try await Night.with(workflows: [.plain(agent: nil)]) { night in
            await #expect(throws: BurndownError.noIssues(labels: [], [.sample])) {
                try await night.start(night.settings())
            }
            night.tracker.put(1, labels: [Coordinator.holdLabel])
            await #expect(
                throws: BurndownError.nothingToStart(
                    skipped: 1, firstReason: "acme/widgets#1: It carries the label skep/hold.")
            ) {
                try await night.start(night.settings())
            }
            await #expect(throws: EngineError.noDefaultAgent("fix")) {
                try await night.start(night.settings(agents: []))
            }
            await #expect(throws: EngineError.noSuchAgent("carl", known: ["ann", "bob"])) {
                try await night.start(night.settings(agents: ["carl"]))
            }
            var settings = night.settings()
            settings.workflow = "mend"
            await #expect(throws: EngineError.noSuchWorkflow("mend", known: ["fix"])) {
                try await night.start(settings)
            }
            let opened = try await night.store.burndowns(openOnly: false, limit: 10)
            #expect(opened.isEmpty)
        }
    }

    @Test("One at a time works on a repository")
    func running() async throws {
        try await Night.with { night in
            night.put(1...2)
            let first = try await night.start(night.settings())

            await #expect(throws: BurndownError.stillRunning(first, .sample)) {
                try await night.burndowns.start(night.settings(), until: nil, cause: "other")
            }
        }
    }
}
