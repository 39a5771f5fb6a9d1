public import SkepCore
internal import SkepQueue

/// Finds the gates that are shut for a demand: all of them, not the first.
///
/// The only place where that is decided. Dispatcher, burn-down plans, `--dry-run` and `skep why`
/// ask it. What others may have taken since, `places(for:)`, the store counts again when it opens a
/// run.
public struct GateKeeper: Sendable {
    let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// How far the tracker is asked about a demand.
    public enum Thoroughness: Sendable, Hashable {
        /// Dependencies and permissions are asked only where nothing else keeps it from starting:
        /// thousands of demands that wait for a place cost no requests.
        case whatDecides
        /// Everything, for somebody who wants to know.
        case everything
    }

    /// Finds the gates that are shut for a demand now, in the order of `ShutGate.Kind`.
    ///
    /// - Parameters:
    ///   - issue: As the tracker shows it. An explicit ask needs no selection; whether an issue
    ///     matches one is asked before there is a demand.
    ///   - isForced: Leaves out hold, dependencies, limits and hours: a person wants it now.
    /// - Throws: What the tracker throws when something is wrong that isn't about this issue;
    ///   one that is out of reach is a gate.
    public func shutGates(
        for demand: TriggerDemand, on issue: Issue, in snapshot: Snapshot,
        asking thoroughness: Thoroughness = .whatDecides, isForced: Bool = false
    ) async throws -> [ShutGate] {
        let workflow = parts.workflow(for: demand)
        var gates = issueGates(issue, isForced: isForced)
        gates += agentGates(demand, workflow)
        gates += takenGates(demand, issue, snapshot)
        if !isForced {
            gates += limitGates(demand, issue, snapshot)
            gates += hourGates(workflow)
            gates += accountGates(demand, snapshot)
        }
        gates += feedbackGates(demand, workflow, snapshot)

        if !isForced, thoroughness == .everything || gates.isEmpty {
            gates += try await budgetGates(demand, issue)
        }
        if thoroughness == .everything || gates.isEmpty {
            gates += try await permissionGates(demand, snapshot.answers)
            // Work that goes back has begun already.
            if !isForced, !demand.trigger.cause.isFollowUp {
                gates += try await dependencyGates(issue.reference, snapshot.answers)
            }
        }
        let order = ShutGate.Kind.allCases
        return gates.enumerated().sorted { left, right in
            (order.firstIndex(of: left.element.kind) ?? 0, left.offset)
                < (order.firstIndex(of: right.element.kind) ?? 0, right.offset)
        }.map(\.element)
    }

    /// What of the gates is asked once more where the run is opened, for others open theirs meanwhile.
    func places(for demand: TriggerDemand) -> RunPlaces {
        RunPlaces(
            maxRuns: parts.dispatch.maxRuns,
            maxRunsPerRepository: parts.dispatch.maxRunsPerRepository,
            maxRunsPerAgent: parts.dispatch.maxRunsPerAgent,
            needsFreeIssue: demand.trigger.cause.isSelfStarted)
    }

    // MARK: The issue and the agent

    private func issueGates(_ issue: Issue, isForced: Bool) -> [ShutGate] {
        var gates: [ShutGate] = []
        if issue.isPullRequest {
            gates.append(
                ShutGate(
                    .closed, what: "\(issue.reference) is a pull request, not an issue.",
                    opens: "never"))
        } else if !issue.isOpen {
            gates.append(
                ShutGate(
                    .closed, what: "\(issue.reference) is closed.", opens: "when it is reopened"))
        }
        if issue.hasLabel(Coordinator.holdLabel), !isForced {
            gates.append(
                ShutGate(
                    .hold, what: "It carries the label \(Coordinator.holdLabel).",
                    opens: "when the label is taken off"))
        }
        return gates
    }

    private func agentGates(_ demand: TriggerDemand, _ workflow: Workflow?) -> [ShutGate] {
        var gates: [ShutGate] = []
        let agent = demand.trigger.agent
        if parts.agents[agent] == nil {
            gates.append(
                ShutGate(
                    .agent, what: "There is no agent \"\(agent)\".",
                    opens: "when its file is in the agents folder, and Skep is restarted"))
        }
        if workflow == nil {
            let what =
                demand.workflow.map { "There is no workflow \"\($0)\"." }
                ?? "No workflow may be asked this way."
            gates.append(
                ShutGate(
                    .agent, what: what,
                    opens: "when its file is in the workflows folder, and Skep is restarted"))
        }
        return gates
    }

    // MARK: What is under way

    private func takenGates(_ demand: TriggerDemand, _ issue: Issue, _ snapshot: Snapshot)
        -> [ShutGate]
    {
        let isSelfStarted = demand.trigger.cause.isSelfStarted
        let runs = snapshot.openRuns(on: issue.reference).filter {
            isSelfStarted || $0.run.agent == demand.trigger.agent
        }
        var gates = runs.map { summary in
            ShutGate(
                .taken,
                what: "\(summary.run.agent) works on it already, in run \(summary.run.id).",
                opens: "when run \(summary.run.id) is closed")
        }
        guard isSelfStarted else { return gates }
        for pullRequest in snapshot.pullRequests(on: issue.reference) {
            gates.append(
                ShutGate(
                    .taken,
                    what: "Pull request \(pullRequest.reference) of \(pullRequest.agent) waits for "
                        + "people.",
                    opens: "when \(pullRequest.reference) is merged or closed"))
        }
        return gates
    }

    // MARK: Limits

    private func limitGates(_ demand: TriggerDemand, _ issue: Issue, _ snapshot: Snapshot)
        -> [ShutGate]
    {
        let agent = demand.trigger.agent
        let repository = issue.reference.repository
        var gates: [ShutGate] = []
        gates += limit(
            .agentLimit, parts.dispatch.maxRunsPerAgent, "dispatch.max_runs_per_agent",
            snapshot.count(of: agent), "run", "of \(agent) is open", "of \(agent) are open")
        gates += limit(
            .repositoryLimit, parts.dispatch.maxRunsPerRepository,
            "dispatch.max_runs_per_repository", snapshot.count(in: repository), "run",
            "in \(repository) is open", "in \(repository) are open")
        gates += limit(
            .limit, parts.dispatch.maxRuns, "dispatch.max_runs", snapshot.openRuns.count, "run",
            "is open", "are open")

        // What goes on with a pull request adds none.
        let goesOn =
            demand.trigger.cause.isFollowUp
            || snapshot.pullRequests(on: issue.reference).contains { $0.agent == agent }
        if !goesOn {
            gates += limit(
                .pullRequests, parts.dispatch.maxPullRequests, "dispatch.max_pull_requests",
                snapshot.pullRequests.count, "pull request", "waits for people",
                "wait for people")
        }
        return gates
    }

    private func limit(
        _ kind: ShutGate.Kind, _ limit: Int?, _ key: String, _ count: Int, _ noun: String,
        _ one: String, _ many: String
    ) -> [ShutGate] {
        guard let limit, count >= limit else { return [] }
        guard limit > 0 else {
            return [
                ShutGate(
                    kind, what: "\(key) is \(limit): nothing may be started at all.",
                    opens: "when \(key) is raised")
            ]
        }
        let counted = count == 1 ? "1 \(noun) \(one)" : "\(count) \(noun)s \(many)"
        let opens =
            kind == .pullRequests
            ? "when one of them is merged or closed" : "when one of them is closed"
        return [ShutGate(kind, what: "\(counted), and \(key) is \(limit).", opens: opens)]
    }

    // MARK: Times

    private func hourGates(_ workflow: Workflow?) -> [ShutGate] {
        guard let workflow, let hours = workflow.hours, !hours.contain(parts.clock.now) else {
            return []
        }
        let next = hours.nextOpening(after: parts.clock.now)
        return [
            ShutGate(
                .hours, what: "Workflow \(workflow.name) runs \(hours.words).",
                opens: next == nil ? "never: its hours don't come" : "when its hours begin",
                at: next)
        ]
    }

    private func feedbackGates(
        _ demand: TriggerDemand, _ workflow: Workflow?, _ snapshot: Snapshot
    ) -> [ShutGate] {
        var gates: [ShutGate] = []
        if let notBefore = demand.notBefore, notBefore > parts.clock.now {
            gates.append(
                ShutGate(
                    .gathering, what: "There may be more to come.",
                    opens: "when nothing was added for a moment", at: notBefore))
        }
        if case .feedback(let number, _) = demand.trigger.cause, let workflow {
            let reference = IssueReference(
                repository: demand.trigger.issue.repository, number: number)
            let known = snapshot.pullRequests(on: demand.trigger.issue).first {
                $0.reference == reference
            }
            if let known, known.rounds >= workflow.feedback.rounds {
                gates.append(
                    ShutGate(
                        .rounds,
                        what: "Pull request \(reference) went back to \(known.agent) "
                            + "\(known.rounds) times, as often as it may.",
                        opens: "when a person asks: /skep \(known.agent)"))
            }
        }
        return gates
    }
}

extension TriggerCause {
    /// Whether nobody asked for just this issue: a selection, a schedule, a burn-down.
    var isSelfStarted: Bool {
        switch self {
        case .selected, .tick, .burndown: true
        case .label, .assignee, .command, .comment, .feedback, .choice: false
        }
    }

    /// Whether it goes on with what was published.
    var isFollowUp: Bool {
        switch self {
        case .feedback, .choice: true
        case .label, .assignee, .selected, .command, .comment, .tick, .burndown: false
        }
    }
}

extension SwarmParts {
    /// The workflow a demand is for: the one it names, else the first that may be asked this way.
    func workflow(for demand: TriggerDemand) -> Workflow? {
        if let name = demand.workflow { return workflows.first { $0.name == name } }
        return switch demand.trigger.cause {
        case .label: workflows.first { $0.asks.contains(.label) }
        case .assignee: workflows.first { $0.asks.contains(.assignee) }
        case .comment: workflows.first { $0.asks.contains(.comment) }
        case .selected(let name), .tick(let name, _): workflows.first { $0.name == name }
        case .command, .burndown, .feedback, .choice: WorkflowCatalog.standard(of: workflows)
        }
    }
}
