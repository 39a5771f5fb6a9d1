internal import SkepCore
internal import SkepQueue

/// What an issue asks for by itself, as long as the tracker shows it: labels, assignments, and
/// workflows' selections.
struct StandingDemands: Sendable {
    let parts: SwarmParts

    /// All demands of an issue: labels, then assignments. Workflows' selections count only where
    /// nobody is named. The second demand for an agent finds it busy with the first, and so is
    /// answered as well: taking the label off later doesn't make the assignment a new one.
    func all(on issue: Issue) -> [TriggerDemand] {
        guard issue.isOpen, !issue.isPullRequest else { return [] }
        let priority = parts.dispatch.priority(of: issue)
        func demand(_ agent: AgentName, _ cause: TriggerCause, _ workflow: Workflow)
            -> TriggerDemand
        {
            TriggerDemand(
                NewTrigger(issue: issue.reference, agent: agent, cause: cause),
                workflow: workflow.name, priority: priority)
        }

        var demands: [TriggerDemand] = []
        if let workflow = parts.workflows.first(where: { $0.asks.contains(.label) }) {
            for label in issue.labels {
                guard let name = Self.agentName(in: label), parts.agents[name] != nil else {
                    continue
                }
                demands.append(demand(name, .label(label), workflow))
            }
        }
        if let workflow = parts.workflows.first(where: { $0.asks.contains(.assignee) }) {
            for (name, agent) in parts.agents.sorted(by: { $0.key < $1.key }) {
                guard let login = agent.definition.login, issue.assignees.contains(login) else {
                    continue
                }
                demands.append(demand(name, .assignee(login), workflow))
            }
        }
        guard demands.isEmpty else { return demands }
        for workflow in parts.workflows where workflow.schedule == nil {
            guard let selection = workflow.selection, let agent = workflow.defaultAgent,
                selection.labels.allSatisfy(issue.hasLabel)
            else { continue }
            demands.append(demand(agent, .selected(workflow.name), workflow))
        }
        return demands
    }

    /// Names after "agent/" in an issue's labels that no agent has.
    func unknownAgents(on issue: Issue) -> [AgentName] {
        issue.labels.compactMap(Self.agentName).filter { parts.agents[$0] == nil }
    }

    static func agentName(in label: String) -> AgentName? {
        guard label.hasPrefix(Coordinator.agentLabelPrefix) else { return nil }
        return AgentName(rawValue: String(label.dropFirst(Coordinator.agentLabelPrefix.count)))
    }
}

extension TriggerCause {
    /// Whether an issue still shows the cause. One of a workflow that isn't there now stands: it may
    /// be back, and would be answered a second time.
    func stands(on issue: Issue, workflows: [Workflow]) -> Bool {
        switch self {
        case .label(let label): issue.hasLabel(label)
        case .assignee(let login): issue.assignees.contains(login)
        case .selected(let name):
            workflows.first { $0.name == name }
                .map { $0.selection?.labels.allSatisfy(issue.hasLabel) ?? false } ?? true
        case .command, .comment, .tick, .burndown, .feedback, .choice: true
        }
    }

    /// Whether nobody waits for it any more once its issue is closed. What was said of a pull request
    /// is seen again as long as that is open, and waits behind the closed issue.
    var endsWithIssue: Bool {
        switch self {
        case .command, .comment, .tick, .burndown, .choice: true
        case .label, .assignee, .selected, .feedback: false
        }
    }

    /// Why a run is stopped whose cause is gone; `nil` where that doesn't stop it.
    var withdrawal: String? {
        switch self {
        case .label(let label): "the label \(label) was taken off"
        case .assignee(let login): "it isn't assigned to \(login) any more"
        case .selected, .command, .comment, .tick, .burndown, .feedback, .choice: nil
        }
    }
}
