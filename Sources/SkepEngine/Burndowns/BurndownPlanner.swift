internal import SkepCore
internal import SkepQueue
internal import Synchronization

/// Decides which issues a burn-down is for, in which order, and who does them; and why the others
/// aren't.
struct BurndownPlanner: Sendable {
    let parts: SwarmParts

    /// How many issues the tracker is asked about at once.
    private static let chunk = 16

    /// Those planned first, the most urgent and then the oldest before the others; those skipped
    /// after them, in the same order.
    ///
    /// The tracker is asked about an issue only as long as it would be planned, so thousands beyond
    /// a full plan cost nothing.
    ///
    /// - Parameter settings: With repositories and agents, and a workflow that exists.
    func plan(_ settings: BurndownSettings, workflow: Workflow) async throws -> [BurndownItem] {
        let issues = try await parts.openIssues(
            in: settings.repositories.removingRepeats(), labels: settings.labels
        ).sorted { rank($0) < rank($1) }
        let agents = try settings.agents.map { try parts.agent($0).definition.name }
        guard let first = agents.first else { throw EngineError.noDefaultAgent(workflow.name) }

        let snapshot = try await GateKeeper(parts).snapshot()
        let limit = settings.maxIssues ?? .max
        var planned: [Issue] = []
        var skipped: [(issue: Issue, reason: String)] = []
        var rest = issues[...]
        while planned.count < limit, !rest.isEmpty {
            let next = rest.prefix(min(Self.chunk, limit - planned.count))
            rest = rest.dropFirst(next.count)
            let reasons = try await reasonsToSkip(Array(next), workflow, first, snapshot)
            for (issue, reason) in zip(next, reasons) {
                if let reason { skipped.append((issue, reason)) } else { planned.append(issue) }
            }
        }
        skipped += rest.map { ($0, Self.isFull) }

        return planned.enumerated().map { index, issue in
            BurndownItem(
                issue: issue.reference, title: issue.title, position: index + 1,
                agent: agents[index % agents.count], decision: .planned)
        }
            + skipped.enumerated().map { index, skipped in
                BurndownItem(
                    issue: skipped.issue.reference, title: skipped.issue.title,
                    position: planned.count + index + 1, agent: nil, decision: .skipped,
                    reason: skipped.reason)
            }
    }

    static let isFull = "The plan is full."

    private func rank(_ issue: Issue) -> (Int, Timestamp, IssueReference) {
        (-parts.dispatch.priority(of: issue), issue.createdAt, issue.reference)
    }

    // MARK: Gates

    /// For each issue why it is skipped; `nil` where it isn't.
    private func reasonsToSkip(
        _ issues: [Issue], _ workflow: Workflow, _ agent: AgentName,
        _ snapshot: GateKeeper.Snapshot
    ) async throws -> [String?] {
        let reasons = Reasons(count: issues.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, issue) in issues.enumerated() {
                group.addTask {
                    reasons[index] = try await reasonToSkip(issue, workflow, agent, snapshot)
                }
            }
            try await group.waitForAll()
        }
        return reasons.all
    }

    private func reasonToSkip(
        _ issue: Issue, _ workflow: Workflow, _ agent: AgentName,
        _ snapshot: GateKeeper.Snapshot
    ) async throws -> String? {
        let demand = BurndownStarter.demand(
            for: issue, agent: agent, workflow: workflow.name, of: Self.unnumbered, parts)
        let keeper = GateKeeper(parts)
        var gates = try await keeper.shutGates(for: demand, on: issue, in: snapshot)
        if !gates.isEmpty, gates.allSatisfy(\.kind.opensByItself) {
            // What is behind them, dependencies, hasn't been asked yet.
            gates = try await keeper.shutGates(
                for: demand, on: issue, in: snapshot, asking: .everything)
        }
        return gates.reasonToSkip
    }

    /// Stands for the number that a plan doesn't have before it is written down.
    private static let unnumbered = BurndownID(rawValue: 0)
}

extension [ShutGate] {
    /// Why an issue is left out of a plan; `nil` where that is nothing that passes in a night.
    var reasonToSkip: String? {
        let lasting = filter { !$0.kind.opensByItself }
        return lasting.isEmpty ? nil : lasting.map(\.what).joined(separator: " ")
    }
}

extension ShutGate.Kind {
    /// Whether a plan can wait for it: it is about how much is under way, or about the time.
    var opensByItself: Bool {
        switch self {
        case .agentLimit, .repositoryLimit, .limit, .pullRequests, .hours, .gathering, .tracker,
            .account, .budget:
            true
        case .closed, .hold, .dependencies, .permission, .agent, .taken, .rounds: false
        }
    }
}

/// What several tasks find, each in its place.
private final class Reasons: Sendable {
    private let values: Mutex<[String?]>

    init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

    subscript(index: Int) -> String? {
        get { values.withLock { $0[index] } }
        set { values.withLock { $0[index] = newValue } }
    }

    var all: [String?] { values.withLock { $0 } }
}
