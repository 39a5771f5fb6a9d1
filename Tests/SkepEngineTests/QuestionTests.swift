import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Questions and feedback")
struct QuestionTests {
    @Test("An agent asks a person, waits for the answer, and goes on with it from where it was")
    func questionAndAnswer() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].answer(with: [
                "{\"question\": \"Red or ```blue```?\"}", "{\"something\": \"else\"}",
            ])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working {
                try await eventually("it waits for a person") {
                    guard case .waiting(let reason, nil)? = try await swarm.store.run(run)?.state
                    else { return false }
                    return reason.contains("a person's answer")
                }
                #expect(
                    try await swarm.store.openQuestions(in: nil).map(\.text)
                        == ["Red or ```blue```?"])
                var answer = CommentDealing(comment: 7, place: issue, author: "maria")
                answer.answers = [run: "Red."]
                #expect(try await swarm.store.deal(with: answer))
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .published)
            #expect(summary.run.head == .sample("a"))
            let post = try #require(swarm.tracker.posts(on: issue).first { $0.hasPrefix("❓") })
            #expect(post.contains("❓ ann has a question, @"))
            #expect(post.contains("````text\nRed or ```blue```?\n````"))
            let prompt = try #require(swarm.agents[0].snapshot.prompts.last)
            #expect(
                prompt.contains("Your question:\n\nRed or ```blue```?\n\nmaria answered:\n\nRed."))
            #expect(!prompt.contains("mend it"))
            #expect(swarm.workspaces.change { $0.requests }[1].base == .sample("a"))
        }
    }

    @Test(
        "A question in the protocol is asked, shown by a label, and answered in the agent's session"
    )
    func questionInProtocol() async throws {
        let dispatch = DispatchSettings(ask: ["maria", "olaf"])
        try await Swarm.with(endings: [], dispatch: dispatch) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].tell(
                [],
                facts: ScriptedAgent.Facts(
                    failure: AgentFailure(type: .stopped, message: "it asks"),
                    start: SessionStart(vendorSession: "v-1"), question: "Red or blue?"))
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working {
                try await eventually("the label is on") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.tracker.issue(issue).hasLabel("needs-input")
                }
                let lines = try await Explainer(swarm.parts).explain(issue).lines
                #expect(
                    lines.contains {
                        $0.contains("; maria, olaf are asked; a comment ")
                            && $0.hasSuffix(" answers it")
                    })
                swarm.agents[0].answer(with: [nil])
                var answer = CommentDealing(comment: 7, place: issue, author: "maria")
                answer.answers = [run: "Red."]
                #expect(try await swarm.store.deal(with: answer))
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .published)
            #expect(summary.failures == 0)
            #expect(try await !swarm.tracker.issue(issue).hasLabel("needs-input"))
            let post = try #require(swarm.tracker.posts(on: issue).first { $0.hasPrefix("❓") })
            #expect(post.contains("❓ ann has a question, @maria, @olaf:"))
            let agent = swarm.agents[0].snapshot
            #expect(agent.resumes == [nil, "v-1"])
            #expect(agent.prompts[1].hasPrefix("maria answered your question:\n\nRed."))
            #expect(!agent.prompts[1].contains("Be good."))
        }
    }

    @Test("An answer that comes in a comment days later is all that the agent's session is told")
    func daysLater() async throws {
        try await Swarm.with(endings: [], workflows: [.sample()]) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let agent = swarm.agents[0]
            agent.tell(
                [.question("Red or blue?")],
                facts: ScriptedAgent.Facts(
                    failure: AgentFailure(type: .stopped, message: "it asks"),
                    start: SessionStart(vendorSession: "v-1"), question: "Red or blue?"))
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)
            try await swarm.working {
                try await eventually("the question is posted") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return swarm.tracker.posts(on: issue).contains { $0.contains("Red or blue?") }
                }
            }
            let coordinator = swarm.coordinator(workflows: [.sample()])
            _ = await coordinator.pass()
            swarm.clock.advance(by: .seconds(3 * 86_400))
            _ = await coordinator.pass()
            #expect(try await swarm.store.openQuestions(in: .sample).count == 1)
            #expect(try await swarm.store.openSessions().isEmpty)

            swarm.tracker.comment("Red, please.", by: "zoe", on: issue)
            _ = await coordinator.pass()
            agent.answer(with: [nil])
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(summary.failures == 0)
            #expect(agent.snapshot.resumes == [nil, "v-1"])
            let told = try #require(agent.snapshot.prompts.last)
            #expect(told.hasPrefix("zoe answered your question:\n\nRed, please.\n\n"))
            #expect(!told.contains("Fix Something is wrong"))
        }
    }

    @Test("An answer counts once: edited it is the same, and who adds to it is told how, once")
    func secondAnswer() async throws {
        try await Swarm.with(workflows: [.sample()]) { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            func ask(_ text: String) async throws {
                try await swarm.settle(
                    run, StepSettlement(.ask(text, then: NewStepJob(step: "work"))))
            }
            func hints() async throws -> [String] {
                let all = try await swarm.comments(on: issue)
                return all.filter { $0.contains("skep run say \(run)") }
            }
            try await ask("Which port?")
            swarm.tracker.change { $0.writers = ["zoe"] }
            let coordinator = swarm.coordinator(workflows: [.sample()])
            swarm.clock.advance(by: .seconds(1))
            let answer = swarm.tracker.comment("Port 80.", by: "zoe", on: issue)
            _ = await coordinator.pass()
            for text in ["And no TLS.", "Really none."] {
                swarm.clock.advance(by: .seconds(1))
                swarm.tracker.comment(text, by: "zoe", on: issue)
                swarm.tracker.comment("I think so, too.", by: "mallory", on: issue)
                _ = await coordinator.pass()
            }
            #expect(try await hints().count == 1)

            try await ask("Which host?")
            swarm.clock.advance(by: .seconds(1))
            swarm.tracker.edit(comment: answer.id, to: "Port 81.")
            _ = await coordinator.pass()

            let questions = try await swarm.store.history(of: run).questions
            #expect(questions.map(\.answer) == ["Port 80.", nil])
        }
    }

    @Test("Cancelling a run that asks takes the label away")
    func cancelledQuestion() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.agents[0].answer(with: ["{\"question\": \"Red or blue?\"}"])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            try await swarm.working {
                try await eventually("the label is on") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.tracker.issue(issue).hasLabel("needs-input")
                }
                _ = try await swarm.store.cancel(run, reason: "enough")
                _ = try await swarm.untilClosed(run)
            }

            #expect(try await !swarm.tracker.issue(issue).hasLabel("needs-input"))
        }
    }

    @Test("What was said of a pull request is told as such, with the way to merge the base")
    func feedback() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("b"), notes: [])]
                $0.remote = ["ann/issue-5": .sample("a")]
            }
            swarm.agents[0].answer(with: [nil])
            let issue = swarm.tracker.put(5)
            let opened = try await swarm.tracker.openPullRequest(
                NewPullRequest(
                    repository: .sample, title: "t", body: "", head: "ann/issue-5", base: "main"))
            let trigger = NewTrigger(
                issue: issue, agent: "ann",
                cause: .feedback(pullRequest: opened.number, fingerprint: "f"))
            let answer = try await swarm.store.open(
                trigger,
                NewRun(
                    issue: issue, issueTitle: "Something", agent: "ann", workflow: "fix",
                    branch: "ann/issue-5", continuesBranch: true,
                    firstStep: NewStepJob(
                        step: "work", priority: 7, findings: "maria: Rename it, please.")),
                reports: [])
            guard case .opened(let run) = answer else {
                Testing.Issue.record("it wasn't opened")
                return
            }

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(swarm.workspaces.change { $0.remote } == ["ann/issue-5": .sample("b")])
            let prompt = try #require(swarm.agents[0].snapshot.prompts.first)
            #expect(prompt.contains("People and checks said this of it"))
            #expect(prompt.contains("maria: Rename it, please."))
            #expect(prompt.contains("`git merge origin/main`"))
            #expect(
                swarm.tracker.posts(on: issue).last?.hasPrefix(
                    "✅ ann answered what was said of pull request #\(opened.number).") == true)
        }
    }

    @Test("Later jobs of a run are as urgent as its first")
    func priorityIsKept() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].answer(with: [nil])
            let issue = swarm.tracker.put(5)
            _ = try await swarm.store.record([
                TriggerDemand(
                    NewTrigger(issue: issue, agent: "ann", cause: .command(id: "1")), priority: 20)
            ])
            let waiting = try #require(try await swarm.store.waitingTriggers(on: issue).first)
            let answer = try await swarm.store.open(
                waiting.id,
                NewRun(
                    issue: issue, issueTitle: "Something", agent: "ann", workflow: "fix",
                    branch: "ann/issue-5", firstStep: NewStepJob(step: "work", priority: 20)),
                reports: [])
            guard case .opened(let run) = answer else {
                Testing.Issue.record("it wasn't opened")
                return
            }

            _ = try await swarm.working { try await swarm.untilClosed(run) }

            let jobs = try await swarm.queue.jobs(matching: JobFilter())
                .filter { $0.kind == SwarmQueues.step }
            #expect(jobs.map(\.priority) == [20, 20, 20])
        }
    }
}
