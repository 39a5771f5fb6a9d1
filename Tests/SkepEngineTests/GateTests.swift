import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

/// Who asks for work.
enum Asker: String, CaseIterable, Sendable {
    case label, assignee, comment, command, selection, tick, burndown

    func cause() -> TriggerCause {
        switch self {
        case .label: .label("agent/ann")
        case .assignee: .assignee("ann-bot")
        case .comment: .comment(7)
        case .command: .command(id: "1")
        case .selection: .selected("fix")
        case .tick: .tick("fix", Timestamp(milliseconds: 5))
        case .burndown: .burndown(BurndownID(rawValue: 1))
        }
    }

    /// Names an agent, and needs no selection.
    var isExplicit: Bool { [.label, .assignee, .comment, .command].contains(self) }
}

/// What may stand in the way.
struct Obstacles: OptionSet, Hashable, Sendable, CustomTestStringConvertible {
    let rawValue: Int

    static let closed = Obstacles(rawValue: 1)
    static let hold = Obstacles(rawValue: 2)
    static let dependency = Obstacles(rawValue: 4)
    static let ownRun = Obstacles(rawValue: 8)
    static let othersRun = Obstacles(rawValue: 16)
    static let othersPullRequest = Obstacles(rawValue: 32)
    static let stranger = Obstacles(rawValue: 64)

    static let all = (0..<128).map(Obstacles.init(rawValue:))
    private static let names = [
        "closed", "hold", "dependency", "own run", "other's run", "other's pull request",
        "stranger",
    ]

    var testDescription: String {
        let found = Self.names.enumerated().filter { contains(Obstacles(rawValue: 1 << $0.offset)) }
        return found.isEmpty ? "nothing" : found.map(\.element).joined(separator: ", ")
    }

    /// What each of them shuts; they don't hide one another.
    static let table: [(Obstacles, explicit: ShutGate.Kind?, byItself: ShutGate.Kind?)] = [
        (.closed, .closed, .closed),
        (.hold, .hold, .hold),
        (.dependency, .dependencies, .dependencies),
        (.ownRun, .taken, .taken),
        (.othersRun, nil, .taken),
        (.othersPullRequest, nil, .taken),
        (.stranger, .permission, .permission),
    ]
}

@Suite("Gates")
struct GateTests {
    @Test(
        "Who works: each obstacle shuts its gate, whatever else is shut", arguments: Asker.allCases)
    func whoWorks(_ asker: Asker) async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(2)
            let parts = swarm.parts(dispatch: DispatchSettings(), workflows: [.sample()])
            for obstacles in Obstacles.all {
                let reference = swarm.tracker.put(
                    1, isOpen: !obstacles.contains(.closed),
                    labels: obstacles.contains(.hold) ? ["skep/hold"] : [],
                    dependencies: obstacles.contains(.dependency) ? [blocker] : [])
                swarm.tracker.change { $0.writers = obstacles.contains(.stranger) ? [] : nil }
                let issue = try await swarm.tracker.issue(reference)
                let keeper = GateKeeper(parts)
                let demand = TriggerDemand(
                    NewTrigger(issue: reference, agent: "ann", cause: asker.cause()),
                    askedBy: "zoe")

                let gates = try await keeper.shutGates(
                    for: demand, on: issue, in: obstacles.snapshot(on: reference),
                    asking: .everything)

                let expected = Obstacles.table.filter { obstacles.contains($0.0) }
                    .compactMap { asker.isExplicit ? $0.explicit : $0.byItself }
                #expect(
                    Set(gates.map(\.kind)) == Set(expected),
                    "\(asker) with \(obstacles.testDescription)")
            }
        }
    }

    @Test("Dependencies and permissions cost no request where something else is shut")
    func cheapGates() async throws {
        try await Swarm.with { swarm in
            let reference = swarm.tracker.put(1, labels: ["skep/hold"])
            let issue = try await swarm.tracker.issue(reference)
            let demand = TriggerDemand(
                NewTrigger(issue: reference, agent: "ann", cause: .comment(1)), askedBy: "zoe")
            let keeper = GateKeeper(swarm.parts)

            _ = try await keeper.shutGates(
                for: demand, on: issue, in: Obstacles().snapshot(on: reference))

            #expect(swarm.tracker.calls["dependencies"] == nil)
            #expect(swarm.tracker.calls["canWrite"] == nil)
        }
    }

    @Test("Force leaves out hold, dependencies, limits and hours, and nothing else")
    func force() async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(2)
            let reference = swarm.tracker.put(1, labels: ["skep/hold"], dependencies: [blocker])
            let issue = try await swarm.tracker.issue(reference)
            let never = RunningHours(from: 60, to: 61, days: [], timeZone: "UTC")
            let parts = swarm.parts(
                dispatch: DispatchSettings(maxRuns: 0, maxRunsPerAgent: 0, maxPullRequests: 0),
                workflows: [.sample(hours: never)])
            let demand = TriggerDemand(
                NewTrigger(issue: reference, agent: "cy", cause: .command(id: "1")),
                askedBy: "zoe")
            swarm.tracker.change { $0.writers = [] }
            let snapshot = Obstacles().snapshot(on: reference)
            let keeper = GateKeeper(parts)

            let forced = try await keeper.shutGates(
                for: demand, on: issue, in: snapshot, asking: .everything, isForced: true)
            let all = try await keeper.shutGates(
                for: demand, on: issue, in: snapshot, asking: .everything)

            #expect(forced.map(\.kind) == [.permission, .agent])
            #expect(
                all.map(\.kind) == [
                    .hold, .dependencies, .permission, .agent, .agentLimit, .limit, .pullRequests,
                    .hours,
                ])
        }
    }

    @Test("A limit of nothing says that nothing may start")
    func limitOfNothing() async throws {
        try await Swarm.with { swarm in
            let reference = swarm.tracker.put(1)
            let issue = try await swarm.tracker.issue(reference)
            let parts = swarm.parts(
                dispatch: DispatchSettings(maxRuns: 0, maxRunsPerRepository: 3))
            let demand = TriggerDemand(
                NewTrigger(issue: reference, agent: "ann", cause: .label("agent/ann")))

            let gates = try await GateKeeper(parts).shutGates(
                for: demand, on: issue, in: Obstacles().snapshot(on: reference))

            #expect(gates.map(\.kind) == [.limit])
            #expect(gates[0].what == "dispatch.max_runs is 0: nothing may be started at all.")
            #expect(gates[0].opens == "when dispatch.max_runs is raised")
        }
    }

    @Test("Runs count overall, per repository and per agent, and pull requests wait for people")
    func limits() async throws {
        try await Swarm.with { swarm in
            let reference = swarm.tracker.put(1)
            let elsewhere = IssueReference(repository: .sample, number: 9)
            let issue = try await swarm.tracker.issue(reference)
            let parts = swarm.parts(
                dispatch: DispatchSettings(
                    maxRuns: 2, maxRunsPerRepository: 2, maxRunsPerAgent: 1, maxPullRequests: 1))
            let demand = TriggerDemand(
                NewTrigger(issue: reference, agent: "ann", cause: .label("agent/ann")))
            let snapshot = Obstacles([.ownRun, .othersRun, .othersPullRequest])
                .snapshot(on: elsewhere)

            let gates = try await GateKeeper(parts).shutGates(
                for: demand, on: issue, in: snapshot)

            #expect(
                gates.map(\.what) == [
                    "1 run of ann is open, and dispatch.max_runs_per_agent is 1.",
                    "2 runs in acme/widgets are open, and dispatch.max_runs_per_repository is 2.",
                    "2 runs are open, and dispatch.max_runs is 2.",
                    "1 pull request waits for people, and dispatch.max_pull_requests is 1.",
                ])
        }
    }

    @Test("Who can't be looked up may not ask; a tracker out of reach is a gate of its own")
    func unknownPermission() async throws {
        try await Swarm.with { swarm in
            let reference = swarm.tracker.put(1)
            let issue = try await swarm.tracker.issue(reference)
            let demand = TriggerDemand(
                NewTrigger(issue: reference, agent: "ann", cause: .comment(1)), askedBy: "zoe")
            func kinds(_ allowed: Set<LoginName>) async throws -> [ShutGate.Kind] {
                let parts = swarm.parts(
                    dispatch: DispatchSettings(allowedUsers: allowed), workflows: [.sample()])
                return try await GateKeeper(parts).shutGates(
                    for: demand, on: issue, in: Obstacles().snapshot(on: reference)
                ).map(\.kind)
            }

            swarm.tracker.change {
                $0.failures["canWrite"] = ScriptedRefusal(kind: .refused, what: "No.")
            }
            #expect(try await kinds([]) == [.permission])
            #expect(try await kinds(["ZOE"]) == [])

            swarm.tracker.change {
                $0.failures["canWrite"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
                $0.failures["dependencies"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }
            #expect(try await kinds([]) == [.tracker, .tracker])
        }
    }

    @Test("Feedback is gathered until its time, and goes back as often as it may")
    func feedbackGates() async throws {
        try await Swarm.with { swarm in
            let reference = swarm.tracker.put(1)
            let issue = try await swarm.tracker.issue(reference)
            let parts = swarm.parts(
                dispatch: DispatchSettings(maxPullRequests: 1),
                workflows: [.sample(feedback: FeedbackSettings(rounds: 2))])
            let later = swarm.clock.now + .seconds(60)
            let demand = TriggerDemand(
                NewTrigger(
                    issue: reference, agent: "bob",
                    cause: .feedback(pullRequest: 50, fingerprint: "1.0.0.0")),
                notBefore: later)
            let snapshot = Obstacles.othersPullRequest.snapshot(on: reference, rounds: 2)

            let gates = try await GateKeeper(parts).shutGates(
                for: demand, on: issue, in: snapshot)

            #expect(gates.map(\.kind) == [.gathering, .rounds])
            #expect(gates[0].opensAt == later)
        }
    }
}

extension Obstacles {
    /// What counts are asked of, without a database.
    func snapshot(on issue: IssueReference, rounds: Int = 0) -> GateKeeper.Snapshot {
        func run(_ id: Int64, _ agent: AgentName) -> RunSummary {
            RunSummary(
                run: Run(
                    id: RunID(rawValue: id), issue: issue, issueTitle: "t", agent: agent,
                    workflow: "fix", branch: "b", cause: "command:1", base: nil, baseBranch: nil,
                    head: nil, pullRequest: nil, openedAt: Timestamp(milliseconds: 0),
                    closing: nil),
                state: .queued, job: nil, step: nil, attempt: 0, failures: 0)
        }
        var runs: [RunSummary] = []
        if contains(.ownRun) { runs.append(run(1, "ann")) }
        if contains(.othersRun) { runs.append(run(2, "bob")) }
        let pullRequest = PublishedPullRequest(
            reference: IssueReference(repository: issue.repository, number: 50), issue: issue,
            run: RunID(rawValue: 3), agent: "bob", branch: "b", url: "", state: .open, head: nil,
            isMergeable: nil, verdict: nil, checks: nil, rounds: rounds,
            seenAt: Timestamp(milliseconds: 0))
        return GateKeeper.Snapshot(
            openRuns: runs, pullRequests: contains(.othersPullRequest) ? [pullRequest] : [],
            answers: TrackerAnswers())
    }
}
