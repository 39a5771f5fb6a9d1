/// What is done with an issue: which issues it is for, by whom, in which steps.
public struct Workflow: Sendable, Hashable {
    /// What asks for a run.
    public enum Ask: String, Sendable, CaseIterable, Hashable {
        case assignee
        case label
        /// "/skep NAME" in a comment.
        case comment
    }

    public let name: WorkflowName
    /// Which issues are worked on without being asked for; `nil`: only those asked for.
    public let selection: Selection?
    /// What may name an agent. All three by default.
    public let asks: Set<Ask>
    /// Who works where nobody is named.
    public let defaultAgent: AgentName?
    /// Template of the branch's name.
    public let branch: Template
    /// Never empty; the first is where a run begins.
    public let steps: [StepDefinition]
    /// Template of the prompt of its agent steps.
    public let prompt: Template
    /// Whether ignored files may stay in a workspace between uses. False by default.
    public let keepsIgnored: Bool
    /// When it looks for issues of its selection by itself; `nil`: always.
    public let schedule: WorkflowSchedule?
    /// The hours at which its runs may begin; `nil`: at any.
    public let hours: RunningHours?
    /// What of its pull requests goes back to their agents.
    public let feedback: FeedbackSettings
    /// Who chooses where several agents have published one issue; `nil`: a person.
    public let chooser: AgentName?
    /// What a tick of its schedule opens instead of single runs.
    public let burndown: BurndownTemplate?
    public let location: SettingsLocation

    public struct Selection: Sendable, Hashable {
        public let labels: [String]

        public init(labels: [String]) { self.labels = labels }
    }

    public init(
        name: WorkflowName, selection: Selection?, asks: Set<Ask>, defaultAgent: AgentName?,
        branch: Template, steps: [StepDefinition], prompt: Template, keepsIgnored: Bool,
        schedule: WorkflowSchedule? = nil, hours: RunningHours? = nil,
        feedback: FeedbackSettings = FeedbackSettings(), chooser: AgentName? = nil,
        burndown: BurndownTemplate? = nil, location: SettingsLocation
    ) {
        self.schedule = schedule
        self.hours = hours
        self.feedback = feedback
        self.chooser = chooser
        self.burndown = burndown
        self.name = name
        self.selection = selection
        self.asks = asks
        self.defaultAgent = defaultAgent
        self.branch = branch
        self.steps = steps
        self.prompt = prompt
        self.keepsIgnored = keepsIgnored
        self.location = location
    }

    public func step(_ name: StepName) -> StepDefinition? { steps.first { $0.name == name } }

    /// The step after this one; `nil` after the last.
    public func step(after name: StepName) -> StepDefinition? {
        guard let index = steps.firstIndex(where: { $0.name == name }) else { return nil }
        return index + 1 < steps.count ? steps[index + 1] : nil
    }
}

/// One step of a workflow.
public struct StepDefinition: Sendable, Hashable {
    public let name: StepName
    public let kind: StepKind
    /// With so many failures the step has failed. 3 by default.
    public let maxFailures: Int
    /// Where the run goes on an outcome other than success, such as "failed": "work".
    public let onOutcome: [String: StepName]
    /// How often this step may send the run back. 2 by default.
    public let rounds: Int
    /// Keys that the step's kind reads: command lines, limits.
    public let commands: [String]
    public let environment: [String]
    /// How far its commands are shut in: like an agent whose file says nothing, by default.
    public let sandbox: SandboxPolicy
    public let limits: SessionLimits
    /// Who reviews, in this order; the author is left out.
    public let reviewers: [AgentName]
    /// How many of them; `nil`: all.
    public let reviewerCount: Int?
    /// The prompt of the step where it has one of its own.
    public let prompt: Template?
    /// Paths of JUnit files that commands write, with "*" and "**".
    public let testReports: [String]
    /// Whether its session may only look at the working tree. False by default: what a reviewer
    /// writes there while it tries things out is thrown away.
    public let isReadOnly: Bool
    public let location: SettingsLocation

    public init(
        name: StepName, kind: StepKind, maxFailures: Int = 3, onOutcome: [String: StepName] = [:],
        rounds: Int = 2, commands: [String] = [], environment: [String] = ["PATH", "LANG"],
        sandbox: SandboxPolicy = SandboxPolicy(),
        limits: SessionLimits = SessionLimits(), reviewers: [AgentName] = [],
        reviewerCount: Int? = nil, prompt: Template? = nil, testReports: [String] = [],
        isReadOnly: Bool = false, location: SettingsLocation
    ) {
        self.isReadOnly = isReadOnly
        self.reviewers = reviewers
        self.reviewerCount = reviewerCount
        self.prompt = prompt
        self.testReports = testReports
        self.name = name
        self.kind = kind
        self.maxFailures = maxFailures
        self.onOutcome = onOutcome
        self.rounds = rounds
        self.commands = commands
        self.environment = environment
        self.sandbox = sandbox
        self.limits = limits
        self.location = location
    }
}
