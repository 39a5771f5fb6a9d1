import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Reading the tracker")
struct ReadingTests {
    @Test("A tick with nothing new is one request, and writes nothing")
    func quietTick() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator()
            for _ in 0..<3 {
                swarm.clock.advance(by: .seconds(30))
                _ = await coordinator.pass()
            }
            let before = swarm.tracker.calls
            let events = try await swarm.store.lastEvents([], limit: 1).first?.id

            swarm.clock.advance(by: .seconds(30))
            let pass = await coordinator.pass()

            let new = swarm.tracker.calls.filter { before[$0.key] != $0.value }
            #expect(new.keys.sorted() == ["changes"])
            #expect(new["changes"] == (before["changes"] ?? 0) + 1)
            #expect(pass.issues == 0)
            #expect(try await swarm.store.lastEvents([], limit: 1).first?.id == events)
        }
    }

    @Test("What changed is read from the changes, without another list")
    func deltas() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1)
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(30))
            swarm.tracker.put(2, labels: ["agent/ann"])

            let pass = await coordinator.pass()

            #expect(pass.opened.count == 1)
            #expect(swarm.tracker.calls["issues"] == 1)
        }
    }

    @Test("A whole list is read again when it is due, and finds what changes didn't show")
    func resweep() async throws {
        try await Swarm.with { swarm in
            let coordinator = swarm.coordinator()
            let early = swarm.clock.now
            swarm.clock.advance(by: .seconds(30))
            swarm.tracker.put(1)
            _ = await coordinator.pass()
            // Its time was moved back, as by a restored backup.
            swarm.clock.turnWallClock(by: early - swarm.clock.now)
            swarm.tracker.put(2, labels: ["agent/ann"])
            swarm.clock.turnWallClock(by: .seconds(60))
            #expect(await coordinator.pass().opened.isEmpty)

            swarm.clock.advance(by: .seconds(3600))

            #expect(await coordinator.pass().opened.count == 1)
        }
    }

    @Test("A restarted coordinator goes on where the last one stopped: nothing lost, nothing twice")
    func restart() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann"])
            #expect(await swarm.coordinator(workflows: [.sample()]).pass().opened.count == 1)
            swarm.clock.advance(by: .seconds(30))
            let issue = swarm.tracker.put(2)
            swarm.tracker.comment("/skep bob", on: issue)
            swarm.clock.advance(by: .seconds(7200))

            let pass = await swarm.coordinator(workflows: [.sample()]).pass()
            let again = await swarm.coordinator(workflows: [.sample()]).pass()

            #expect(pass.opened.count == 1)
            let runs = try await swarm.runs()
            #expect(again.opened.isEmpty)
            #expect(runs.count == 2)
        }
    }

    @Test(
        "Half an answer changes nothing, and what it would have told comes later",
        arguments: ["changes", "commentsSince", "issues"])
    func halfPage(_ call: String) async throws {
        try await Swarm.with { swarm in
            let asked = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            let cursor = try await swarm.store.cursor(of: .sample)
            swarm.clock.advance(by: .seconds(3600))
            swarm.tracker.comment("/skep bob", on: asked)
            swarm.tracker.change {
                $0.failures[call] = ScriptedRefusal(kind: .unavailable, what: "The page broke off.")
            }

            let broken = await coordinator.pass()
            #expect(broken.failures.count == 1)
            #expect(try await swarm.store.cursor(of: .sample) == cursor)
            #expect(try await swarm.runs().count == 1)

            swarm.tracker.change { $0.failures = [:] }
            #expect(await coordinator.pass().opened.count == 1)
        }
    }

    @Test("A tracker that is down for hours is told of once, and then nothing is lost or twice")
    func downForHours() async throws {
        try await Swarm.with { swarm in
            let first = swarm.tracker.put(1, labels: ["agent/ann", "skep/hold"])
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "The tracker is down.")
            }
            for _ in 0..<20 {
                swarm.clock.advance(by: .seconds(600))
                _ = await coordinator.pass()
            }
            let gates = try await swarm.waiting(on: first).first?.gates ?? []
            #expect(gates.map(\.kind) == [.tracker])
            #expect(await coordinator.unreadable.keys.map(\.description) == ["acme/widgets"])
            #expect(try await swarm.eventTexts([.trouble]).count == 1)

            swarm.tracker.change { $0.failure = nil }
            swarm.tracker.put(2, labels: ["agent/bob"])
            swarm.tracker.setLabels(["agent/ann"], on: first)
            let pass = await coordinator.pass()
            let again = await coordinator.pass()

            #expect(pass.opened.count == 2)
            #expect(again.opened.isEmpty)
            let troubles = try await swarm.eventTexts([.trouble])
            #expect(troubles.count == 2)
            #expect(troubles.last?.contains("can be read again") == true)
            #expect(await coordinator.unreadable.isEmpty)
        }
    }

    @Test("One issue that can't be dispatched doesn't keep its neighbours")
    func oneIssue() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            _ = try await swarm.published(issue, number: 50, head: .sample("a"))
            swarm.tracker.put(1, labels: ["agent/ann"])
            let other = swarm.tracker.put(2, labels: ["agent/bob"])
            swarm.tracker.change {
                $0.failures["pullRequest"] = ScriptedRefusal(kind: .unavailable, what: "Slow.")
            }
            let coordinator = swarm.coordinator()

            let pass = await coordinator.pass()
            swarm.tracker.change { $0.failures = [:] }
            let next = await coordinator.pass()

            #expect(pass.opened.count == 1)
            #expect(!pass.failures.isEmpty)
            #expect(next.opened.count == 1)
            let runs = try await swarm.runs(on: other)
            #expect(runs.count == 1)
            let troubles = try await swarm.eventTexts([.trouble])
            #expect(troubles == ["it can't be started: Slow."])
        }
    }

    @Test("An issue that was transferred is gone from here")
    func transferred() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            let elsewhere = try #require(RepositoryName("acme/elsewhere"))
            let moved = swarm.tracker.put(7, in: elsewhere)
            // Trackers answer with where it went.
            swarm.tracker.change { $0.issues[issue] = $0.issues[moved] }

            coordinator.hint(.sample, issue: 1)
            _ = await coordinator.pass()

            let runs = try await swarm.runs(on: issue)
            #expect(runs.map(\.state) == [.cancelled])
        }
    }

    // MARK: What is withdrawn

    @Test("Closing an issue stops its runs within the pass, whatever asked for them")
    func closing() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            _ = try await swarm.dispatch(issue, to: ["bob"])
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.closeIssue(issue)

            _ = await coordinator.pass()

            let runs = try await swarm.runs(on: issue)
            #expect(runs.map(\.state) == [.cancelled, .cancelled])
            #expect(runs.allSatisfy { $0.run.cancelReason == "the issue was closed" })
        }
    }

    @Test("Taking a label or an assignment away stops the run it asked for, and only that")
    func withdrawing() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"], assignees: ["bob-bot"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.put(1, assignees: ["bob-bot"])
            _ = await coordinator.pass()

            let runs = try await swarm.runs(on: issue)
            let ann = try #require(runs.first { $0.run.agent == "ann" })
            let bob = try #require(runs.first { $0.run.agent == "bob" })
            #expect(ann.run.cancelReason == "the label agent/ann was taken off")
            #expect(ann.state == .cancelled)
            #expect(bob.state == .queued)

            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.put(1)
            _ = await coordinator.pass()
            #expect(
                try await swarm.run(bob.run.id).run.cancelReason
                    == "it isn't assigned to bob-bot any more")
        }
    }

    @Test("A run goes on when its label goes but an assignment still asks for the same")
    func stillAsked() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"], assignees: ["ann-bot"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.put(1, assignees: ["ann-bot"])

            _ = await coordinator.pass()

            let runs = try await swarm.runs(on: issue)
            #expect(runs.map(\.state) == [.queued])
        }
    }

    @Test("An issue that is gone stops its run, at once when a hint names it")
    func deletedIssue() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let waiting = swarm.tracker.put(2, labels: ["agent/ann", "skep/hold"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.remove(issue)
            swarm.tracker.remove(waiting)
            _ = await coordinator.pass()
            let before = try await swarm.runs(on: issue)
            #expect(before.map(\.state) == [.queued])

            coordinator.hint(.sample, issue: 1)
            _ = await coordinator.pass()
            #expect(
                try await swarm.runs(on: issue).first?.run.cancelReason
                    == "the issue is gone from the tracker")

            swarm.clock.advance(by: .seconds(3600))
            _ = await coordinator.pass()
            #expect(try await swarm.waiting().isEmpty)
        }
    }

    @Test("A label for an agent that isn't there is told once as trouble")
    func unknownAgent() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/anne"])
            _ = await swarm.coordinator().pass()
            _ = await swarm.coordinator().pass()

            let troubles = try await swarm.eventTexts([.trouble])
            #expect(
                troubles
                    == [
                        "a label asks for agent \"anne\", which isn't there; one that was added since "
                            + "this began is known after \"skep restart\""
                    ])
        }
    }

    // MARK: What waits

    @Test("What waits for a gate starts when it opens; a failing issue doesn't keep the others")
    func gatesOpen() async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(9)
            let blocked = swarm.tracker.put(
                1, labels: ["agent/ann"], dependencies: [blocker])
            let coordinator = swarm.coordinator()
            #expect(await coordinator.pass().opened.isEmpty)
            let gates = try await swarm.waiting(on: blocked).first?.gates
            #expect(gates?.map(\.what) == ["It depends on acme/widgets#9, which is open."])
            swarm.clock.advance(by: .seconds(30))
            _ = await coordinator.pass()
            #expect(swarm.tracker.calls["dependencies"] == 1)

            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.closeIssue(blocker)

            #expect(await coordinator.pass().opened.count == 1)
        }
    }

    @Test("Urgent demands go first, but one that waits long enough goes before them")
    func ageing() async throws {
        try await Swarm.with { swarm in
            let limit = DispatchSettings(maxRuns: 1, priorities: ["urgent": 2])
            let taken = try await swarm.dispatch(swarm.tracker.put(9), to: ["bob"])
            let old = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator(dispatch: limit)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(600))
            let urgent = swarm.tracker.put(2, labels: ["agent/ann", "urgent"])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(601))
            let later = swarm.tracker.put(3, labels: ["agent/ann", "urgent"])
            #expect(await coordinator.pass().opened.isEmpty)

            var order: [IssueReference] = []
            var open = taken
            for _ in 0..<3 {
                try await swarm.fail(open)
                open = try #require(await coordinator.pass().opened.first)
                order.append(try await swarm.run(open).run.issue)
            }

            #expect(order == [urgent, old, later])
            #expect(try await swarm.run(open).run.priority == 2)
        }
    }

    @Test("Hours keep a workflow's runs until they begin, also when the clock is turned")
    func hours() async throws {
        try await Swarm.with { swarm in
            // 2026-09-21T14:13:20Z.
            let hours = RunningHours(from: 22 * 60, to: 6 * 60, days: [], timeZone: "UTC")
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator(workflows: [.sample(hours: hours)])
            #expect(await coordinator.pass().opened.isEmpty)
            let gate = try #require(try await swarm.waiting(on: issue).first?.gates.first)
            #expect(gate.what == "Workflow fix runs from 22:00 to 06:00 (UTC).")
            #expect(gate.opensAt == Timestamp(milliseconds: 1_790_028_000_000))

            swarm.clock.turnWallClock(by: .seconds(8 * 3600))

            #expect(await coordinator.pass().opened.count == 1)
        }
    }

    @Test("A permission that is withdrawn while somebody's demand waits keeps it waiting")
    func withdrawnPermission() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["skep/hold"])
            swarm.tracker.comment("/skep ann", by: "zoe", on: issue)
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            let waiting = try await swarm.waiting()
            #expect(waiting.count == 1)

            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.change { $0.writers = ["ann"] }
            swarm.tracker.setLabels([], on: issue)
            #expect(await coordinator.pass().opened.isEmpty)
            #expect(try await swarm.waiting().first?.gates.map(\.kind) == [.permission])

            swarm.clock.advance(by: .seconds(600))
            swarm.tracker.change { $0.writers = ["zoe"] }
            #expect(await coordinator.pass().opened.count == 1)
        }
    }
}
