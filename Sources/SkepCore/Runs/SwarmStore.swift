public import SkepQueue

/// Keeps triggers, runs, attempts, sessions and reports, beside the queue's jobs.
///
/// Each method is one transaction, durable when it returns. Errors are `QueueError`s, and
/// `SwarmError` where a rule of runs is broken.
public protocol SwarmStore: DemandStore, PullRequestStore, BurndownStore, EventStore,
    AccountStore
{
    // Opening

    /// Records a demand and, unless it was answered before or the agent is busy there, opens a run
    /// with its first job and report.
    func open(_ trigger: NewTrigger, _ run: NewRun, reports: [NewReport]) async throws
        -> TriggerAnswer
    /// The demands of a repository whose cause stood when the tracker was last looked at.
    func standingTriggers(in repository: RepositoryName) async throws -> Set<NewTrigger>
    /// Ends demands whose cause is no longer seen, so that seeing it again is a new demand.
    func endTriggers(_ triggers: Set<NewTrigger>) async throws

    // Working

    /// Begins an attempt: writes its row and answers with what the step needs to know.
    ///
    /// - Throws: `QueueError.leaseLost`, `SwarmError.runClosed`.
    func beginAttempt(_ lease: Lease) async throws -> StepJob
    /// Writes down the base a run started from, before anything is built on it.
    func recordBase(_ base: CommitID, of branch: BranchName, for lease: LeaseToken) async throws
    /// Writes a session's row, before its host is started.
    func openSession(_ lease: LeaseToken, agent: AgentName, workspacePath: String, base: CommitID)
        async throws -> SessionRecord
    /// Writes that a session of a closed run, which nobody held any more, was ended.
    func closeAbandonedSession(_ session: SessionID, ending: String) async throws
    /// Adds reports while a step runs; those whose topic the run has already are left out.
    func report(_ reports: [NewReport], by lease: LeaseToken) async throws
    /// Settles a step's lease together with what became of its run.
    func settle(_ lease: LeaseToken, as settlement: StepSettlement) async throws

    // Reporting

    /// Reports on an issue that aren't posted, up to and with this one, oldest first.
    func unpostedReports(upTo report: ReportID) async throws -> [Report]
    func recordPosted(_ report: ReportID, commentURL: String) async throws

    // Asking and steering

    /// Cancels a run: at once when nothing of it runs, else as soon as everything has stopped.
    func cancel(_ run: RunID, reason: String) async throws -> Cancellation
    /// Has a run wait until `goOn`: at once when no agent is at work on it, else as soon as the session
    /// that is at work is settled, which its caller ends. Doing it again changes nothing.
    ///
    /// - Throws: `SwarmError.noSuchRun`, `.runClosed`.
    func stop(_ run: RunID) async throws -> StopAnswer
    /// Has a run go on at once that was stopped, or waits.
    ///
    /// - Returns: `false` when there is nothing that keeps it, or it waits for a person's answer.
    /// - Throws: `SwarmError.noSuchRun`, `.runClosed`.
    func goOn(_ run: RunID) async throws -> Bool
    func run(_ id: RunID) async throws -> RunSummary?
    /// Runs, the newest first.
    func runs(matching filter: RunFilter) async throws -> [RunSummary]
    func history(of run: RunID) async throws -> RunHistory
    func session(_ id: SessionID) async throws -> SessionRecord?
    /// Sessions that are not settled, whatever became of their processes.
    func openSessions() async throws -> [SessionRecord]
}

/// What `stop` did.
public enum StopAnswer: Sendable, Hashable {
    /// This session is at work, and is to be ended.
    case atWork(SessionID)
    case held
    /// It waits for a person's answer: there is nothing to hold.
    case nothingToStop
}

/// What a step says about its lease and its run.
public struct StepSettlement: Sendable, Hashable {
    public enum Way: Sendable, Hashable {
        /// Done; the run goes on with this job.
        case next(NewStepJob)
        /// Done, and so is the run; never as cancelled.
        case close(RunClosing.Outcome, detail: String)
        /// It was stopped because the run is cancelled; the run says why.
        case cancel
        /// Try again; with `Job.maxFailures` reached the run fails with `closingReports`.
        case retry(Failure, notBefore: Timestamp?)
        /// It failed for good: the run fails.
        case fail(Failure)
        /// Not now; no failure counted.
        case snooze(until: Timestamp, reason: String)
        /// Not as long as this provider account waits, or has no place: it goes on as soon as that
        /// works again, or has one. No failure counted.
        case park(ProviderAccount)
        /// Given back untouched.
        case release
        /// Done for now: the run waits for an answer to this question from one of these people, then
        /// goes on with this job, which gets the answer as its findings.
        case ask(String, of: [LoginName] = [], then: NewStepJob)
    }

    public var way: Way
    /// The run's newest commit, when the step made one.
    public var head: CommitID?
    public var pullRequest: PullRequestLink?
    /// The branch it was published to, when the one meant was taken.
    public var branch: BranchName?
    /// The session that ended with this; while none is named, the job's next attempt adopts it.
    public var session: SessionClosing?
    /// What that session showed of its account with the provider; `nil`: nothing.
    public var account: AccountVerdict?
    /// Check results, each for one commit.
    public var checks: [CheckResult]
    public var reviews: [ReviewRecord]
    /// What was out of the ordinary; kept with the run for its report.
    public var notes: [String]
    public var reports: [NewReport]
    /// Posted instead when this attempt's failure was the last one allowed.
    public var closingReports: [NewReport]

    public init(
        _ way: Way, head: CommitID? = nil, pullRequest: PullRequestLink? = nil,
        branch: BranchName? = nil, session: SessionClosing? = nil, account: AccountVerdict? = nil,
        checks: [CheckResult] = [],
        reviews: [ReviewRecord] = [], notes: [String] = [], reports: [NewReport] = [],
        closingReports: [NewReport] = []
    ) {
        self.reviews = reviews
        self.session = session
        self.account = account
        self.checks = checks
        self.notes = notes
        self.branch = branch
        self.way = way
        self.head = head
        self.pullRequest = pullRequest
        self.reports = reports
        self.closingReports = closingReports
    }
}

/// What a check said about a commit.
public struct CheckResult: Sendable, Hashable {
    public let commit: CommitID
    public let command: String
    public let hasPassed: Bool
    /// The command's ending in words.
    public let ending: String
    public let duration: Duration
    /// What its report of tests says, where it wrote one.
    public let tests: TestCounts?

    public init(
        commit: CommitID, command: String, hasPassed: Bool, ending: String, duration: Duration,
        tests: TestCounts? = nil
    ) {
        self.tests = tests
        self.commit = commit
        self.command = command
        self.hasPassed = hasPassed
        self.ending = ending
        self.duration = duration
    }
}

/// How many tests a check ran.
public struct TestCounts: Sendable, Hashable, Codable {
    public var passed: Int
    public var failed: Int
    public var skipped: Int
    /// Names of failed ones, at most 20.
    public var failedNames: [String]

    public init(passed: Int = 0, failed: Int = 0, skipped: Int = 0, failedNames: [String] = []) {
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
        self.failedNames = failedNames
    }
}

/// How a session ended, as its row keeps it.
public struct SessionClosing: Sendable, Hashable {
    public let id: SessionID
    public let ending: String
    /// When it ended; `nil`: now.
    public let endedAt: Timestamp?
    public let outputBytes: Int64
    public let facts: SessionFacts

    public init(
        id: SessionID, ending: String, endedAt: Timestamp? = nil, outputBytes: Int64,
        facts: SessionFacts = SessionFacts()
    ) {
        self.id = id
        self.ending = ending
        self.endedAt = endedAt
        self.outputBytes = outputBytes
        self.facts = facts
    }
}

/// What is known of a session once it has ended.
public struct SessionFacts: Sendable, Hashable {
    /// What the agent's own program calls it.
    public var vendorSession: String?
    public var model: String?
    /// With its cost: the agent's own figure, else by the price table; `nil`: unknown.
    public var usage: Usage?
    /// Why it didn't come to its own good end.
    public var failure: AgentFailure?
    public var sandbox: SandboxReport?

    public init(
        vendorSession: String? = nil, model: String? = nil, usage: Usage? = nil,
        failure: AgentFailure? = nil, sandbox: SandboxReport? = nil
    ) {
        self.vendorSession = vendorSession
        self.model = model
        self.usage = usage
        self.failure = failure
        self.sandbox = sandbox
    }
}

/// A run with its state and what it is at.
public struct RunSummary: Sendable, Hashable {
    public let run: Run
    public let state: RunState
    /// The newest job of the run.
    public let job: JobID?
    public let step: StepName?
    public let attempt: Int
    public let failures: Int
    /// The provider account that it waits for: to work again, or to have a place.
    public let waitsFor: ProviderAccount?
    /// Whether that account is parked.
    public let isParked: Bool

    public init(
        run: Run, state: RunState, job: JobID?, step: StepName?, attempt: Int, failures: Int,
        waitsFor: ProviderAccount? = nil, isParked: Bool = false
    ) {
        self.waitsFor = waitsFor
        self.isParked = isParked
        self.run = run
        self.state = state
        self.job = job
        self.step = step
        self.attempt = attempt
        self.failures = failures
    }
}

public struct RunFilter: Sendable, Hashable {
    public var issue: IssueReference?
    public var repository: RepositoryName?
    public var agent: AgentName?
    public var openOnly: Bool
    /// At most so many. 100 by default.
    public var limit: Int

    public init(
        issue: IssueReference? = nil, repository: RepositoryName? = nil, agent: AgentName? = nil,
        openOnly: Bool = false, limit: Int = 100
    ) {
        self.issue = issue
        self.repository = repository
        self.agent = agent
        self.openOnly = openOnly
        self.limit = limit
    }
}

/// All that happened in a run, oldest first.
public struct RunHistory: Sendable, Hashable {
    public let attempts: [AttemptRecord]
    public let sessions: [SessionRecord]
    public let checks: [CheckResult]
    public let reviews: [ReviewRecord]
    /// Questions its agent asked, with their answers.
    public let questions: [AnsweredQuestion]
    public let notes: [String]
    public let reports: [Report]

    public init(
        attempts: [AttemptRecord], sessions: [SessionRecord], checks: [CheckResult],
        reviews: [ReviewRecord] = [], questions: [AnsweredQuestion] = [], notes: [String],
        reports: [Report]
    ) {
        self.reviews = reviews
        self.questions = questions
        self.checks = checks
        self.notes = notes
        self.attempts = attempts
        self.sessions = sessions
        self.reports = reports
    }
}
