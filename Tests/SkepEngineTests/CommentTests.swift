import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Comments")
struct CommentTests {
    @Test("A command from somebody who may is seen at once and opens a run for each agent it names")
    func asking() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["priority/high"])
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            let comment = swarm.tracker.comment(
                "/skep ann bob\nMind the parser.", by: "zoe", on: issue)

            let pass = await coordinator.pass()
            let again = await coordinator.pass()

            #expect(pass.opened.count == 2)
            #expect(again.opened.isEmpty)
            let reports = try await swarm.reports()
            #expect(reports.map(\.content).contains(.reaction(.eyes, comment: comment.id)))
            #expect(!reports.contains { $0.topic == "comment-\(comment.id)" })
            let job = try #require(
                try await swarm.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).first)
            let step = try await swarm.store.beginAttempt(job)
            #expect(step.findings == "zoe asks:\n\nMind the parser.")
            #expect(step.run.priority == 20)
        }
    }

    @Test("What stands beside the agent's name is told to it, as what it is")
    func told() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("/skep ann\nMind the parser.", by: "zoe", on: issue)
            let run = try #require(await coordinator.pass().opened.first)

            _ = try await swarm.working { try await swarm.untilClosed(run) }

            let prompt = try #require(swarm.agents[0].snapshot.prompts.first)
            #expect(
                prompt.hasSuffix(
                    "This was said to you beside the issue:\n\nzoe asks:\n\nMind the parser."))
            #expect(try await swarm.run(run).run.asked == "zoe asks:\n\nMind the parser.")
        }
    }

    @Test("What Skep said itself is never answered, whoever's account it used")
    func ownComments() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment(
                "/skep ann\n\n\(CommentMarker("comment-4.report-1"))", by: "ann", on: issue)

            let pass = await coordinator.pass()

            let reports = try await swarm.reports()
            #expect(pass.opened.isEmpty)
            #expect(reports.isEmpty)
        }
    }

    @Test("A stranger is refused once on an issue, and nothing else happens")
    func stranger() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            swarm.tracker.change { $0.writers = ["zoe"] }
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            for text in ["/skep ann", "/skep stop", "just words"] {
                swarm.clock.advance(by: .seconds(1))
                swarm.tracker.comment(text, by: "Mallory", on: issue)
                _ = await coordinator.pass()
            }

            let reports = try await swarm.reports()
            #expect(reports.map(\.topic) == ["stranger-mallory"])
            #expect(reports.first?.body.hasPrefix("Mallory may not ask agents here") == true)
            let runs = try await swarm.runs()
            #expect(runs.isEmpty)
        }
    }

    @Test("A word nobody knows is answered with the nearest one that is known")
    func unknownWord() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            swarm.tracker.comment("/skep anm", on: issue)
            let pass = await swarm.coordinator(workflows: [.sample()]).pass()

            let comments = try await swarm.comments(on: issue)
            #expect(pass.opened.isEmpty)
            #expect(comments == ["There is no agent \"anm\". Did you mean \"ann\"?"])
        }
    }

    @Test("What waits says for what; a busy agent and a closed issue are told of")
    func waitingAndRefused() async throws {
        try await Swarm.with { swarm in
            let held = swarm.tracker.put(1, labels: ["skep/hold"])
            let busy = swarm.tracker.put(2)
            let closed = swarm.tracker.put(3, isOpen: false)
            let run = try await swarm.dispatch(busy, to: ["ann"])
            for issue in [held, busy, closed] { swarm.tracker.comment("/skep ann", on: issue) }

            let coordinator = swarm.coordinator(workflows: [.sample()])
            let pass = await coordinator.pass()

            #expect(pass.opened.isEmpty)
            let comments = try await [held, busy, closed].asyncMap {
                try await swarm.comments(on: $0).filter { !$0.contains("Dispatched") }
            }
            #expect(
                comments == [
                    [
                        "ann is asked, and waits:\n- It carries the label skep/hold. "
                            + "It goes on when the label is taken off."
                    ],
                    ["ann works on it already, in run \(run)."],
                    ["acme/widgets#3 is closed; reopen it, then ask again."],
                ])
        }
    }

    @Test("Stop ends what runs and what waits, of all agents or of those named")
    func stopping() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann", "agent/bob"])
            let coordinator = swarm.coordinator(
                dispatch: DispatchSettings(maxRuns: 1), workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("/skep stop", by: "zoe", on: issue)

            let pass = await coordinator.pass()

            #expect(pass.opened.isEmpty)
            let runs = try await swarm.runs()
            #expect(runs.map(\.state) == [.cancelled])
            #expect(runs.first?.run.cancelReason == "zoe said stop")
            let waiting = try await swarm.waiting()
            #expect(waiting.isEmpty)
        }
    }

    @Test("Retry tries again what failed, in the same run")
    func retrying() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            try await swarm.fail(run)
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("/skep retry\n/skep status", on: issue)

            _ = await swarm.coordinator(workflows: [.sample()]).pass()

            let state = try await swarm.run(run).state
            #expect(state == .queued)
            let comments = try await swarm.comments(on: issue)
            #expect(
                comments.last == "ann tries again, in run 1.\n- ann, run 1: failed")
        }
    }

    @Test(
        "Picking an agent's pull request closes the others with a word, and stops who still works")
    func picking() async throws {
        try await Swarm.with(others: ["cy"]) { swarm in
            let issue = swarm.tracker.put(1)
            let first = try await swarm.published(
                issue, by: "ann", number: 50, head: .sample("a"))
            let second = try await swarm.published(
                issue, by: "bob", number: 51, head: .sample("b"))
            let late = try await swarm.dispatch(issue, to: ["cy"])
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("/skep pick bob", by: "zoe", on: second)

            _ = await swarm.coordinator(workflows: [.sample()]).pass()

            let closing = try await swarm.reports().filter { $0.content == .close(labels: []) }
            #expect(closing.map(\.issue) == [first])
            #expect(
                closing.first?.body
                    == "Closing this: pull request #51 of bob is the one for #1; zoe chose it. "
                    + "The branch `ann/issue-1` stays.")
            let stopped = try await swarm.run(late)
            #expect(stopped.run.cancelReason == "zoe chose pull request #51 of bob")
            let comments = try await swarm.comments(on: second)
            #expect(comments.last == "#51 of bob it is. Closing #50 (ann).")
        }
    }

    @Test("A comment without a command answers the open question of a run; a stranger's doesn't")
    func answering() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            try await swarm.settle(
                run, StepSettlement(.ask("Which port?", then: NewStepJob(step: "work"))))
            swarm.tracker.change { $0.writers = ["zoe"] }
            let coordinator = swarm.coordinator(workflows: [.sample()])
            swarm.tracker.comment("Port 1.", by: "mallory", on: issue)
            _ = await coordinator.pass()
            let before = try await swarm.store.openQuestions(in: .sample)
            #expect(before.count == 1)

            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.comment("Port 80.", by: "zoe", on: issue)
            _ = await coordinator.pass()

            let questions = try await swarm.store.history(of: run).questions
            #expect(questions.map(\.answer) == ["Port 80."])
            #expect(questions.map(\.answeredBy) == ["zoe"])
        }
    }

    @Test("An answer that quotes the question is heard, with the marker in the quote")
    func quotedAnswer() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            try await swarm.settle(
                run, StepSettlement(.ask("Which port?", then: NewStepJob(step: "work"))))
            let marker = CommentMarker("run-1.question-1.report-2")
            swarm.tracker.comment(
                "> ❓ ann has a question\n> \n> \(marker)\n\nPort 80.", by: "zoe", on: issue)

            _ = await swarm.coordinator(workflows: [.sample()]).pass()

            let questions = try await swarm.store.history(of: run).questions
            #expect(questions.first?.answer?.hasSuffix("Port 80.") == true)
        }
    }

    @Test("The author of an issue who was asked and may not answer is told so")
    func authorMayNotAnswer() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let author = try await swarm.tracker.issue(issue).author
            let run = try await swarm.dispatch(issue, to: ["ann"])
            try await swarm.settle(
                run, StepSettlement(.ask("Which port?", then: NewStepJob(step: "work"))))
            swarm.tracker.change { $0.writers = ["zoe"] }
            swarm.tracker.comment("Port 1.", by: author, on: issue)
            swarm.tracker.comment("Port 2.", by: "mallory", on: issue)

            _ = await swarm.coordinator(workflows: [.sample()]).pass()

            let refusals = try await swarm.reports().map(\.topic).filter {
                $0.hasPrefix("stranger-")
            }
            #expect(refusals == ["stranger-\(author)"])
            let open = try await swarm.store.openQuestions(in: .sample)
            #expect(open.count == 1)
        }
    }

    @Test("What can't be tried again isn't said to be")
    func vainRetries() async throws {
        try await Swarm.with { swarm in
            let asking = swarm.tracker.put(1)
            let run = try await swarm.dispatch(asking, to: ["ann"])
            try await swarm.settle(
                run, StepSettlement(.ask("Which port?", then: NewStepJob(step: "work"))))
            _ = try await swarm.store.cancel(run, reason: "zoe said stop")
            let closed = swarm.tracker.put(2)
            let failed = try await swarm.dispatch(closed, to: ["ann"])
            try await swarm.fail(failed)
            try await swarm.tracker.setOpen(false, closed)
            swarm.tracker.comment("/skep retry", on: asking)
            swarm.tracker.comment("/skep retry", on: closed)

            _ = await swarm.coordinator(workflows: [.sample()]).pass()

            let answers = try await [asking, closed].asyncMap {
                try await swarm.comments(on: $0).last
            }
            #expect(
                answers == [
                    "Run \(run) of ann can't be tried again; `/skep ann` asks anew.",
                    "\(closed) is closed; reopen it, then ask again.",
                ])
            #expect(try await swarm.runs(openOnly: true).isEmpty)
        }
    }

    @Test("A comment that was dealt with isn't answered again when it is edited")
    func edited() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let comment = swarm.tracker.comment("/skep help", on: issue)
            let later = swarm.tracker.comment("hm", on: issue)
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.edit(comment: comment.id, to: "/skep ann")
            swarm.tracker.edit(comment: later.id, to: "/skep bob")

            _ = await coordinator.pass()

            let runs = try await swarm.runs()
            #expect(runs.map(\.run.agent) == ["bob"])
        }
    }

    @Test("A tracker that can't say who may keeps the comment for later")
    func permissionUnknown() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            swarm.tracker.comment("/skep ann", on: issue)
            swarm.tracker.change {
                $0.failures["canWrite"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }
            let coordinator = swarm.coordinator(workflows: [.sample()])
            #expect(await coordinator.pass().failures.count == 1)

            swarm.tracker.change { $0.failures = [:] }
            let pass = await coordinator.pass()

            #expect(pass.opened.count == 1)
        }
    }

    @Test("A comment that can't be dealt with is told of")
    func trouble() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            swarm.tracker.comment("/skep ann", by: "zoe", on: issue)
            swarm.tracker.change {
                $0.failures["issue"] = ScriptedRefusal(kind: .refused, what: "Not now.")
            }

            let coordinator = swarm.coordinator(workflows: [.sample()])
            #expect(await coordinator.pass().failures.count == 1)

            let events = try await swarm.eventTexts([.trouble])
            #expect(events == ["the comment of zoe can't be dealt with: Not now."])
        }
    }

    @Test("An old comment of before the first start isn't dug up")
    func oldComments() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            swarm.tracker.comment("/skep ann", on: issue)
            swarm.clock.advance(by: .seconds(7200))
            swarm.tracker.put(2)

            let pass = await swarm.coordinator(workflows: [.sample()]).pass()

            #expect(pass.opened.isEmpty)
        }
    }
}

extension Sequence {
    func asyncMap<R>(_ body: (Element) async throws -> R) async throws -> [R] {
        var results: [R] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
