import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Feedback")
struct FeedbackTests {
    /// A swarm with a published pull request #50 of ann on issue #1, and a coordinator that has seen
    /// both.
    private func withPullRequest<R>(
        feedback: FeedbackSettings = FeedbackSettings(),
        _ body: (Swarm, Coordinator, IssueReference) async throws -> R
    ) async throws -> R {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let pullRequest = try await swarm.published(issue, number: 50, head: .sample("a"))
            let coordinator = swarm.coordinator(workflows: [.sample(feedback: feedback)])
            _ = await coordinator.pass()
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            return try await body(swarm, coordinator, pullRequest)
        }
    }

    @Test("A review that asks for changes goes back to its agent, with exactly what was said")
    func review() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            try swarm.tracker.review(
                .changesRequested, by: "zoe", on: pullRequest, body: "Not yet.",
                findings: [Finding(path: "a.swift", line: 3, message: "Off by one.")])

            #expect(await coordinator.pass().opened.isEmpty)
            let trigger = try #require(try await swarm.waiting().first)
            #expect(trigger.gates.map(\.kind) == [.gathering])
            #expect(
                trigger.demand.findings
                    == """
                    This was said of your pull request #50. Mend what it asks for.

                    ## Review by zoe: changes requested, at aaaaaaaaaa

                    Not yet.

                    ### a.swift, line 3

                    Off by one.
                    """)
            #expect(try await swarm.pullRequest(pullRequest).verdict == .changesRequested)

            swarm.clock.advance(by: .seconds(60))
            let run = try #require(await coordinator.pass().opened.first)
            let summary = try await swarm.run(run)
            #expect(summary.run.agent == "ann")
            #expect(summary.run.continuesBranch)
            #expect(try await swarm.pullRequest(pullRequest).rounds == 1)
            #expect(
                try await swarm.comments(on: pullRequest) == [
                    "🔁 ann takes up what was said of this pull request. Task queued."
                ])
        }
    }

    @Test("What is said in one go makes one round; what was said before doesn't come again")
    func debounced() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(50))
            swarm.tracker.comment("And document it.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            let waiting = try await swarm.waiting()
            #expect(waiting.count == 1)
            swarm.clock.advance(by: .seconds(50))
            #expect(await coordinator.pass().opened.isEmpty)
            swarm.clock.advance(by: .seconds(10))
            let run = try #require(await coordinator.pass().opened.first)

            // While it works.
            swarm.clock.advance(by: .seconds(10))
            swarm.tracker.comment("Tests, too.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(100))
            #expect(await coordinator.pass().opened.isEmpty)
            try await swarm.publish(run, number: 50, head: .sample("b"))
            swarm.clock.advance(by: .seconds(1))
            _ = await coordinator.pass()
            let second = try await swarm.runs(openOnly: true)

            #expect(second.count == 1)
            let cause = try #require(second.first?.run.cause)
            #expect(cause.hasPrefix("feedback:50:0."))
            let job = try #require(
                try await swarm.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).first)
            let findings = try await swarm.store.beginAttempt(job).findings
            #expect(findings?.contains("Tests, too.") == true)
            #expect(findings?.contains("Rename it.") == false)
        }
    }

    @Test("Approvals, commands, strangers, own reviews and own statuses send nothing back")
    func nothing() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.change { $0.writers = ["zoe"] }
            let marker = CommentMarker("run-1.review.report-9")
            try swarm.tracker.review(.approved, by: "zoe", on: pullRequest, body: "Nice.")
            try swarm.tracker.review(.changesRequested, by: "mallory", on: pullRequest, body: "No.")
            try swarm.tracker.review(
                .changesRequested, by: "zoe", on: pullRequest, body: "Mend it.\n\n\(marker)")
            swarm.tracker.comment("Delete everything.", by: "mallory", on: pullRequest)
            swarm.tracker.comment("/skep status", by: "zoe", on: pullRequest)
            swarm.tracker.comment("It was done.\n\n\(marker)", by: "skep", on: pullRequest)
            swarm.tracker.setStatus(.failure, context: "skep/gate", at: .sample("a"))
            swarm.tracker.setStatus(.success, context: "ci", at: .sample("a"))

            _ = await coordinator.pass()

            let waiting = try await swarm.waiting()
            #expect(waiting.isEmpty)
            let noted = try await swarm.pullRequest(pullRequest)
            #expect(noted.checks == .success)
        }
    }

    @Test("A failing check goes back, and is taken back when it passes meanwhile")
    func statuses() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.setStatus(
                .failure, context: "ci", description: "3 tests failed", at: .sample("a"))
            _ = await coordinator.pass()
            #expect(try await swarm.waiting().isEmpty)

            // Statuses are no changes: a hint or time tells of them.
            coordinator.hint(.sample)
            _ = await coordinator.pass()
            let waiting = try await swarm.waiting()
            #expect(waiting.first?.demand.findings?.contains("3 tests failed") == true)

            swarm.tracker.setStatus(.success, context: "ci", at: .sample("a"))
            swarm.clock.advance(by: .seconds(300))
            #expect(await coordinator.pass().opened.isEmpty)
            #expect(try await swarm.waiting().isEmpty)

        }
    }

    @Test("A check that fails again at the same commit after a round isn't said twice")
    func statusOnce() async throws {
        let settings = FeedbackSettings(quiet: .zero)
        try await withPullRequest(feedback: settings) { swarm, coordinator, pullRequest in
            swarm.tracker.setStatus(.failure, context: "ci", at: .sample("a"))
            coordinator.hint(.sample)
            let run = try #require(await coordinator.pass().opened.first)
            try await swarm.fail(run)
            coordinator.hint(.sample)
            #expect(await coordinator.pass().opened.isEmpty)

            swarm.tracker.setStatus(.failure, context: "lint", at: .sample("a"))
            coordinator.hint(.sample)
            let opened = await coordinator.pass().opened
            #expect(opened.count == 1)
        }
    }

    @Test("A conflict counts when it is seen twice at the same head")
    func conflicts() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.putPullRequest(
                50, head: "ann/issue-1", commit: .sample("a"), isMergeable: false)
            _ = await coordinator.pass()
            #expect(try await swarm.waiting().isEmpty)

            swarm.clock.advance(by: .seconds(30))
            _ = await coordinator.pass()
            let waiting = try await swarm.waiting()
            #expect(waiting.first?.demand.findings?.contains("It can't be merged") == true)

            swarm.tracker.putPullRequest(
                50, head: "ann/issue-1", commit: .sample("a"), isMergeable: true)
            swarm.clock.advance(by: .seconds(300))
            #expect(await coordinator.pass().opened.isEmpty)
        }
    }

    @Test("It goes back as often as it may; then a person is asked for, once")
    func rounds() async throws {
        let settings = FeedbackSettings(rounds: 1, quiet: .zero)
        try await withPullRequest(feedback: settings) { swarm, coordinator, pullRequest in
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            let run = try #require(await coordinator.pass().opened.first)
            try await swarm.publish(run, number: 50, head: .sample("b"))
            for text in ["Worse.", "Much worse."] {
                swarm.clock.advance(by: .seconds(1))
                swarm.tracker.comment(text, by: "zoe", on: pullRequest)
                #expect(await coordinator.pass().opened.isEmpty)
            }

            let comments = try await swarm.comments(on: pullRequest)
            #expect(comments.count { $0.hasPrefix("🙋 This went back to ann 1 time") } == 1)
            let waiting = try await swarm.waiting()
            #expect(waiting.isEmpty)

            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("/skep ann\nOnce more.", by: "zoe", on: pullRequest)
            #expect(await coordinator.pass().opened.count == 1)
            let job = try #require(
                try await swarm.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).first)
            let findings = try #require(try await swarm.store.beginAttempt(job).findings)
            for said in ["zoe asks:\n\nOnce more.", "Worse.", "Much worse."] {
                #expect(findings.contains(said))
            }
            #expect(!findings.contains("Rename it."))
        }
    }

    @Test("Only what the workflow names goes back")
    func sources() async throws {
        let settings = FeedbackSettings(sources: [.reviews], quiet: .zero)
        try await withPullRequest(feedback: settings) { swarm, coordinator, pullRequest in
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            swarm.tracker.setStatus(.error, context: "ci", at: .sample("a"))
            #expect(await coordinator.pass().opened.isEmpty)

            swarm.clock.advance(by: .seconds(1))
            try swarm.tracker.review(.changesRequested, by: "zoe", on: pullRequest, body: "No.")
            let opened = await coordinator.pass().opened
            #expect(opened.count == 1)
        }
    }

    @Test("A merge closes what others made for the issue, and stops who still works on it")
    func merged() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            let issue = IssueReference(repository: .sample, number: 1)
            let sibling = try await swarm.published(
                issue, by: "bob", number: 51, head: .sample("b"))
            let going = try await swarm.dispatch(issue, to: ["ann"])
            swarm.tracker.comment("Rename it.", by: "zoe", on: sibling)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            try await swarm.tracker.merge(pullRequest, head: .sample("a"), style: .merge)

            _ = await coordinator.pass()

            let state = try await swarm.pullRequest(pullRequest).state
            #expect(state == .merged)
            let stopped = try await swarm.run(going)
            #expect(stopped.run.cancelReason == "pull request #50 of ann was merged")
            let closing = try await swarm.reports().filter { $0.content == .close(labels: []) }
            #expect(closing.map(\.issue) == [sibling])

            swarm.clock.advance(by: .seconds(1))
            try await swarm.tracker.setOpen(false, sibling)
            _ = await coordinator.pass()
            #expect(try await swarm.pullRequest(sibling).state == .closed)
            #expect(try await swarm.waiting().isEmpty)
        }
    }

    @Test("A pull request that a person closed is noted, and nothing comes back")
    func closed() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            try await swarm.tracker.setOpen(false, pullRequest)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(3600))

            #expect(await coordinator.pass().opened.isEmpty)
            let state = try await swarm.pullRequest(pullRequest).state
            #expect(state == .closed)
        }
    }

    @Test("One that a person closes stops the run that mends it, and is looked at when reopened")
    func reopened() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(60))
            let run = try #require(await coordinator.pass().opened.first)
            try await swarm.tracker.setOpen(false, pullRequest)
            _ = await coordinator.pass()
            #expect(try await swarm.run(run).run.cancelReason == "the pull request was closed")

            swarm.clock.advance(by: .seconds(1))
            try await swarm.tracker.setOpen(true, pullRequest)
            _ = await coordinator.pass()
            #expect(try await swarm.pullRequest(pullRequest).state == .open)
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("Document it.", by: "zoe", on: pullRequest)
            _ = await coordinator.pass()
            #expect(try await swarm.waiting().count == 1)
        }
    }

    @Test("What answers a question of its agent isn't said to it again")
    func answer() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            let issue = IssueReference(repository: .sample, number: 1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            try await swarm.settle(
                run, StepSettlement(.ask("Which port?", then: NewStepJob(step: "work"))))
            swarm.tracker.comment("Port 80.", by: "zoe", on: pullRequest)

            _ = await coordinator.pass()

            let questions = try await swarm.store.history(of: run).questions
            #expect(questions.map(\.answer) == ["Port 80."])
            let waiting = try await swarm.waiting()
            #expect(waiting.isEmpty)
        }
    }

    @Test("One that is out of sight with its repository isn't taken for deleted")
    func outOfSight() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            swarm.tracker.change {
                $0.failures["pullRequest"] = ScriptedRefusal(kind: .conflict, what: "Not found.")
                $0.failures["repository"] = ScriptedRefusal(kind: .conflict, what: "Not found.")
            }
            swarm.clock.advance(by: .seconds(3600))
            #expect(await coordinator.pass().failures.count == 1)
            let hidden = try await swarm.pullRequest(pullRequest).state
            #expect(hidden == .open)

            swarm.tracker.change { $0.failures["repository"] = nil }
            swarm.clock.advance(by: .seconds(3600))
            _ = await coordinator.pass()
            let deleted = try await swarm.pullRequest(pullRequest).state
            #expect(deleted == .closed)
        }
    }

    @Test("What is said while its issue is closed waits for the issue, once")
    func issueClosed() async throws {
        try await withPullRequest { swarm, coordinator, pullRequest in
            let issue = IssueReference(repository: .sample, number: 1)
            try await swarm.tracker.setOpen(false, issue)
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("Rename it.", by: "zoe", on: pullRequest)
            for _ in 1...5 {
                _ = await coordinator.pass()
                swarm.clock.advance(by: .seconds(3600))
            }

            let waiting = try await swarm.waiting()
            #expect(waiting.map { $0.gates.map(\.kind) } == [[.closed]])
            #expect(try await swarm.eventTexts([.cancelled]).isEmpty)
        }
    }

    @Test("The newest word of each person makes the verdict; asking for changes outweighs")
    func verdicts() {
        func review(_ id: Int64, _ author: LoginName, _ verdict: Verdict, dismissed: Bool = false)
            -> Review
        {
            Review(
                id: id, author: author, verdict: verdict, body: "b", commit: nil, isStale: false,
                isDismissed: dismissed, comments: [], submittedAt: Timestamp(milliseconds: id),
                url: "")
        }
        let no = review(1, "ann", .changesRequested)

        #expect(PullRequestWatch.verdict(of: []) == nil)
        #expect(
            PullRequestWatch.verdict(of: [no, review(2, "bob", .approved)]) == .changesRequested)
        #expect(PullRequestWatch.verdict(of: [no, review(2, "ann", .approved)]) == .approved)
        #expect(
            PullRequestWatch.verdict(of: [no, review(2, "ann", .commented)]) == .changesRequested)
        #expect(
            PullRequestWatch.verdict(of: [review(1, "ann", .changesRequested, dismissed: true)])
                == nil)
    }
}
