internal import Logging
internal import SkepCore
internal import SkepQueue

/// Opens the runs of a burn-down's plan, in its order, as long as there are places and the gates are
/// open.
struct BurndownStarter: Sendable {
    let parts: SwarmParts

    /// What became of a try to start.
    struct Outcome: Sendable {
        var opened: [RunID] = []
        /// What keeps the next one waiting.
        var gates: [ShutGate] = []
    }

    private enum Step {
        case opened(RunID)
        /// It was started or skipped, here or by somebody else.
        case done
        case waits([ShutGate])
        /// So do all of its repository.
        case repositoryWaits(ShutGate)
        /// Somebody else took its place since the gates were looked at.
        case outdated
        /// The burn-down starts nothing any more.
        case closed
    }

    func start(_ progress: BurndownProgress) async throws -> Outcome {
        var outcome = Outcome()
        var places = concurrency(of: progress) - progress.activeRuns.count
        guard places > 0, !progress.planned.isEmpty else { return outcome }
        var snapshot = try await GateKeeper(parts).snapshot()
        var fullAgents: Set<AgentName> = []
        var fullRepositories: Set<RepositoryName> = []
        for item in progress.planned where places > 0 {
            guard let agent = item.agent, !fullAgents.contains(agent),
                !fullRepositories.contains(item.issue.repository)
            else { continue }
            var step = try await start(item, by: agent, of: progress.burndown, snapshot)
            if case .outdated = step {
                snapshot = try await GateKeeper(parts).snapshot()
                step = try await start(item, by: agent, of: progress.burndown, snapshot)
            }
            switch step {
            case .opened(let run):
                places -= 1
                outcome.opened.append(run)
                if let summary = try await parts.store.run(run) { snapshot.count(summary) }
            case .done: break
            // Outdated again: what happened has it looked at once more.
            case .closed, .outdated: return outcome
            case .repositoryWaits(let gate):
                outcome.gates.append(gate)
                fullRepositories.insert(item.issue.repository)
            case .waits(let gates):
                outcome.gates += gates.filter { !outcome.gates.contains($0) }
                // What is shut for one agent or repository only lets the others pass.
                let kinds = Set(gates.map(\.kind))
                guard kinds.isSubset(of: [.agentLimit, .repositoryLimit]) else { return outcome }
                if kinds.contains(.agentLimit) { fullAgents.insert(agent) }
                if kinds.contains(.repositoryLimit) {
                    fullRepositories.insert(item.issue.repository)
                }
            }
        }
        return outcome
    }

    /// How many of its runs may be under way at once: as many as its agents have places, where
    /// nothing is said.
    private func concurrency(of progress: BurndownProgress) -> Int {
        let settings = progress.burndown.settings
        if let concurrency = settings.concurrency { return concurrency }
        let places = settings.agents.compactMap { parts.agents[$0]?.definition.concurrency }
        return max(places.reduce(0, +), 1)
    }

    // MARK: One issue

    /// - Throws: What may pass, from the tracker and the store; anything else is a reason to skip.
    private func start(
        _ item: BurndownItem, by name: AgentName, of burndown: Burndown,
        _ snapshot: GateKeeper.Snapshot
    ) async throws -> Step {
        do {
            let issue = try await parts.tracker.issue(item.issue)
            if let label = burndown.settings.labels.first(where: { !issue.hasLabel($0) }) {
                return try await skip(
                    item, burndown, "It doesn't carry the label \(label) any more.")
            }
            let workflow =
                burndown.settings.workflow
                ?? WorkflowCatalog.standard(of: parts.workflows)?.name ?? "fix"
            let demand = Self.demand(
                for: issue, agent: name, workflow: workflow, of: burndown.id, parts)
            let keeper = GateKeeper(parts)
            let gates = try await keeper.shutGates(for: demand, on: issue, in: snapshot)
            if let reason = gates.reasonToSkip { return try await skip(item, burndown, reason) }
            guard gates.isEmpty else { return .waits(gates) }

            var run = try await RunPlanner(parts: parts).plan(
                issue, agent: try parts.agent(name), workflow: try parts.workflow(workflow),
                priority: demand.priority)
            run.places = keeper.places(for: demand)
            let answer = try await parts.store.start(
                item, of: burndown.id, demand: demand, run: run,
                reports: [ReportText.started(name, for: demand)])
            return try await step(answer, item, burndown)
        } catch let error as any SkepError
            where !error.mayPass && !(error is QueueError) && !(error is SwarmError)
        {
            guard try await parts.canRead(item.issue.repository) else {
                return .repositoryWaits(Self.unreadable(item.issue.repository))
            }
            parts.logger.warning(
                "Can't start issue of a burn-down",
                metadata: [LogKeys.issue: "\(item.issue)", LogKeys.error: "\(error)"])
            let why = [error.what, error.why].compactMap { $0 }.joined(separator: " ")
            return try await skip(item, burndown, why)
        }
    }

    private func step(_ answer: TriggerAnswer, _ item: BurndownItem, _ burndown: Burndown)
        async throws -> Step
    {
        switch answer {
        case .opened(let run):
            parts.logger.notice(
                "Opened run",
                metadata: [LogKeys.run: "\(run)", LogKeys.issue: "\(item.issue)"])
            return .opened(run)
        case .answeredBefore(_?): return .done
        case .noPlace: return .outdated
        case .agentBusy(let run):
            let agent = item.agent.map { "\($0)" } ?? "Its agent"
            return try await skip(item, burndown, "\(agent) works on it already, in run \(run).")
        case .answeredBefore(nil):
            guard let (now, items) = try await parts.store.burndown(burndown.id),
                now.state == .running
            else { return .closed }
            let isPlanned = items.contains { $0.issue == item.issue && $0.decision == .planned }
            return isPlanned ? try await skip(item, burndown, "It was called off.") : .done
        }
    }

    private static func unreadable(_ repository: RepositoryName) -> ShutGate {
        ShutGate(
            .tracker, what: "\(repository) can't be read.",
            opens: "when this account can see it again")
    }

    private func skip(_ item: BurndownItem, _ burndown: Burndown, _ reason: String) async throws
        -> Step
    {
        try await parts.store.skip(item.issue, of: burndown.id, because: reason)
        return .done
    }

    /// What a burn-down asks for.
    static func demand(
        for issue: Issue, agent: AgentName, workflow: WorkflowName, of burndown: BurndownID,
        _ parts: SwarmParts
    ) -> TriggerDemand {
        TriggerDemand(
            NewTrigger(issue: issue.reference, agent: agent, cause: .burndown(burndown)),
            workflow: workflow, priority: parts.dispatch.priority(of: issue))
    }
}
