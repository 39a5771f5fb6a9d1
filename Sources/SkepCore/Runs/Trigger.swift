public import SkepQueue

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
    /// A comment that names the agent.
    case comment(Int64)
    /// A tick of the workflow's schedule, by its nominal time.
    case tick(WorkflowName, Timestamp)
    /// A burn-down's plan has it.
    case burndown(BurndownID)
    /// What people, checks or the base branch said of the agent's pull request, told apart by what
    /// was said.
    case feedback(pullRequest: Int, fingerprint: String)
    /// Several agents have finished the issue, and one of their pull requests is to be chosen:
    /// their runs.
    case choice([RunID])

    /// The cause as it is kept, such as "label:agent/claude".
    public var description: String {
        switch self {
        case .label(let label): "label:\(label)"
        case .assignee(let login): "assignee:\(login.rawValue.lowercased())"
        case .selected(let workflow): "select:\(workflow)"
        case .command(let id): "command:\(id)"
        case .comment(let id): "comment:\(id)"
        case .tick(let workflow, let at): "tick:\(workflow):\(at.milliseconds)"
        case .burndown(let id): "burndown:\(id)"
        case .feedback(let number, let fingerprint): "feedback:\(number):\(fingerprint)"
        case .choice(let runs): "choice:\(runs.map(\.description).joined(separator: ","))"
        }
    }

    /// Reads a cause as it is kept; `nil` for one that this program doesn't know.
    public init?(_ description: String) {
        guard let colon = description.firstIndex(of: ":") else { return nil }
        let value = String(description[description.index(after: colon)...])
        let cause: TriggerCause? =
            switch description[..<colon] {
            case "label": .label(value)
            case "assignee": .assignee(LoginName(rawValue: value))
            case "select": .selected(WorkflowName(rawValue: value))
            case "command": .command(id: value)
            case "comment": Int64(value).map(TriggerCause.comment)
            case "tick":
                Self.pair(value).flatMap { workflow, time in
                    Int64(time).map {
                        .tick(WorkflowName(rawValue: workflow), Timestamp(milliseconds: $0))
                    }
                }
            case "burndown": BurndownID(value).map(TriggerCause.burndown)
            case "feedback":
                Self.pair(value, atFirst: true).flatMap { number, fingerprint in
                    Int(number).map { .feedback(pullRequest: $0, fingerprint: fingerprint) }
                }
            case "choice": .choice(value.split(separator: ",").compactMap { RunID(String($0)) })
            default: nil
            }
        guard let cause else { return nil }
        self = cause
    }

    private static func pair(_ text: String, atFirst: Bool = false) -> (String, String)? {
        guard let colon = atFirst ? text.firstIndex(of: ":") : text.lastIndex(of: ":") else {
            return nil
        }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// Whether it lasts as long as the tracker shows it. Putting a label on again, after it was
    /// taken off, asks again.
    public var isStanding: Bool {
        switch self {
        case .label, .assignee, .selected: true
        case .command, .comment, .tick, .burndown, .feedback, .choice: false
        }
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

/// A demand with what is known of it beside its identity.
public struct TriggerDemand: Sendable, Hashable {
    public var trigger: NewTrigger
    /// `nil`: the first workflow that may be asked this way.
    public var workflow: WorkflowName?
    /// Who asks; `nil` where nobody in particular does.
    public var askedBy: LoginName?
    /// The more urgent, the larger; 0 where nothing is said. Becomes the priority of the run's jobs.
    public var priority: Int
    /// What the agent has to mend or to know, for the run's first prompt.
    public var findings: String?
    /// Not answered before this: what was said may not be all yet.
    public var notBefore: Timestamp?

    public init(
        _ trigger: NewTrigger, workflow: WorkflowName? = nil, askedBy: LoginName? = nil,
        priority: Int = 0, findings: String? = nil, notBefore: Timestamp? = nil
    ) {
        self.trigger = trigger
        self.workflow = workflow
        self.askedBy = askedBy
        self.priority = priority
        self.findings = findings
        self.notBefore = notBefore
    }
}

/// A demand that no run answers yet.
public struct WaitingTrigger: Sendable, Hashable {
    public let id: TriggerID
    public let demand: TriggerDemand
    /// Its cause as it is kept, also where this program can't read it.
    public let cause: String
    public let seenAt: Timestamp
    /// The gates that were shut when it was last looked at.
    public let gates: [ShutGate]

    public init(
        id: TriggerID, demand: TriggerDemand, cause: String, seenAt: Timestamp, gates: [ShutGate]
    ) {
        self.id = id
        self.demand = demand
        self.cause = cause
        self.seenAt = seenAt
        self.gates = gates
    }
}

/// What became of a demand.
public enum TriggerAnswer: Sendable, Hashable {
    case opened(RunID)
    /// The same cause was answered before, by this run.
    case answeredBefore(RunID?)
    /// The agent has an open run on the issue; one agent never has two.
    case agentBusy(RunID)
    /// Somebody else took what `NewRun.places` asks for. The demand waits on, where it is written down.
    case noPlace
}
