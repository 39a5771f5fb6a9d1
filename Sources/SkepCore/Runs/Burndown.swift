public import SkepQueue

/// Works a backlog off: an object with a plan, a state and a report.
public struct Burndown: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable, Codable {
        /// Issues of the plan are still to be started.
        case running
        /// Nothing more is started; what runs is waited for, or is being stopped.
        case closing
        case ended
    }

    public let id: BurndownID
    public let settings: BurndownSettings
    public let startedAt: Timestamp
    /// When nothing more is started; `nil`: when the plan is done.
    public let until: Timestamp?
    /// A person's command, or the tick of a schedule.
    public let cause: String
    public let state: State
    /// Why nothing more is started: "its window closed at 06:00", "cancelled".
    public let closingReason: String?
    public let endedAt: Timestamp?
    /// Where its report stands: an address of the tracker.
    public let reportURL: String?

    public init(
        id: BurndownID, settings: BurndownSettings, startedAt: Timestamp, until: Timestamp?,
        cause: String, state: State, closingReason: String?, endedAt: Timestamp?,
        reportURL: String?
    ) {
        self.id = id
        self.settings = settings
        self.startedAt = startedAt
        self.until = until
        self.cause = cause
        self.state = state
        self.closingReason = closingReason
        self.endedAt = endedAt
        self.reportURL = reportURL
    }
}

/// Which issues a burn-down is for, by whom, and how long.
public struct BurndownSettings: Sendable, Hashable, Codable {
    /// What becomes of work that runs when the window closes.
    public enum AtEnd: String, Sendable, Hashable, CaseIterable, Codable {
        /// It is waited for.
        case finish
        /// It is stopped, and what it made is kept.
        case stop
    }

    /// Where the report goes beside the file.
    public enum ReportTo: Sendable, Hashable, Codable {
        case file
        /// A new issue in the first repository.
        case issue
        /// A comment on this issue.
        case comment(IssueReference)
    }

    /// The workflow that each issue goes through; `nil`: the first one.
    public var workflow: WorkflowName?
    public var repositories: [RepositoryName]
    /// All of these; empty: every open issue.
    public var labels: [String]
    /// Take turns. Empty: the workflow's default agent.
    public var agents: [AgentName]
    public var maxIssues: Int?
    /// Minutes of sessions, all together, after which nothing more is started.
    public var maxMinutes: Int?
    /// How many of its runs are open at once; `nil`: as many as the agents have places.
    public var concurrency: Int?
    public var atEnd: AtEnd
    public var reportTo: ReportTo

    public init(
        workflow: WorkflowName? = nil, repositories: [RepositoryName], labels: [String] = [],
        agents: [AgentName] = [], maxIssues: Int? = nil, maxMinutes: Int? = nil,
        concurrency: Int? = nil, atEnd: AtEnd = .finish, reportTo: ReportTo = .issue
    ) {
        self.workflow = workflow
        self.repositories = repositories
        self.labels = labels
        self.agents = agents
        self.maxIssues = maxIssues
        self.maxMinutes = maxMinutes
        self.concurrency = concurrency
        self.atEnd = atEnd
        self.reportTo = reportTo
    }
}

/// One issue of a burn-down's plan.
public struct BurndownItem: Sendable, Hashable {
    public enum Decision: String, Sendable, Hashable, CaseIterable, Codable {
        case planned
        case skipped
        case started
    }

    public let issue: IssueReference
    public let title: String
    /// From 1, in the order of the plan; skipped ones come after those planned.
    public let position: Int
    /// Who is to do it; `nil` when it is skipped.
    public let agent: AgentName?
    public var decision: Decision
    /// Why it is skipped: the gates that are shut, or "the plan is full".
    public var reason: String?
    public var run: RunID?

    public init(
        issue: IssueReference, title: String, position: Int, agent: AgentName?,
        decision: Decision, reason: String? = nil, run: RunID? = nil
    ) {
        self.issue = issue
        self.title = title
        self.position = position
        self.agent = agent
        self.decision = decision
        self.reason = reason
        self.run = run
    }
}

/// Issues that were closed together because nobody will work on them.
public struct Retirement: Sendable, Hashable {
    public struct Item: Sendable, Hashable {
        public let issue: IssueReference
        public let title: String
        public let isReopened: Bool

        public init(issue: IssueReference, title: String, isReopened: Bool) {
            self.issue = issue
            self.title = title
            self.isReopened = isReopened
        }
    }

    public let id: RetirementID
    public let reason: String
    public let label: String?
    public let at: Timestamp
    public let items: [Item]

    public init(
        id: RetirementID, reason: String, label: String?, at: Timestamp, items: [Item]
    ) {
        self.id = id
        self.reason = reason
        self.label = label
        self.at = at
        self.items = items
    }
}
