public import SkepQueue

/// One pass of a workflow over an issue by one agent. Facts only: its state is computed.
public struct Run: Sendable, Hashable {
    public let id: RunID
    public let issue: IssueReference
    /// The issue's title when the run was opened.
    public let issueTitle: String
    public let agent: AgentName
    public let workflow: WorkflowName
    /// The branch it is published to.
    public let branch: BranchName
    /// Whether it goes on from that branch, whose pull request is open, instead of the default one.
    public let continuesBranch: Bool
    /// The cause of its trigger, such as "label:agent/claude".
    public let cause: String
    /// The commit its first attempt started from.
    public let base: CommitID?
    /// The branch `base` was the head of.
    public let baseBranch: BranchName?
    /// Its newest commit; `nil` while there is none above the base.
    public let head: CommitID?
    public let pullRequest: PullRequestLink?
    public let openedAt: Timestamp
    public let closing: RunClosing?
    /// Why somebody wants it cancelled, or wanted to before it closed.
    public let cancelReason: String?
    /// Of its jobs: that of the demand it answers.
    public let priority: Int
    /// What its agent was told beside the issue when it began: a comment, or what was said of its
    /// pull request.
    public let asked: String?

    public init(
        id: RunID, issue: IssueReference, issueTitle: String, agent: AgentName,
        workflow: WorkflowName, branch: BranchName, cause: String, base: CommitID?,
        baseBranch: BranchName?, head: CommitID?, pullRequest: PullRequestLink?,
        openedAt: Timestamp, closing: RunClosing?, cancelReason: String? = nil,
        continuesBranch: Bool = false, priority: Int = 0, asked: String? = nil
    ) {
        self.asked = asked
        self.priority = priority
        self.continuesBranch = continuesBranch
        self.id = id
        self.issue = issue
        self.issueTitle = issueTitle
        self.agent = agent
        self.workflow = workflow
        self.branch = branch
        self.cause = cause
        self.base = base
        self.baseBranch = baseBranch
        self.head = head
        self.pullRequest = pullRequest
        self.openedAt = openedAt
        self.closing = closing
        self.cancelReason = cancelReason
    }
}

public struct PullRequestLink: Sendable, Hashable {
    public let number: Int
    public let url: String

    public init(number: Int, url: String) {
        self.number = number
        self.url = url
    }
}

/// How and when a run ended.
public struct RunClosing: Sendable, Hashable {
    public enum Outcome: String, Sendable, CaseIterable {
        case published
        case noChanges = "no_changes"
        case failed
        case cancelled
        /// It chose among the pull requests of others.
        case chosen

        /// For people: "no changes".
        public var words: String {
            switch self {
            case .noChanges: "no changes"
            case .published, .failed, .cancelled, .chosen: rawValue
            }
        }
    }

    public let outcome: Outcome
    public let at: Timestamp
    /// Why, in a sentence or two; empty when there is nothing to say.
    public let detail: String

    public init(outcome: Outcome, at: Timestamp, detail: String) {
        self.outcome = outcome
        self.at = at
        self.detail = detail
    }
}

/// Where a run stands, computed from its rows and its current job.
public enum RunState: Sendable, Hashable {
    case queued
    case working(step: StepName)
    /// For what, and until when.
    case waiting(reason: String, until: Timestamp?)
    case published
    case noChanges
    case failed
    case cancelled
    case chosen

    /// - Parameters:
    ///   - job: The run's newest job; `nil` when it has none.
    ///   - asksPerson: Whether a question of its agent stands on the issue, unanswered.
    public init(closing: RunClosing?, job: CurrentJob?, asksPerson: Bool = false) {
        if let closing {
            self =
                switch closing.outcome {
                case .published: .published
                case .noChanges: .noChanges
                case .failed: .failed
                case .cancelled: .cancelled
                case .chosen: .chosen
                }
            return
        }
        if asksPerson {
            self = .waiting(reason: "a person's answer to its question on the issue", until: nil)
            return
        }
        guard let job else {
            self = .waiting(reason: "it has no job", until: nil)
            return
        }
        guard !job.isHeld else {
            self = .waiting(reason: "skep run resume, since somebody stopped it", until: nil)
            return
        }
        switch job.state {
        case .leased: self = .working(step: job.step)
        case .ready: self = .queued
        case .scheduled:
            self = .waiting(reason: job.reason ?? "to try \(job.step) again", until: job.notBefore)
        case .succeeded, .dead, .cancelled:
            self = .waiting(reason: "its job \(job.id) is \(job.state.rawValue)", until: nil)
        }
    }

    /// One word, as tables and JSON show it.
    public var word: String {
        switch self {
        case .queued: "queued"
        case .working: "working"
        case .waiting: "waiting"
        case .published: "published"
        case .noChanges: "no_changes"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .chosen: "chosen"
        }
    }

    public var isClosed: Bool {
        switch self {
        case .queued, .working, .waiting: false
        case .published, .noChanges, .failed, .cancelled, .chosen: true
        }
    }
}

/// The newest job of a run, as far as the run's state depends on it.
public struct CurrentJob: Sendable, Hashable {
    public let id: JobID
    public let step: StepName
    public let state: Job.State
    public let notBefore: Timestamp
    /// What it waits for.
    public let reason: String?
    public let attempt: Int
    public let failures: Int
    /// Whether somebody keeps it from beginning, or has stopped its session.
    public let isHeld: Bool

    public init(
        id: JobID, step: StepName, state: Job.State, notBefore: Timestamp, reason: String?,
        attempt: Int, failures: Int, isHeld: Bool = false
    ) {
        self.isHeld = isHeld
        self.id = id
        self.step = step
        self.state = state
        self.notBefore = notBefore
        self.reason = reason
        self.attempt = attempt
        self.failures = failures
    }
}

/// A run to open.
public struct NewRun: Sendable, Hashable {
    public var issue: IssueReference
    public var issueTitle: String
    public var agent: AgentName
    public var workflow: WorkflowName
    public var branch: BranchName
    /// Whether it goes on from that branch, whose pull request is open.
    public var continuesBranch: Bool
    public var firstStep: NewStepJob
    /// `nil`: it is opened whatever else is open.
    public var places: RunPlaces?

    public init(
        issue: IssueReference, issueTitle: String, agent: AgentName, workflow: WorkflowName,
        branch: BranchName, continuesBranch: Bool = false, firstStep: NewStepJob,
        places: RunPlaces? = nil
    ) {
        self.continuesBranch = continuesBranch
        self.issue = issue
        self.issueTitle = issueTitle
        self.agent = agent
        self.workflow = workflow
        self.branch = branch
        self.firstStep = firstStep
        self.places = places
    }
}

/// The places for runs, counted in the transaction that opens one: since its gates were looked at
/// others may have opened theirs. How many pull requests wait isn't among them, for opening a run
/// adds none.
public struct RunPlaces: Sendable, Hashable {
    /// How many may be open; `nil`: any number.
    public var maxRuns: Int?
    public var maxRunsPerRepository: Int?
    public var maxRunsPerAgent: Int?
    /// Whether nobody else may be at work on the issue, and no pull request of it be open.
    public var needsFreeIssue: Bool

    public init(
        maxRuns: Int? = nil, maxRunsPerRepository: Int? = nil, maxRunsPerAgent: Int? = nil,
        needsFreeIssue: Bool = false
    ) {
        self.maxRuns = maxRuns
        self.maxRunsPerRepository = maxRunsPerRepository
        self.maxRunsPerAgent = maxRunsPerAgent
        self.needsFreeIssue = needsFreeIssue
    }
}
