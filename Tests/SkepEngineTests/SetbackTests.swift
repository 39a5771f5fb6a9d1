import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Agents that can't go on")
struct SetbackTests {
    private let account = ProviderAccount(rawValue: "ann")

    private func ann(_ swarm: Swarm) -> ScriptedAgent { swarm.agents[0] }

    /// Has ann's next sessions end as said, on a run that is opened for it.
    private func failing(
        _ types: [FailureType], vendorSession: String? = nil,
        _ body: (Swarm, RunID) async throws -> Void
    ) async throws {
        try await Swarm.with(endings: []) { swarm in
            for type in types { ann(swarm).fail(type, vendorSession: vendorSession) }
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await body(swarm, run)
        }
    }

    /// Lets the clock go on until something is so.
    private func until(
        _ swarm: Swarm, _ what: String, step: Duration = .milliseconds(100),
        _ condition: @escaping () async throws -> Bool
    ) async throws {
        try await eventually(what, within: .seconds(120)) {
            if try await condition() { return true }
            swarm.clock.advance(by: step)
            return false
        }
    }

    @Test("An agent that begins anew is told where the attempt before it left its work")
    func leftBefore() async throws {
        try await failing([.timedOut]) { swarm, run in
            swarm.workspaces.change { $0.left = [1: .sample("b")] }
            ann(swarm).answer(with: [nil])
            try await swarm.working {
                try await until(swarm, "it was tried again") {
                    ann(swarm).snapshot.prompts.count == 2
                }
            }

            let prompts = ann(swarm).snapshot.prompts
            #expect(!prompts[0].contains("git log"))
            #expect(prompts[1].contains("`git log -p HEAD..\(CommitID.sample("b"))` shows it"))
        }
    }

    @Test("Out of quota, a run waits without a failure, and goes on with its session afterwards")
    func quota() async throws {
        try await failing([.quota], vendorSession: "v-1") { swarm, run in
            try await swarm.working {
                try await until(swarm, "the account waits") {
                    try await !swarm.store.accountHolds().isEmpty
                }
                let hold = try #require(try await swarm.store.accountHolds().first)
                let summary = try #require(try await swarm.store.run(run))
                #expect(hold.account == account)
                #expect(summary.failures == 0)
                #expect("\(summary.state)".contains("account ann is out of quota"))
                let other = try await swarm.dispatchAnswer(swarm.tracker.put(6), to: ["ann"])
                #expect(other.map(\.kind) == [.account])

                ann(swarm).answer(with: [nil])
                // At once: leases don't outlive small steps that are many.
                swarm.clock.advance(by: .seconds(300))
                try await until(swarm, "it was tried again") {
                    ann(swarm).snapshot.prompts.count == 2
                }
                try await until(swarm, "the account works") {
                    try await swarm.store.accountHolds().isEmpty
                }
            }

            #expect(ann(swarm).snapshot.resumes == [nil, "v-1"])
            #expect(ann(swarm).snapshot.prompts[1].contains("Go on with the task"))
            #expect(
                swarm.workspaces.change { $0.requests.map { $0.resumes != nil } }.prefix(2) == [
                    false, true,
                ])
            let report = try await swarm.store.history(of: run).reports.first {
                $0.topic == "waits-quota"
            }
            #expect(report?.body.contains("`skep agent resume ann`") == true)
        }
    }

    @Test("An overloaded provider is waited for, ever longer, without a failure")
    func overload() async throws {
        try await failing([.overload, .network]) { swarm, run in
            ann(swarm).answer(with: [nil])
            _ = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(ann(swarm).snapshot.prompts.count == 3)
            let outcomes = try await swarm.store.history(of: run).attempts.map(\.outcome)
            #expect(outcomes.prefix(2) == ["snoozed", "snoozed"])
        }
    }

    @Test("A provider that can't be reached for twelve hours in a row ends the run")
    func longestWait() async throws {
        try await failing(Array(repeating: .network, count: 9)) { swarm, run in
            try await swarm.working {
                var tried = 0
                try await eventually("the run has failed") {
                    let attempts = try await swarm.store.history(of: run).attempts
                    guard attempts.count > tried, let last = attempts.last?.outcome else {
                        swarm.clock.advance(by: .milliseconds(100))
                        return false
                    }
                    tried = attempts.count
                    // Nothing is leased now that a jump of the clock could harm.
                    if last == "snoozed" { swarm.clock.advance(by: .seconds(3 * 3600)) }
                    return last == "failed"
                }
            }

            #expect(ann(swarm).snapshot.prompts.count == 5)
            let summary = try await swarm.run(run)
            #expect(summary.state == .failed)
            #expect(
                summary.run.closing?.detail
                    == "network trouble: as scripted (so ended 5 sessions in a row, for 12 hours)")
        }
    }

    @Test("Two agents of one account wait together until its reset time, and then go on")
    func oneAccount() async throws {
        let account = ProviderAccount(rawValue: "team")
        try await Swarm.with(endings: [], provider: account) { swarm in
            swarm.workspaces.change {
                $0.collections = [
                    Collection(head: nil, notes: []), Collection(head: .sample("a"), notes: []),
                    Collection(head: .sample("b"), notes: []),
                ]
            }
            let reset = swarm.clock.now + .seconds(7200)
            ann(swarm).fail(.quota, resetsAt: reset, vendorSession: "v-1")
            let issues = [swarm.tracker.put(5), swarm.tracker.put(6)]
            let first = try await swarm.dispatch(issues[0], to: ["ann"])
            let second = try await swarm.open(
                issues[1], by: "bob", notBefore: swarm.clock.now + .seconds(60))

            try await swarm.working {
                try await eventually("the account waits") {
                    try await !swarm.store.accountHolds().isEmpty
                }
                swarm.clock.advance(by: .seconds(60))
                try await until(swarm, "both wait") {
                    try await swarm.run(second).state.isWaiting(for: "account team is out of quota")
                }
                for (run, issue) in zip([first, second], issues) {
                    let summary = try await swarm.run(run)
                    #expect(summary.state.isWaiting(for: "account team is out of quota"))
                    #expect(summary.failures == 0)
                    let lines = try await Explainer(swarm.parts).explain(issue).lines
                    #expect(
                        lines.contains {
                            $0.contains("waiting: account team is out of quota, until ")
                                && $0.hasSuffix("; \"skep agent resume team\" has it tried at once")
                        })
                }
                let leased = try await swarm.queue.jobs(matching: JobFilter())
                    .filter { $0.kind == SwarmQueues.step && $0.state == .leased }
                #expect(leased.isEmpty)
                #expect(swarm.agents[1].snapshot.prompts.isEmpty)

                ann(swarm).answer(with: [nil])
                swarm.agents[1].answer(with: [nil])
                swarm.clock.advance(by: .seconds(7140))
                for run in [first, second] {
                    let summary = try await swarm.untilClosed(run)
                    #expect(summary.state == .published)
                    #expect(summary.failures == 0)
                }
            }

            #expect(try await swarm.store.accountHolds().isEmpty)
            #expect(ann(swarm).snapshot.resumes == [nil, "v-1"])
        }
    }

    @Test("A comment that has a waiting run tried again has its account tried at once")
    func retryComment() async throws {
        try await Swarm.with(endings: [], workflows: [.sample()]) { swarm in
            swarm.workspaces.change {
                $0.collections = [
                    Collection(head: nil, notes: []), Collection(head: .sample("a"), notes: []),
                ]
            }
            ann(swarm).fail(.quota, resetsAt: swarm.clock.now + .seconds(86_400))
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)
            let coordinator = swarm.coordinator(workflows: [.sample()])
            try await swarm.working {
                try await until(swarm, "it waits") {
                    try await swarm.run(run).state.isWaiting(for: "account ann is out of quota")
                }
                _ = await coordinator.pass()
                swarm.clock.advance(by: .seconds(1))
                swarm.tracker.comment("/skep retry", by: "zoe", on: issue)
                ann(swarm).answer(with: [nil])
                _ = await coordinator.pass()

                let summary = try await swarm.untilClosed(run)

                #expect(summary.state == .published)
                try await until(swarm, "it is told") {
                    swarm.tracker.posts(on: issue).contains {
                        $0.contains("ann goes on, in run \(run): account ann is tried again.")
                    }
                }
            }
        }
    }

    @Test("An agent that goes round in circles is stopped and begins anew, then the run fails")
    func circles() async throws {
        let idle = (0..<40).map { number in
            SessionEvent.Kind.tool(
                ToolCall(id: "t\(number)", title: "run", input: "ls", status: .completed))
        }
        try await Swarm.with(endings: []) { swarm in
            for _ in 0..<2 {
                ann(swarm).tell(
                    idle,
                    facts: ScriptedAgent.Facts(start: SessionStart(vendorSession: "v-1")))
            }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.run.closing?.detail.hasPrefix("no progress") == true)
            #expect(ann(swarm).snapshot.resumes == [nil, nil])
            #expect(ann(swarm).snapshot.stopped.count == 2)
        }
    }

    @Test("What only a person can mend ends the run, with a report that says what to do")
    func givesUp() async throws {
        try await failing([.wrongVersion]) { swarm, run in
            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.run.closing?.detail == "wrong version of the program: as scripted")
            let report = try #require(
                try await swarm.store.history(of: run).reports.first { $0.topic == "result" })
            #expect(report.body.contains("wrong version of the program"))
            #expect(report.body.contains("up to date"))
        }
    }

    @Test("A crash counts, and is gone on with; a conversation that is too long begins anew")
    func retries() async throws {
        for (type, resumed) in [
            (FailureType.crashed, "v-1"), (.stalled, "v-1"), (.contextOverflow, nil),
        ] {
            try await failing([type], vendorSession: "v-1") { swarm, run in
                ann(swarm).answer(with: [nil])
                _ = try await swarm.working { try await swarm.untilClosed(run) }

                #expect(ann(swarm).snapshot.resumes == [nil, resumed])
                let attempts = try await swarm.store.history(of: run).attempts
                #expect(attempts.first?.outcome == "retry")
            }
        }
    }

    @Test("A commit that comes back unchanged twice isn't sent back again")
    func sameCommit() async throws {
        let workflow = try Workflow.checked(rounds: 5)
        try await Swarm.with(
            checks: Array(repeating: .exited(code: 1), count: 6), workflows: [workflow]
        ) { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
            }
            ann(swarm).answer(with: [nil, nil, nil, nil, nil])
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.run.closing?.detail.hasPrefix("no progress") == true)
            #expect(swarm.commands.lines.count == 3)
        }
    }
}

extension RunState {
    fileprivate func isWaiting(for words: String) -> Bool {
        guard case .waiting(let reason, _) = self else { return false }
        return reason.contains(words)
    }
}

extension Swarm {
    /// Opens a run whose job waits for a time.
    fileprivate func open(_ issue: IssueReference, by agent: AgentName, notBefore: Timestamp)
        async throws -> RunID
    {
        let answer = try await store.open(
            NewTrigger(issue: issue, agent: agent, cause: .command(id: "later")),
            NewRun(
                issue: issue, issueTitle: "Something", agent: agent, workflow: "fix",
                branch: BranchName(rawValue: "\(agent)/issue-\(issue.number)"),
                firstStep: NewStepJob(step: "work", notBefore: notBefore)), reports: [])
        guard case .opened(let run) = answer else {
            throw ScriptedRefusal(kind: .conflict, what: "not opened: \(answer)")
        }
        return run
    }

    /// The gates that a dispatched issue waits for.
    func dispatchAnswer(_ issue: IssueReference, to agents: [AgentName]) async throws
        -> [ShutGate]
    {
        let answers = try await Dispatcher(parts).dispatch(issue, to: agents)
        guard case .waiting(let gates)? = answers.first?.answer else { return [] }
        return gates
    }
}

extension Workflow {
    /// Work, then checks that may send it back so often.
    fileprivate static func checked(rounds: Int) throws -> Workflow {
        let mistakes = SettingsMistakes()
        let place = SettingsLocation(source: "test")
        return Workflow(
            name: "fix", selection: nil, asks: [.label], defaultAgent: "ann",
            branch: Template(
                "{{ agent.name }}/{{ issue.number }}", names: ["agent.name", "issue.number"],
                at: place, mistakes: mistakes),
            steps: [
                StepDefinition(name: "work", kind: "agent", maxFailures: 2, location: place),
                StepDefinition(
                    name: "checks", kind: "commands", onOutcome: ["failed": "work"],
                    rounds: rounds, commands: ["make test"], location: place),
            ], prompt: Template("Fix it", names: [], at: place, mistakes: mistakes),
            keepsIgnored: false, location: place)
    }
}
