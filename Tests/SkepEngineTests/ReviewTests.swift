import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("The review step")
struct ReviewTests {
    private static let approval = #"{"verdict": "approve", "summary": "Well done."}"#
    private static let demand = """
        {"verdict": "request_changes", "summary": "Not yet.", "mood": "bad",
         "findings": [{"path": "./a", "line": 2, "message": "It is never closed."},
                      {"path": "b", "line": 1, "message": "Not in the change."},
                      {"path": "a", "line": 99, "message": "Below the end."}]}
        """

    /// Ann works in sessions that each make a commit; the others say what they are told to.
    private func swarm<R>(
        reviewers: [AgentName] = ["bob"], rounds: Int = 2, count: Int? = nil,
        atCap: StepName? = nil, commits: [Character] = ["a"], known: [AgentName] = ["cid"],
        _ body: (Swarm) async throws -> R
    ) async throws -> R {
        let workflow = Workflow.reviewed(
            by: reviewers, rounds: rounds, count: count, atCap: atCap)
        return try await Swarm.with(endings: [], workflows: [workflow], others: known) { swarm in
            swarm.workspaces.change { state in
                state.collections = commits.map { Collection(head: .sample($0), notes: []) }
                state.files = ["a": "one\ntwo\n", "b": "one\n"]
            }
            swarm.agents[0].answer(with: commits.map { _ in nil })
            return try await body(swarm)
        }
    }

    @Test("An approved change is published, with the review as a report on the pull request")
    func approval() async throws {
        try await swarm { swarm in
            swarm.agents[1].answer(with: [Self.approval])
            swarm.workspaces.change { $0.diffs = [.sample("a"): "diff --git a/a b/a\n+better\n"] }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            let history = try await swarm.store.history(of: run)
            #expect(history.reviews.map(\.reviewer) == ["bob"])
            #expect(history.reviews.map(\.verdict) == [.approved])
            let report = try #require(history.reports.first { $0.topic == "review-bob-1" })
            #expect(report.issue.number == summary.run.pullRequest?.number)
            guard case .review(let review, by: "bob") = report.content else {
                Testing.Issue.record("it is no review: \(report.content)")
                return
            }
            #expect(review.verdict == .approved)
            #expect(review.commit == .sample("a"))
            #expect(review.body.contains("Well done."))
            let posted = try #require(swarm.tracker.state.reviews[report.issue])
            #expect(posted.count == 1)
            #expect(posted.first?.commit == .sample("a"))
            let prompt = try #require(swarm.agents[1].snapshot.prompts.first)
            for part in ["+better", "that ann made for issue #5", "There were no earlier rounds."] {
                #expect(prompt.contains(part))
            }
            #expect(prompt.contains("output.json"))
            // It may build and try what it looks at; that is thrown away.
            #expect(swarm.agents[1].snapshot.areReadOnly == [false])
        }
    }

    @Test("Changes that are asked for go back with exactly these findings, then it is published")
    func changesRequested() async throws {
        try await swarm(commits: ["a", "b"]) { swarm in
            swarm.agents[1].answer(with: [Self.demand, Self.approval])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(summary.run.head == .sample("b"))
            let prompt = try #require(swarm.agents[0].snapshot.prompts.last)
            #expect(
                prompt.hasSuffix(
                    """
                    mend it:

                    bob asks for changes: Not yet.
                    - a:2: It is never closed.
                    - b:1: Not in the change.
                    - a:99: Below the end.
                    """))
            let history = try await swarm.store.history(of: run)
            let reviews = history.reviews
            // Both rounds are posted, the last word last.
            #expect(
                history.reports.map(\.topic).filter { $0.hasPrefix("review-bob-") }
                    == ["review-bob-1", "review-bob-2"])
            #expect(reviews.map(\.round) == [1, 2])
            #expect(reviews[0].findings.map(\.path) == ["a", nil, nil])
            #expect(reviews[0].findings.map(\.line) == [2, nil, nil])
            #expect(
                swarm.agents[1].snapshot.prompts.last?.contains(
                    "Round 1:\n\nbob asks for changes: Not yet.") == true)
            #expect(
                swarm.tracker.posts(on: issue).contains {
                    $0.hasPrefix("🔁 bob asks for changes; ann gets it back")
                })
        }
    }

    @Test("A reviewer who was added between two rounds doesn't make the others begin again")
    func addedReviewer() async throws {
        try await swarm(commits: ["a", "b"]) { swarm in
            swarm.agents[1].answer(with: [Self.demand, Self.approval])
            swarm.agents[2].answer(with: [Self.approval])
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            let wider = swarm.parts(
                dispatch: DispatchSettings(),
                workflows: [
                    .reviewed(by: ["bob", "cid"], rounds: 2, count: nil, atCap: nil)
                ])

            // After the first answer the operator restarts it with another file.
            let first = SwarmWorker(swarm.parts) { .stop }
            // Both are awaited below.
            let before = Task { try await first.run() }
            try await eventually("bob asked for changes", within: .seconds(120)) {
                swarm.clock.advance(by: .milliseconds(100))
                return try await !swarm.store.history(of: run).reviews.isEmpty
            }
            before.cancel()
            _ = await before.result
            let second = SwarmWorker(wider) { .stop }
            let after = Task { try await second.run() }
            let summary = try await swarm.untilClosed(run)
            after.cancel()
            _ = await after.result

            #expect(summary.state == .published)
            let reviews = try await swarm.store.history(of: run).reviews
            #expect(reviews.map(\.reviewer) == ["bob", "bob", "cid"])
        }
    }

    @Test("After the last round the run fails, and the findings are kept")
    func cap() async throws {
        try await swarm(rounds: 1, commits: ["a", "b"]) { swarm in
            swarm.agents[1].answer(with: [Self.demand, Self.demand])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(swarm.workspaces.change { $0.remote }.isEmpty)
            #expect(try await swarm.store.history(of: run).reviews.count == 2)
            let post = try #require(swarm.tracker.posts(on: issue).last)
            #expect(post.contains("bob asks for changes"))
            #expect(post.contains("It is never closed."))
        }
    }

    @Test("A workflow may publish after the last round all the same, and says so")
    func atCap() async throws {
        try await swarm(rounds: 0, atCap: "publish") { swarm in
            swarm.agents[1].answer(with: [Self.demand])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains("bob still asks for changes") == true)
        }
    }

    @Test("Several reviewers look one after the other, never the author, and each is heard")
    func severalReviewers() async throws {
        try await swarm(reviewers: ["ann", "bob", "cid"], commits: ["a", "b"]) { swarm in
            swarm.agents[1].answer(with: [Self.approval, Self.approval])
            swarm.agents[2].answer(with: [Self.demand, Self.approval])
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            let history = try await swarm.store.history(of: run)
            #expect(history.reviews.map(\.reviewer) == ["bob", "cid", "bob", "cid"])
            #expect(history.reviews.map(\.round) == [1, 1, 2, 2])
            #expect(swarm.agents[0].snapshot.prompts.count == 2)
            #expect(swarm.agents[0].snapshot.prompts.last?.contains("cid asks for changes") == true)
            #expect(swarm.agents[0].snapshot.prompts.last?.contains("bob") == false)
            #expect(history.reports.filter { $0.topic.hasPrefix("review-bob-") }.count == 2)
            #expect(history.sessions.map(\.agent) == ["ann", "bob", "cid", "ann", "bob", "cid"])
        }
    }

    @Test("Where nobody but the author is named, the run fails and says what to do")
    func nobodyLeft() async throws {
        try await swarm(reviewers: ["ann"]) { swarm in
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "nobody can review it: step \"review\" of workflow \"fix\" names ann only")
                    == true)
        }
    }

    @Test("A reviewer who isn't there is waited for")
    func unknownReviewer() async throws {
        try await swarm(reviewers: ["dora"]) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                try await eventually("it waits") {
                    guard case .waiting(let reason, _)? = try await swarm.store.run(run)?.state
                    else { return false }
                    return reason.contains("There is no agent \"dora\".")
                }
            }
        }
    }

    @Test("A session without a usable verdict is no review, and is tried again")
    func noVerdict() async throws {
        try await swarm { swarm in
            swarm.agents[1].answer(with: [nil, #"{"verdict": "perhaps"}"#])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.failures == 2)
            #expect(try await swarm.store.history(of: run).reviews.isEmpty)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "bob gave no verdict: its verdict must be approve, request_changes or comment")
                    == true)
        }
    }

    @Test("A review whose worker leaves in the middle is adopted by the next")
    func adoption() async throws {
        try await swarm { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(ending: .detach) {
                try await eventually("bob looks") { swarm.agents[1].snapshot.running.count == 1 }
            }

            let summary = try await swarm.working {
                try await eventually("it is adopted") { swarm.agents[1].snapshot.adoptions == 1 }
                swarm.agents[1].finish(document: Self.approval)
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .published)
            #expect(swarm.agents[1].snapshot.prompts.count == 1)
        }
    }

    @Test("A cancelled run stops its reviewer, and nothing of the reviewer's is kept")
    func cancellation() async throws {
        try await swarm { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working {
                try await eventually("bob looks") { swarm.agents[1].snapshot.running.count == 1 }
                _ = try await swarm.store.cancel(run, reason: "not now")
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .cancelled)
            #expect(swarm.agents[1].snapshot.stopped.count == 1)
            #expect(swarm.workspaces.change { $0.rescues }.isEmpty)
        }
    }
}

extension Workflow {
    /// Work, review, publish.
    static func reviewed(
        by reviewers: [AgentName], rounds: Int, count: Int? = nil, atCap: StepName? = nil
    ) -> Workflow {
        let place = SettingsLocation(source: "test")
        var transitions: [String: StepName] = ["changes_requested": "work"]
        transitions["at_cap"] = atCap
        return scripted([
            StepDefinition(name: "work", kind: "agent", maxFailures: 2, location: place),
            StepDefinition(
                name: "review", kind: "review", maxFailures: 2, onOutcome: transitions,
                rounds: rounds, reviewers: reviewers, reviewerCount: count, location: place),
            StepDefinition(name: "publish", kind: "publish", location: place),
        ])
    }

    static func scripted(_ steps: [StepDefinition], name: WorkflowName = "fix") -> Workflow {
        let mistakes = SettingsMistakes()
        let place = SettingsLocation(source: "test")
        let names: Set<String> = ["agent.name", "issue.number", "issue.title", "candidates"]
        func template(_ text: String) -> Template {
            Template(text, names: names, at: place, mistakes: mistakes)
        }
        return Workflow(
            name: name, selection: nil, asks: [.label, .assignee], defaultAgent: "ann",
            branch: template("{{ agent.name }}/issue-{{ issue.number }}"), steps: steps,
            prompt: template("Do {{ issue.title }}\n\n{{ candidates }}"), keepsIgnored: false,
            location: place)
    }
}
