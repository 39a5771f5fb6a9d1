public import SkepCore
internal import SkepQueue

/// Opens runs because a person asked. Needs no running daemon: the work waits in the queue.
public struct Dispatcher: Sendable {
    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// Dispatches an issue to agents, each with a run and a branch of its own.
    ///
    /// - Parameters:
    ///   - agents: Empty: the workflow's default.
    ///   - workflow: `nil`: the first one.
    /// - Throws: `EngineError`, and what the tracker and the store throw. Agents named before the
    ///   one that failed may have their runs.
    public func dispatch(
        _ reference: IssueReference, to agents: [AgentName], workflow name: WorkflowName? = nil
    ) async throws -> [Dispatched] {
        let workflow = try name.map(parts.workflow) ?? parts.workflows.first
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

        var dispatched: [Dispatched] = []
        for agent in chosen {
            let id = String(parts.random(), radix: 16)
            let trigger = NewTrigger(
                issue: issue.reference, agent: agent.definition.name, cause: .command(id: id))
            let run = try await RunPlanner(parts: parts).plan(
                issue, agent: agent, workflow: workflow)
            let answer = try await parts.store.open(
                trigger, run, reports: [ReportText.dispatched(agent: run.agent)])
            dispatched.append(Dispatched(agent: run.agent, answer: answer))
        }
        return dispatched
    }
}

/// What became of an ask for one agent.
public struct Dispatched: Sendable, Hashable {
    public let agent: AgentName
    public let answer: TriggerAnswer

    public init(agent: AgentName, answer: TriggerAnswer) {
        self.agent = agent
        self.answer = answer
    }
}
