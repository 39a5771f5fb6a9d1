public import SkepQueue

/// Keeps what asks for work, and how far the tracker was read. A part of `SwarmStore`.
public protocol DemandStore: Sendable {
    /// Writes demands down, each once, to be answered when their gates are open.
    ///
    /// A standing one whose agent works on the issue already is answered by that run.
    ///
    /// - Returns: How many are new.
    func record(_ demands: [TriggerDemand]) async throws -> Int

    /// Demands no run answers yet, the most urgent first, then the oldest.
    ///
    /// - Parameter issue: Of this issue only.
    func waitingTriggers(on issue: IssueReference?) async throws -> [WaitingTrigger]

    /// Opens a run with its first job, which answers a waiting demand.
    func open(_ trigger: TriggerID, _ run: NewRun, reports: [NewReport]) async throws
        -> TriggerAnswer

    /// Writes down which gates are shut for waiting demands; what is written already costs nothing.
    func noteGates(_ gates: [TriggerID: [ShutGate]]) async throws

    /// Ends a waiting demand that no run will answer.
    func dismiss(_ trigger: TriggerID, because reason: String, reports: [NewReport]) async throws

    /// How far a repository was read; `nil` before the first time.
    func cursor(of repository: RepositoryName) async throws -> TrackerCursor?
    func setCursor(_ cursor: TrackerCursor, of repository: RepositoryName) async throws

    /// Writes down that a comment was dealt with, together with all that it leads to.
    ///
    /// - Returns: Whether it was new; nothing happens otherwise.
    func deal(with comment: CommentDealing) async throws -> Bool

    /// Questions that wait for an answer.
    func openQuestions(in repository: RepositoryName?) async throws -> [Question]

    /// Adds reports that are no run's; those whose topic the place has already are left out.
    func report(_ reports: [NewReport]) async throws
}

/// What a person's comment leads to, in one transaction.
public struct CommentDealing: Sendable, Hashable {
    public var comment: Int64
    public var place: IssueReference
    public var author: LoginName
    public var demands: [TriggerDemand] = []
    /// Runs to be cancelled, and why.
    public var cancels: [RunID: String] = [:]
    /// Failed or cancelled runs whose last job is to be tried again.
    public var retries: [RunID] = []
    /// The open run whose question this answers, and the answer.
    public var answers: [RunID: String] = [:]
    /// Each with its place.
    public var reports: [NewReport] = []
    /// One line for the events; `nil`: not worth one.
    public var event: String?

    public init(comment: Int64, place: IssueReference, author: LoginName) {
        self.comment = comment
        self.place = place
        self.author = author
    }
}

/// Keeps what the tracker shows of the pull requests that runs opened. A part of `SwarmStore`.
///
/// `settle` with a pull request makes or renews its row.
public protocol PullRequestStore: Sendable {
    /// The newest first.
    func pullRequests(matching filter: PullRequestFilter) async throws -> [PublishedPullRequest]
    /// Writes down what the tracker shows now: state, head, verdict, checks, whether it can be
    /// merged.
    func note(_ pullRequest: PublishedPullRequest) async throws
}

public struct PullRequestFilter: Sendable, Hashable {
    public var repository: RepositoryName?
    public var issue: IssueReference?
    /// Only this one.
    public var reference: IssueReference?
    /// Empty: all.
    public var states: Set<PublishedPullRequest.State>
    /// At most so many. 1,000 by default.
    public var limit: Int

    public init(
        repository: RepositoryName? = nil, issue: IssueReference? = nil,
        reference: IssueReference? = nil, states: Set<PublishedPullRequest.State> = [],
        limit: Int = 1000
    ) {
        self.repository = repository
        self.issue = issue
        self.reference = reference
        self.states = states
        self.limit = limit
    }
}

/// Keeps burn-downs and retirements. A part of `SwarmStore`.
public protocol BurndownStore: Sendable {
    /// Writes a burn-down with its plan down, once for each cause.
    ///
    /// - Returns: Its number, also when the cause has one already.
    func open(
        _ settings: BurndownSettings, until: Timestamp?, cause: String, plan: [BurndownItem]
    ) async throws -> BurndownID
    /// The newest first.
    func burndowns(openOnly: Bool, limit: Int) async throws -> [Burndown]
    func burndown(_ id: BurndownID) async throws -> (Burndown, [BurndownItem])?
    /// Opens the run of a planned item.
    func start(
        _ item: BurndownItem, of burndown: BurndownID, demand: TriggerDemand, run: NewRun,
        reports: [NewReport]
    ) async throws -> TriggerAnswer
    /// Writes down why an item of the plan isn't worked on.
    func skip(_ issue: IssueReference, of burndown: BurndownID, because reason: String) async throws
    /// Starts nothing more; doing it again changes nothing.
    func close(_ burndown: BurndownID, because reason: String) async throws
    /// Ends it with its report, which is posted where `settings.reportTo` says.
    func end(_ burndown: BurndownID, report: String, reports: [NewReport]) async throws
    /// The report of an ended one, Markdown.
    func reportText(of burndown: BurndownID) async throws -> String?

    /// Writes a retirement down, and queues what closes its issues; those that have an open run are
    /// left out.
    ///
    /// - Parameter reports: One for each issue, with its place.
    /// - Returns: `nil` when none is left.
    func retire(
        _ issues: [Retirement.Item], reason: String, label: String?, reports: [NewReport]
    ) async throws -> RetirementID?
    /// Queues what reopens issues of a retirement; those reopened before are left out.
    func reopen(
        _ issues: [IssueReference], of retirement: RetirementID, reports: [NewReport]
    ) async throws
    /// The newest first.
    func retirements(limit: Int) async throws -> [Retirement]
    func retirement(_ id: RetirementID) async throws -> Retirement?
}

/// Tells what happened. A part of `SwarmStore`, which writes most events in the transactions that
/// cause them.
public protocol EventStore: Sendable {
    /// Events after this one, oldest first; `nil`: from the first that is kept.
    func events(after event: EventID?, limit: Int) async throws -> [SwarmEvent]
    /// The newest of these kinds, newest first; empty: of any.
    func lastEvents(_ kinds: Set<SwarmEvent.Kind>, limit: Int) async throws -> [SwarmEvent]
    /// Adds an event, unless the newest of its kind, issue and agent says the same.
    func record(_ event: NewSwarmEvent) async throws
}
