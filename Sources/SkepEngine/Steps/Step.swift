internal import Logging
internal import SkepCore
internal import SkepQueue

/// One kind of step of a workflow.
protocol Step: Sendable {
    static var kind: StepKind { get }
    /// What may stand in the step's `on`, beside going on.
    static var outcomes: [String] { get }
    /// Whether it has an agent's session, and so waits for a free place of that agent.
    static var hasSession: Bool { get }
    /// Whether it isn't begun on a disk that is nearly full.
    static var fillsDisk: Bool { get }
    /// The names that may stand in its prompt; `nil`: it has none.
    static var promptNames: Set<String>? { get }

    /// The keys of its own in a workflow file.
    static func read(_ reader: SettingsReader) -> StepSettings

    /// Does the step. Cancelled through its task; then it cleans up and throws
    /// `CancellationError`. Other errors count as failures, except those of kind `.unavailable`,
    /// which make the step wait.
    func run(_ context: StepContext) async throws -> StepOutcome
}

extension Step {
    static var outcomes: [String] { [] }
    static var hasSession: Bool { false }
    static var fillsDisk: Bool { true }
    static var promptNames: Set<String>? { nil }
    static func read(_ reader: SettingsReader) -> StepSettings { StepSettings() }
}

/// What a step's kind reads from its part of a workflow.
struct StepSettings: Sendable {
    var commands: [String] = []
    var environment: [String] = ["PATH", "LANG"]
    var sandbox = SandboxPolicy()
    var limits = SessionLimits()
    var reviewers: [AgentName] = []
    var reviewerCount: Int?
    var testReports: [String] = []
    /// Where the run goes although the last round didn't succeed; `nil`: it has failed.
    var stepAtCap: StepName?
    var isReadOnly = false
}

/// What a step works with.
struct StepContext: Sendable {
    let parts: SwarmParts
    let lease: Lease
    let job: StepJob
    let workflow: Workflow
    let definition: StepDefinition
    /// The agent whose session the step has: the run's, or a reviewer.
    let agent: any Agent
    /// What becomes of a running session if the task is cancelled now.
    let ending: @Sendable () -> SessionEnding
    let logger: Logger

    var run: Run { job.run }
}

/// How a step ended.
struct StepOutcome: Sendable {
    enum Way: Sendable {
        /// On to the next step.
        case done
        /// On with this job, which is part of the same step: the next reviewer's.
        case goOn(NewStepJob)
        case close(RunClosing.Outcome, detail: String)
        /// Back to the step the workflow names for this outcome, with what was found.
        case sentBack(outcome: String, findings: String, detail: String)
        /// The run waits for an answer of these people, and then this step begins again with it.
        case ask(String, of: [LoginName])
        /// It failed, and may be tried again.
        case retry(Failure)
        /// It failed for good.
        case fail(Failure)
        /// The agent's session failed for good.
        case giveUp(AgentFailure)
        /// The account with the agent's provider has to wait, and this job with it.
        case park(AgentFailure)
        /// It waits a while, ever longer; that is no failure.
        case wait(AgentFailure)
    }

    var way: Way
    var head: CommitID?
    var pullRequest: PullRequestLink?
    var branch: BranchName?
    var session: SessionClosing?
    var account: AccountVerdict?
    var checks: [CheckResult] = []
    var reviews: [ReviewRecord] = []
    var notes: [String] = []
    var reports: [NewReport] = []
    /// The end of what was printed, for the report of a failure.
    var tail = ""
    /// Where work is kept that didn't make it, for the report of a failure.
    var kept: String?

    init(_ way: Way) { self.way = way }
}

/// Thrown instead of `CancellationError` by a step that was cancelled while a session ran.
struct SessionInterrupted: Error {
    /// How the session was closed; `nil` when it lives on with its host.
    let closing: SessionClosing?
    let notes: [String]
}
