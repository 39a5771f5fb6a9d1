import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Coordinator")
struct CoordinatorTests {
    @Test("Labels and assignments ask for work, each once however often they are seen")
    func standingCausesAreAnsweredOnce() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/bob"])
            swarm.tracker.put(2, assignees: ["ANN-bot"])
            swarm.tracker.put(3, labels: ["agent/nobody", "bug"])

            let first = await swarm.coordinate()
            let second = await swarm.coordinate()

            #expect(first.opened.count == 2)
            #expect(second.opened.isEmpty)
            let runs = try await swarm.store.runs(matching: RunFilter())
            #expect(
                runs.map(\.run.agent) == ["ann", "bob"] || runs.map(\.run.agent) == ["bob", "ann"])
        }
    }

    @Test("A label that is taken off and put on again asks again, when the run before is closed")
    func labelPutOnAgain() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann"])
            let run = try #require(await swarm.coordinate().opened.first)
            _ = try await swarm.working { try await swarm.untilClosed(run) }

            swarm.tracker.put(1, labels: [])
            #expect(await swarm.coordinate().opened.isEmpty)
            swarm.tracker.put(1, labels: ["agent/ann"])

            #expect(await swarm.coordinate().opened.count == 1)
        }
    }

    @Test("Reopening an issue doesn't ask again for what its open pull request answers")
    func reopened() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator(workflows: [.sample()])
            let run = try #require(await coordinator.pass().opened.first)
            _ = try await swarm.publish(run, number: 50, head: .sample("a"))
            swarm.clock.advance(by: .seconds(1))

            swarm.tracker.closeIssue(issue)
            #expect(await coordinator.pass().opened.isEmpty)
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.reopenIssue(issue)

            #expect(await coordinator.pass().opened.isEmpty)
        }
    }

    @Test("An issue that slips between two pages isn't taken for withdrawn")
    func slippedIssue() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let run = try #require(await swarm.coordinate().opened.first)
            _ = try await swarm.working { try await swarm.untilClosed(run) }

            swarm.tracker.change { $0.unlisted = [issue] }
            _ = await swarm.coordinate()
            swarm.tracker.change { $0.unlisted = [] }

            #expect(await swarm.coordinate().opened.isEmpty)
        }
    }

    @Test("Taking a label off doesn't make an older assignment a new demand")
    func labelTakenOff() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann"], assignees: ["ann-bot"])
            let run = try #require(await swarm.coordinate().opened.first)
            _ = try await swarm.working { try await swarm.untilClosed(run) }

            swarm.tracker.put(1, assignees: ["ann-bot"])

            #expect(await swarm.coordinate().opened.isEmpty)
        }
    }

    @Test("A held issue is left alone until it is released")
    func heldIssue() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann", "skep/hold"])
            #expect(await swarm.coordinate().opened.isEmpty)

            swarm.tracker.put(1, labels: ["agent/ann"])

            #expect(await swarm.coordinate().opened.count == 1)
        }
    }

    @Test("A selection takes issues nobody is named on, and none that is worked on or published")
    func selection() async throws {
        try await Swarm.with(selecting: ["ready"]) { swarm in
            swarm.tracker.put(1, labels: ["ready"])
            swarm.tracker.put(2, labels: ["ready", "agent/bob"])
            swarm.tracker.put(3, labels: ["later"])
            let busy = swarm.tracker.put(4, labels: ["ready"])
            _ = try await swarm.dispatch(busy, to: ["bob"])

            let pass = await swarm.coordinate()

            let runs = try await swarm.store.runs(matching: RunFilter())
            let pairs = Set(runs.map { "\($0.run.issue.number) \($0.run.agent)" })
            #expect(pass.opened.count == 2)
            #expect(pairs == ["1 ann", "2 bob", "4 bob"])
        }
    }

    @Test("A repository that can't be read is told, and nothing that stands is taken for withdrawn")
    func unreadableRepository() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.put(1, labels: ["agent/ann"])
            _ = await swarm.coordinate()
            swarm.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "The tracker is down.")
            }

            let pass = await swarm.coordinate()

            let standing = try await swarm.store.standingTriggers(in: .sample)
            #expect(pass.failures.count == 1)
            #expect(standing.count == 1)
        }
    }

    @Test("An agent never has two open runs on one issue")
    func busyAgent() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue)

            let again = try await Dispatcher(swarm.parts).dispatch(issue, to: ["ann", "bob"])

            #expect(again.first?.answer == .agentBusy(run))
            guard case .opened = again.last?.answer else {
                Issue.record("bob should have a run: \(again)")
                return
            }
        }
    }

    @Test(
        "A later run goes on from its branch while the pull request is open, else takes a new one")
    func laterRuns() async throws {
        try await Swarm.with(endings: Array(repeating: .exited(code: 0), count: 3)) { swarm in
            swarm.workspaces.change {
                $0.collections = "abc".map { Collection(head: .sample($0), notes: []) }
            }
            let issue = swarm.tracker.put(1)
            try await swarm.working {
                let first = try await swarm.untilClosed(swarm.dispatch(issue))
                let second = try await swarm.untilClosed(swarm.dispatch(issue))
                #expect(second.run.branch == first.run.branch)
                #expect(second.run.pullRequest == first.run.pullRequest)
                #expect(second.run.base == .sample("a"))

                let number = try #require(first.run.pullRequest).number
                swarm.tracker.change { state in
                    let old = state.pullRequests[number]!  // It was opened above.
                    state.pullRequests[number] = PullRequest(
                        number: old.number, title: old.title, isOpen: false, isMerged: true,
                        head: old.head, base: old.base, headCommit: nil, url: old.url)
                }
                let third = try await swarm.untilClosed(swarm.dispatch(issue))
                #expect(third.run.branch == "ann/issue-1-2")
            }
        }
    }

    @Test("Dispatching names what is wrong: agent, workflow, closed issue")
    func refusals() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let closed = swarm.tracker.put(2, isOpen: false)
            let dispatcher = Dispatcher(swarm.parts)

            await #expect(throws: EngineError.noSuchAgent("anne", known: ["ann", "bob"])) {
                try await dispatcher.dispatch(issue, to: ["anne"])
            }
            await #expect(throws: EngineError.noSuchWorkflow("mend", known: ["fix"])) {
                try await dispatcher.dispatch(issue, to: [], workflow: "mend")
            }
            await #expect(throws: EngineError.issueClosed(closed)) {
                try await dispatcher.dispatch(closed, to: [])
            }
        }
    }
}
