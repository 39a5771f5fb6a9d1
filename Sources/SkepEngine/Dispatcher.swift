public import SkepCore
internal import SkepQueue

/// Opens runs because a person asked. Needs no running daemon: the work waits in the queue.
public struct Dispatcher: Sendable {
    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// Dispatches an issue to agents, each with a run and a branch of its own. Where a gate is shut
    /// the demand is written down and waits for it; the coordinator answers it then.
    ///
    /// - Parameters:
    ///   - agents: Empty: the workflow's default.
    ///   - workflow: `nil`: the first one.
    ///   - isForced: Whether hold, dependencies, limits and hours don't count.
    /// - Throws: `EngineError`, and what the tracker and the store throw. Agents named before the
    ///   one that failed may have their runs.
    public func dispatch(
        _ reference: IssueReference, to agents: [AgentName], workflow name: WorkflowName? = nil,
        isForced: Bool = false
    ) async throws -> [Dispatched] {
        let workflow =
            try name.map(parts.workflow) ?? WorkflowCatalog.standard(of: parts.workflows)
        guard let workflow else {
            throw EngineError.noSuchWorkflow(name ?? "fix", known: parts.workflows.map(\.name))
        }
        var names = agents
        if names.isEmpty {
            guard let byDefault = workflow.defaultAgent else {
                throw EngineError.noDefaultAgent(workflow.name)
            }
            names = [byDefault]
        }
        let chosen = try names.map(parts.agent)

        let issue = try await parts.tracker.issue(reference)
        guard !issue.isPullRequest else { throw EngineError.isPullRequest(reference) }
        guard issue.isOpen else { throw EngineError.issueClosed(reference) }

        let keeper = GateKeeper(parts)
        var snapshot = try await keeper.snapshot()
        var dispatched: [Dispatched] = []
        for agent in chosen {
            let answer = try await dispatch(
                issue, to: agent, workflow, isForced: isForced, keeper, &snapshot)
            dispatched.append(Dispatched(agent: agent.definition.name, answer: answer))
        }
        return dispatched
    }

    private func dispatch(
        _ issue: Issue, to agent: any Agent, _ workflow: Workflow, isForced: Bool,
        _ keeper: GateKeeper, _ snapshot: inout GateKeeper.Snapshot
    ) async throws -> Dispatched.Answer {
        let name = agent.definition.name
        if let busy = snapshot.openRuns(on: issue.reference).first(where: { $0.run.agent == name })
        {
            return .agentBusy(busy.run.id)
        }
        let id = String(parts.random(), radix: 16)
        let demand = TriggerDemand(
            NewTrigger(issue: issue.reference, agent: name, cause: .command(id: id)),
            workflow: workflow.name, priority: parts.dispatch.priority(of: issue))
        let gates = try await keeper.shutGates(
            for: demand, on: issue, in: snapshot, asking: .everything, isForced: isForced)
        guard gates.isEmpty else { return .waiting(try await wait(demand, behind: gates)) }

        var run = try await RunPlanner(parts: parts).plan(
            issue, agent: agent, workflow: workflow, priority: demand.priority)
        if !isForced { run.places = keeper.places(for: demand) }
        let answer = try await parts.store.open(
            demand.trigger, run, reports: [ReportText.started(name, for: demand)])
        switch answer {
        case .opened(let id):
            if let summary = try await parts.store.run(id) { snapshot.count(summary) }
            return .opened(id)
        case .answeredBefore(let run): return .answeredBefore(run)
        case .agentBusy(let run): return .agentBusy(run)
        case .noPlace:
            snapshot = try await keeper.snapshot()
            let gates = try await keeper.shutGates(
                for: demand, on: issue, in: snapshot, asking: .everything)
            return .waiting(try await wait(demand, behind: gates))
        }
    }

    private func wait(_ demand: TriggerDemand, behind gates: [ShutGate]) async throws
        -> [ShutGate]
    {
        _ = try await parts.store.record([demand])
        let waiting = try await parts.store.waitingTriggers(on: demand.trigger.issue)
        if let trigger = waiting.first(where: { $0.demand.trigger == demand.trigger }) {
            try await parts.store.noteGates([trigger.id: gates])
        }
        return gates
    }
}

/// What became of an ask for one agent.
public struct Dispatched: Sendable, Hashable {
    public enum Answer: Sendable, Hashable {
        case opened(RunID)
        /// The same cause was answered before, by this run.
        case answeredBefore(RunID?)
        /// The agent has an open run on the issue; one agent never has two.
        case agentBusy(RunID)
        /// It is written down, and begins when these gates are open.
        case waiting([ShutGate])
    }

    public let agent: AgentName
    public let answer: Answer

    public init(agent: AgentName, answer: Answer) {
        self.agent = agent
        self.answer = answer
    }
}
