import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Keeping a burn-down going")
struct BurndownKeeperTests {
    @Test("Runs are started in order, as many at once as the agents have places")
    func concurrency() async throws {
        try await Night.with { night in
            night.put(1...5)
            let id = try await night.start(night.settings())

            try await night.tick()
            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2])
            #expect(try await night.openRuns().map(\.run.agent) == ["ann", "bob"])
            #expect(try await night.openRuns().map(\.run.cause) == ["burndown:1", "burndown:1"])

            try await night.beginAll()[0].close()
            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2, 3])
            #expect(try await night.state(id).state == .running)
        }
    }

    @Test("Gates are asked again at the start: what was closed or held meanwhile is skipped")
    func gatesAtStart() async throws {
        try await Night.with { night in
            night.put(1...5, labels: ["ready"])
            let id = try await night.start(night.settings(labels: ["ready"], concurrency: 5))
            night.tracker.put(1, isOpen: false, labels: ["ready"])
            night.tracker.put(2, labels: ["ready", Coordinator.holdLabel])
            night.tracker.put(3)
            night.tracker.change {
                $0.issues[IssueReference(repository: .sample, number: 4)] = nil
            }

            try await night.tick()

            #expect(try await night.numbers(id, .started) == [5])
            let reasons = try await night.items(id).prefix(4).map(\.reason)
            #expect(
                reasons == [
                    "acme/widgets#1 is closed.", "It carries the label skep/hold.",
                    "It doesn't carry the label ready any more.",
                    "There is no issue acme/widgets#4",
                ])
        }
    }

    @Test("A limit makes the plan wait, and what follows goes on when it is open again")
    func waits() async throws {
        let dispatch = DispatchSettings(repositories: [.sample], maxRuns: 1)
        try await Night.with(dispatch: dispatch) { night in
            night.put(1...3)
            let id = try await night.start(night.settings())

            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1])
            #expect(try await night.numbers(id, .planned) == [2, 3])

            try await night.beginAll()[0].close()
            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2])
        }
    }

    @Test("An agent at its limit doesn't keep the other's issues waiting")
    func agentLimit() async throws {
        let dispatch = DispatchSettings(repositories: [.sample], maxRunsPerAgent: 1)
        try await Night.with(dispatch: dispatch) { night in
            night.put(1...4)
            let id = try await night.start(night.settings(concurrency: 4))

            try await night.tick()

            #expect(try await night.numbers(id, .started) == [1, 2])
        }
    }

    @Test("A tracker that is down costs nothing but time")
    func trackerDown() async throws {
        try await Night.with { night in
            night.put(1...2)
            let id = try await night.start(night.settings())
            night.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "The tracker is down.")
            }

            try await night.tick()
            #expect(try await night.numbers(id, .planned) == [1, 2])
            let trouble = try await night.store.lastEvents([.trouble], limit: 1).first
            #expect(trouble?.text == "burn-down 1 can't go on: The tracker is down.")

            night.tracker.change { $0.failure = nil }
            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2])
        }
    }

    @Test("A repository that can't be seen for a while costs none of its issues their place")
    func unreadable() async throws {
        try await Night.with { night in
            night.put(1...2)
            let id = try await night.start(night.settings())
            let gone = ScriptedRefusal(kind: .conflict, what: "There is no repository.")
            night.tracker.change {
                $0.failures = ["issue": gone, "repository": gone]
            }

            try await night.tick()
            #expect(try await night.numbers(id, .planned) == [1, 2])
            let waits = try await night.store.lastEvents([.burndown], limit: 1).first
            #expect(waits?.text == "burn-down 1 waits: acme/widgets can't be read.")

            night.tracker.change { $0.failures = [:] }
            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2])
        }
    }

    @Test("By itself it looks when something happened, or when it is time")
    func byItself() async throws {
        try await Night.with { night in
            night.put(1...2)
            let keeper = try night.keeper()
            // Cancelled and awaited below.
            let task = Task { try await keeper.run() }
            let id = try await night.start(night.settings(agents: ["ann"]), hours: 8)

            try await eventually("the first is started", within: .seconds(120)) {
                night.clock.advance(by: .seconds(2))
                return try await night.numbers(id, .started) == [1]
            }
            try await night.beginAll()[0].close()
            try await eventually("the second is started", within: .seconds(120)) {
                night.clock.advance(by: .seconds(2))
                return try await night.numbers(id, .started) == [1, 2]
            }
            try await night.beginAll()[0].close()
            try await eventually("it has ended", within: .seconds(120)) {
                night.clock.advance(by: .seconds(2))
                return try await night.state(id).state == .ended
            }

            task.cancel()
            _ = await task.result
        }
    }

    @Test("When the window closes nothing more is started, and what runs is waited for")
    func finish() async throws {
        try await Night.with { night in
            night.put(1...3)
            let id = try await night.start(night.settings(agents: ["ann"]), hours: 8)
            try await night.tick()
            let work = try await night.beginAll()[0]

            night.clock.advance(by: .seconds(8 * 3600))
            try await night.tick()

            let closing = try await night.state(id)
            #expect(closing.state == .closing)
            #expect(closing.closingReason == "its window closed at 06:00")
            #expect(try await night.openRuns().map(\.run.cancelReason) == [nil])

            try await work.publish(31)
            try await night.tick()
            #expect(try await night.state(id).state == .ended)
            #expect(try await night.numbers(id, .planned) == [2, 3])
            let text = try #require(night.files.texts["burndown-1.md"])
            #expect(text.contains("## Needs review (1)"))
            #expect(text.contains("## Not started (2)\n\n- #2, #3"))
            #expect(try await night.store.reportText(of: id) == text)
        }
    }

    @Test("When the window closes what runs is stopped, where the settings say so")
    func stop() async throws {
        try await Night.with { night in
            night.put(1...3)
            let id = try await night.start(
                night.settings(agents: ["ann"], atEnd: .stop), hours: 8)
            try await night.tick()
            let work = try await night.beginAll()[0]

            night.clock.advance(by: .seconds(8 * 3600))
            try await night.tick()
            #expect(try await night.state(id).state == .closing)
            #expect(
                try await night.openRuns().map(\.run.cancelReason)
                    == ["the burn-down's window closed at 06:00"])

            try await work.settle(StepSettlement(.cancel))
            try await night.tick()
            #expect(try await night.state(id).state == .ended)
            #expect(night.files.texts["burndown-1.md"]?.contains("## Stopped (1)") == true)
        }
    }

    @Test("A plan that is done doesn't keep the window from stopping what runs")
    func stopAfterPlan() async throws {
        try await Night.with { night in
            night.put(1...1)
            let id = try await night.start(night.settings(atEnd: .stop), hours: 8)
            try await night.tick()
            #expect(try await night.state(id).closingReason == "its plan is done")
            _ = try await night.beginAll()
            try await night.tick()
            #expect(try await night.openRuns().map(\.run.cancelReason) == [nil])

            night.clock.advance(by: .seconds(8 * 3600))
            try await night.tick()

            #expect(
                try await night.openRuns().map(\.run.cancelReason)
                    == ["the burn-down's window closed at 06:00"])
        }
    }

    @Test("Minutes of sessions count together, of those that run as well")
    func minutes() async throws {
        try await Night.with { night in
            night.put(1...4)
            let id = try await night.start(night.settings(maxMinutes: 60))
            try await night.tick()
            let works = try await night.beginAll()
            night.clock.advance(by: .seconds(20 * 60))
            try await works[0].close()
            try await night.tick()
            // 20 minutes of the first, 39 of the second.
            night.clock.advance(by: .seconds(19 * 60))
            try await night.tick()
            #expect(try await night.state(id).state == .running)

            night.clock.advance(by: .seconds(60))
            try await night.tick()

            #expect(
                try await night.state(id).closingReason
                    == "its 60 minutes of sessions are used up")
        }
    }

    @Test("A question to a person holds neither a place nor the end")
    func question() async throws {
        try await Night.with { night in
            night.put(1...2)
            let id = try await night.start(night.settings(agents: ["ann"]))
            try await night.tick()
            try await night.beginAll()[0].settle(
                StepSettlement(.ask("Which colour?", then: NewStepJob(step: "work"))))

            try await night.tick()
            #expect(try await night.numbers(id, .started) == [1, 2])
            try await night.beginAll()[0].close()
            try await night.tick()

            #expect(try await night.state(id).state == .ended)
            let text = try #require(night.files.texts["burndown-1.md"])
            #expect(text.contains("## Waits for an answer (1)"))
            #expect(text.contains("ann asks “Which colour?” (run 1)"))
        }
    }

    @Test("Somebody who ends it is told in the report, and may stop what runs")
    func closedByHand() async throws {
        try await Night.with { night in
            night.put(1...3)
            let id = try await night.start(night.settings(agents: ["ann"]))
            try await night.tick()

            try await night.burndowns.close(id, because: "ann wants it", stoppingRuns: true)
            try await night.tick()

            #expect(try await night.state(id).state == .ended)
            #expect(
                night.files.texts["burndown-1.md"]?.contains(
                    "Nothing more was started: ann wants it.") == true)
            await #expect(throws: BurndownError.hasEnded(id)) {
                try await night.burndowns.close(id, because: "again", stoppingRuns: false)
            }
        }
    }

    @Test("A new process goes on in every phase, and does nothing twice")
    func restarts() async throws {
        try await Night.with { night in
            night.put(1...3)
            let issue = night.tracker.put(77)
            let id = try await night.start(
                night.settings(
                    agents: ["ann"], maxIssues: 3, reportTo: .comment(issue)), hours: 8)

            for _ in 0..<2 { try await night.restarted { try await $0.tick() } }
            #expect(try await night.openRuns().count == 1)
            try await night.beginAll()[0].publish(31)
            for _ in 0..<2 { try await night.restarted { try await $0.tick() } }
            #expect(try await night.openRuns().map(\.run.issue.number) == [2])
            let work = try await night.beginAll()[0]

            night.clock.advance(by: .seconds(8 * 3600))
            for _ in 0..<2 { try await night.restarted { try await $0.tick() } }
            #expect(try await night.state(id).state == .closing)
            #expect(try await night.openRuns().count == 1)
            try await work.close(.failed, detail: "ended by signal 9")

            for _ in 0..<3 { try await night.restarted { try await $0.tick() } }
            #expect(try await night.state(id).state == .ended)
            #expect(try await night.store.runs(matching: RunFilter()).count == 2)
            #expect(night.files.count == 1)
            let jobs = try await night.queue.jobs(
                matching: JobFilter(queue: SwarmQueues.reports))
            let own = try await night.store.unpostedReports(upTo: ReportID(rawValue: 1000))
            #expect(own.isEmpty)
            // Two that say "dispatched", and the report.
            #expect(jobs.count == 3)
        }
    }

    @Test("A report that was kept, but not written down, is written again and posted once")
    func endTwice() async throws {
        try await Night.with { night in
            night.put(1...1)
            _ = try await night.start(night.settings(agents: ["ann"], reportTo: .issue))
            try await night.tick()
            try await night.beginAll()[0].close()

            let progress = try #require(
                try await BurndownProgress(BurndownID(rawValue: 1), night.store))
            let facts = BurndownFacts(parts: night.parts)
            let report = try await facts.report(on: progress, LocalTime("UTC"))
            _ = try await night.parts.keepReport("burndown-1.md", report.text)
            // Here the process dies; two others take over at the same time.
            async let one: Void = night.restarted { try await $0.tick() }
            async let two: Void = night.restarted { try await $0.tick() }
            _ = try await (one, two)

            let jobs = try await night.queue.jobs(
                matching: JobFilter(queue: SwarmQueues.reports))
            #expect(jobs.count == 2)
            #expect(try await night.state(BurndownID(rawValue: 1)).state == .ended)
        }
    }
}
