import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("The choose step")
struct ChooseTests {
    private static let place = SettingsLocation(source: "test")
    private static let workflows: [Workflow] = [
        .scripted([
            StepDefinition(name: "work", kind: "agent", location: place),
            StepDefinition(name: "publish", kind: "publish", location: place),
        ]),
        .scripted(
            [StepDefinition(name: "choose", kind: "choose", maxFailures: 2, location: place)],
            name: "choose"),
    ]

    /// Ann and bob have published the issue; then `chooser` is asked.
    private func afterRace(
        chooser: AgentName, _ body: (Swarm, IssueReference, RunID) async throws -> Void
    ) async throws {
        try await Swarm.with(endings: [], workflows: Self.workflows, others: ["cid"]) { swarm in
            let issue = swarm.tracker.put(5)
            for (agent, commit) in [(swarm.agents[0], "a"), (swarm.agents[1], "b")]
                as [(ScriptedAgent, Character)]
            {
                swarm.workspaces.change {
                    $0.collections = [Collection(head: .sample(commit), notes: [])]
                }
                agent.answer(with: [nil])
                let run = try await swarm.dispatch(issue, to: [agent.definition.name])
                _ = try await swarm.working { try await swarm.untilClosed(run) }
            }
            let runs = try await swarm.store.runs(matching: RunFilter(issue: issue)).map(\.run.id)
            let answer = try await swarm.store.open(
                NewTrigger(issue: issue, agent: chooser, cause: .choice(runs)),
                NewRun(
                    issue: issue, issueTitle: "Something", agent: chooser, workflow: "choose",
                    branch: "cid/issue-5", firstStep: NewStepJob(step: "choose", maxFailures: 2)),
                reports: [])
            guard case .opened(let run) = answer else {
                Testing.Issue.record("it wasn't opened")
                return
            }
            try await body(swarm, issue, run)
        }
    }

    @Test("One pull request is chosen, the issue hears why, and the others are closed with a word")
    func choice() async throws {
        try await afterRace(chooser: "cid") { swarm, issue, run in
            swarm.agents[2].answer(with: [#"{"choice": "bob", "why": "It has tests."}"#])

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .chosen)
            let prompt = try #require(swarm.agents[2].snapshot.prompts.first)
            for part in ["## ann", "## bob", "changed in \(CommitID.sample("a"))", "\"choice\""] {
                #expect(prompt.contains(part), "\(part)")
            }
            let post = try #require(swarm.tracker.posts(on: issue).last)
            #expect(post.hasPrefix("🏁 cid chose pull request #"))
            #expect(post.contains("It has tests."))
            let pulls = try await swarm.store.runs(matching: RunFilter(issue: issue)).map(\.run)
            let loser = try #require(pulls.first { $0.agent == "ann" }?.pullRequest)
            let reports = try await swarm.store.history(of: run).reports
            let closings = reports.filter { $0.content == .close(labels: []) }
            #expect(closings.map(\.issue.number) == [loser.number])
            #expect(closings.first?.body.contains("so this one of ann is closed") == true)
        }
    }

    @Test("Who made one of the pull requests doesn't choose among them")
    func ownWork() async throws {
        try await afterRace(chooser: "ann") { swarm, issue, run in
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "ann made one of the pull requests, and can't choose among them") == true)
        }
    }

    @Test("A choice of somebody who isn't there is none, and is tried again")
    func unknownChoice() async throws {
        try await afterRace(chooser: "cid") { swarm, issue, run in
            swarm.agents[2].answer(with: [#"{"choice": "zoe"}"#, #"{"choice": 7}"#])

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "cid chose none: the document at $SKEP_OUTPUT: \"choice\" must be a text")
                    == true)
        }
    }

    @Test("When a person has merged one there is nothing to choose any more")
    func mergedMeanwhile() async throws {
        try await afterRace(chooser: "cid") { swarm, _, run in
            swarm.tracker.change { state in
                for (number, pull) in state.pullRequests where pull.head == "bob/issue-5" {
                    state.pullRequests[number] = PullRequest(
                        number: number, title: pull.title, isOpen: false, isMerged: true,
                        head: pull.head, base: pull.base, headCommit: pull.headCommit,
                        url: pull.url)
                }
            }

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .noChanges)
            #expect(summary.run.closing?.detail.contains("is merged already") == true)
            #expect(swarm.agents[2].snapshot.prompts.isEmpty)
        }
    }
}
