import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("The way of an issue")
struct WayTests {
    @Test("An issue becomes a branch, a pull request and reports, in order and once")
    func issueBecomesPullRequest() async throws {
        try await Swarm.with { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue)
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(summary.run.head == .sample("a"))
            #expect(swarm.workspaces.change { $0.remote } == ["ann/issue-5": .sample("a")])
            let posts = swarm.tracker.posts(on: issue)
            try #require(posts.count == 3)
            #expect(posts[0] == "⚡ Dispatched to ann. Task queued.")
            #expect(posts[1] == "🔧 ann working on this. Branch: ann/issue-5")
            #expect(posts[2].hasPrefix("✅ ann opened pull request #"))
            #expect(swarm.commands.lines == ["make test"])
            #expect(swarm.agents[0].snapshot.prompts == ["Be good.\n\nFix Something is wrong"])
        }
    }

    @Test("An agent that changes nothing closes its run without a pull request")
    func noChanges() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue, to: ["bob"])
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .noChanges)
            #expect(swarm.tracker.change { $0.pullRequests }.isEmpty)
            #expect(
                swarm.tracker.posts(on: issue).last?.hasPrefix(
                    "⚠️ bob produced no changes for this issue. Skipping.") == true)
        }
    }

    @Test("A failing agent is tried again, then the run fails and says what happens next")
    func failingAgent() async throws {
        try await Swarm.with(endings: [.exited(code: 3), .signalled(9)]) { swarm in
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue)
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.attempt == 2)
            #expect(Set(swarm.workspaces.change { $0.released }) == [run])
            let report = try #require(swarm.tracker.posts(on: issue).last)
            #expect(report.hasPrefix("❌ ann failed: crashed: ended by signal 9"))
            #expect(report.contains("Nothing more happens by itself."))
        }
    }

    @Test("Failed checks go back to the agent with what was found, and then are passed")
    func checksSendBack() async throws {
        try await Swarm.with(
            endings: [.exited(code: 0), .exited(code: 0)], checks: [.exited(code: 2)]
        ) { swarm in
            swarm.workspaces.change {
                $0.collections = [
                    Collection(head: .sample("a"), notes: []),
                    Collection(head: .sample("b"), notes: ["It deleted its branch."]),
                ]
            }
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue)
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(summary.run.head == .sample("b"))
            let prompts = swarm.agents[0].snapshot.prompts
            try #require(prompts.count == 2)
            #expect(prompts[1].contains("what make test said"))
            #expect(swarm.workspaces.change { $0.requests }.map(\.base).contains(.sample("a")))
            let posts = swarm.tracker.posts(on: issue)
            #expect(posts.contains { $0.hasPrefix("🔁 checks failed; ann gets it back") })
            #expect(posts.last?.contains("It deleted its branch.") == true)
        }
    }

    @Test("Checks that keep failing end the run, and its commits are kept")
    func checksKeepFailing() async throws {
        try await Swarm.with(
            endings: [.exited(code: 0), .exited(code: 0)],
            checks: [.exited(code: 2), .exited(code: 2)]
        ) { swarm in
            swarm.workspaces.change {
                $0.collections = [
                    Collection(head: .sample("a"), notes: []),
                    Collection(head: .sample("b"), notes: []),
                ]
            }
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue)
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(swarm.workspaces.change { $0.remote }.isEmpty)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains("skep branch diff \(run)") == true)
        }
    }

    @Test(
        "A session that somebody else stopped counts as a failure, and isn't started at once again")
    func stoppedFromOutside() async throws {
        try await Swarm.with(endings: [.stopped, .stopped]) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(swarm.agents[0].snapshot.prompts.count == 2)
        }
    }

    @Test("A check that never came to its end is run again, and costs no session")
    func lostCheck() async throws {
        try await Swarm.with(checks: [.lost]) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(swarm.agents[0].snapshot.prompts.count == 1)
            #expect(swarm.commands.lines == ["make test", "make test"])
        }
    }

    @Test("A tracker that is down makes reports wait, and they come in order when it is back")
    func trackerDown() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)
            swarm.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "The tracker is down.")
            }

            try await swarm.working {
                try await eventually("step and report wait") {
                    try await swarm.queue.jobs(matching: JobFilter(states: [.scheduled])).count == 2
                }
                let summary = try #require(try await swarm.store.run(run))
                guard case .waiting(let reason, _) = summary.state else {
                    Issue.record("it should wait, and is \(summary.state)")
                    return
                }
                #expect(reason.contains("The tracker is down."))
                #expect(summary.failures == 0)
                swarm.tracker.change { $0.failure = nil }
                _ = try await swarm.untilClosed(run)
            }

            #expect(
                swarm.tracker.posts(on: issue).map { $0.prefix(1) } == ["⚡", "🔧", "⚠️"].map { $0 })
        }
    }

    @Test("A branch with somebody else's commits is left alone; the next free name is taken")
    func takenBranch() async throws {
        try await Swarm.with { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
                $0.remote = ["ann/issue-5": .sample("f")]
            }
            let issue = swarm.tracker.put(5)

            let run = try await swarm.dispatch(issue)
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.run.branch == "ann/issue-5-2")
            #expect(
                swarm.workspaces.change { $0.remote } == [
                    "ann/issue-5": .sample("f"), "ann/issue-5-2": .sample("a"),
                ])
        }
    }
}
