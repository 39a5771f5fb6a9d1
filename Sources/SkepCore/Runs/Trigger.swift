/// What asks for work, in a form that is the same however often it is seen.
public enum TriggerCause: Sendable, Hashable, CustomStringConvertible {
    /// A label names the agent.
    case label(String)
    /// The issue is assigned to the agent's account.
    case assignee(LoginName)
    /// The issue matches a workflow's `select`.
    case selected(WorkflowName)
    /// A person's command; each is a cause of its own.
    case command(id: String)

    /// The cause as it is kept, such as "label:agent/claude".
    public var description: String {
        switch self {
        case .label(let label): "label:\(label)"
        case .assignee(let login): "assignee:\(login.rawValue.lowercased())"
        case .selected(let workflow): "select:\(workflow)"
        case .command(let id): "command:\(id)"
        }
    }

    /// Reads a standing cause as it is kept; `nil` for one that doesn't stand.
    public init?(standing description: String) {
        guard let colon = description.firstIndex(of: ":") else { return nil }
        let value = String(description[description.index(after: colon)...])
        switch description[..<colon] {
        case "label": self = .label(value)
        case "assignee": self = .assignee(LoginName(rawValue: value))
        case "select": self = .selected(WorkflowName(rawValue: value))
        default: return nil
        }
    }

    /// Whether it lasts as long as the tracker shows it. Putting a label on again, after it was
    /// taken off, asks again.
    public var isStanding: Bool {
        if case .command = self { false } else { true }
    }
}

/// A demand for work: unique by issue, agent and cause while the cause stands.
public struct NewTrigger: Sendable, Hashable {
    public var issue: IssueReference
    public var agent: AgentName
    public var cause: TriggerCause

    public init(issue: IssueReference, agent: AgentName, cause: TriggerCause) {
        self.issue = issue
        self.agent = agent
        self.cause = cause
    }
}

/// What became of a demand.
public enum TriggerAnswer: Sendable, Hashable {
    case opened(RunID)
    /// The same cause was answered before, by this run.
    case answeredBefore(RunID?)
    /// The agent has an open run on the issue; one agent never has two.
    case agentBusy(RunID)
}
