public import SkepQueue

/// The queues and kinds that Skep's jobs have.
public enum SwarmQueues {
    /// Steps of runs.
    public static let steps: QueueName = "steps"
    /// Everything that is posted on the tracker.
    public static let reports: QueueName = "reports"
    /// What the ticks of workflows' schedules begin.
    public static let ticks: QueueName = "ticks"
    public static let step: JobKind = "step"
    public static let report: JobKind = "report"
    /// Its payload is the workflow's name.
    public static let tick: JobKind = "tick"
}

/// A job that does one step of a run.
public struct NewStepJob: Sendable, Hashable {
    public var step: StepName
    /// With so many failures the step, and with it the run, has failed.
    public var maxFailures: Int
    public var priority: Int
    /// What limits how many run at once: the agent for agent steps, nothing for others.
    public var concurrencyKey: ConcurrencyKey?
    /// What an earlier step found and this one has to mend; goes into its prompt.
    public var findings: String?
    public var notBefore: Timestamp?
    /// The agent whose session it has, where that isn't the run's: a reviewer.
    public var agent: AgentName?

    public init(
        step: StepName, maxFailures: Int = 3, priority: Int = 0,
        concurrencyKey: ConcurrencyKey? = nil, findings: String? = nil,
        notBefore: Timestamp? = nil, agent: AgentName? = nil
    ) {
        self.agent = agent
        self.step = step
        self.maxFailures = maxFailures
        self.priority = priority
        self.concurrencyKey = concurrencyKey
        self.findings = findings
        self.notBefore = notBefore
    }
}

/// A step's job as its attempt sees it when it begins.
public struct StepJob: Sendable, Hashable {
    public let run: Run
    public let job: JobID
    public let attempt: Int
    public let step: StepName
    /// 1 for the step's first job in this run, 2 when it was sent back once, …; each reviewer's are
    /// counted apart.
    public let round: Int
    public let findings: String?
    /// The session an earlier attempt at this job started, if it was not settled.
    public let openSession: SessionRecord?
    /// The newest session of this job that has ended.
    public let lastSession: SessionRecord?
    /// The agent whose session it has, where that isn't the run's: a reviewer.
    public let agent: AgentName?

    public init(
        run: Run, job: JobID, attempt: Int, step: StepName, round: Int, findings: String?,
        openSession: SessionRecord?, lastSession: SessionRecord? = nil, agent: AgentName? = nil
    ) {
        self.agent = agent
        self.run = run
        self.job = job
        self.attempt = attempt
        self.step = step
        self.round = round
        self.findings = findings
        self.openSession = openSession
        self.lastSession = lastSession
    }
}

/// An agent session's row. Whether it lives is asked of its folder, not of this.
public struct SessionRecord: Sendable, Hashable {
    public let id: SessionID
    public let run: RunID
    public let job: JobID
    /// The attempt that started it.
    public let attempt: Int
    public let agent: AgentName
    public let startedAt: Timestamp
    /// The workspace it works in, once that is known.
    public let workspacePath: String?
    /// The commit it started from.
    public let base: CommitID?
    public let endedAt: Timestamp?
    /// How it ended, in words; `nil` while it isn't settled.
    public let ending: String?
    /// What its agent wrote, in bytes; 0 while it isn't settled.
    public let outputBytes: Int64
    /// While it isn't settled only its usage is known, as it was noted last, and its sandbox.
    public let facts: SessionFacts
    /// `nil`: nobody stopped it.
    public let stop: SessionStop?

    public init(
        id: SessionID, run: RunID, job: JobID, attempt: Int, agent: AgentName,
        startedAt: Timestamp, workspacePath: String?, base: CommitID?, endedAt: Timestamp?,
        ending: String?, outputBytes: Int64, facts: SessionFacts = SessionFacts(),
        stop: SessionStop? = nil
    ) {
        self.stop = stop
        self.id = id
        self.run = run
        self.job = job
        self.attempt = attempt
        self.agent = agent
        self.startedAt = startedAt
        self.workspacePath = workspacePath
        self.base = base
        self.endedAt = endedAt
        self.ending = ending
        self.outputBytes = outputBytes
        self.facts = facts
    }
}

/// What becomes of a run whose session a person stopped, once what that made is saved. Neither is a
/// failure.
public enum SessionStop: String, Sendable, Hashable {
    /// It is held.
    case wait
    /// Somebody has let it go on meanwhile.
    case goOn = "go_on"
}

/// One try at a job, as history shows it.
public struct AttemptRecord: Sendable, Hashable {
    public let job: JobID
    public let attempt: Int
    public let step: StepName
    public let worker: WorkerID
    public let startedAt: Timestamp
    public let endedAt: Timestamp?
    /// "succeeded", "retry", "snoozed", …; `nil` while it runs or when its worker died.
    public let outcome: String?
    public let detail: String?

    public init(
        job: JobID, attempt: Int, step: StepName, worker: WorkerID, startedAt: Timestamp,
        endedAt: Timestamp?, outcome: String?, detail: String?
    ) {
        self.job = job
        self.attempt = attempt
        self.step = step
        self.worker = worker
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.detail = detail
    }
}
