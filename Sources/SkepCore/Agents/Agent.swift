public import SkepQueue

/// Drives one kind of agent.
public protocol Agent: Sendable {
    var definition: AgentDefinition { get }

    /// Whether a session could be started on this machine: the program is there, its secrets are
    /// set. Changes nothing. Throws a `SkepError` that says what is missing.
    func check() async throws

    /// Starts a session, or adopts the one that is there, and gives it to `body`.
    ///
    /// When `body` returns or throws, or the task is cancelled, while the session still runs, it is
    /// stopped or left to its host, as `assignment.ending` says then. A stopped session's processes
    /// are proven gone before this returns.
    ///
    /// - Throws: `SkepError`s, what `body` throws, `CancellationError`.
    func withSession<R: Sendable>(
        _ assignment: Assignment, in workspace: Workspace,
        _ body: (any AgentSession) async throws -> R
    ) async throws -> R

    /// What a session of this agent said, from the beginning. Read as it is asked for: whoever is slow
    /// takes no memory, and whoever reads doesn't lead it. Empty when there is no such session.
    ///
    /// - Parameter waits: Whether it is followed to its end, and not to where it is now.
    func events(of session: SessionID, waits: Bool)
        -> AsyncThrowingStream<SessionEvent, any Error>

    /// Tells a running session something more, from any process of this machine. It stands in the
    /// session's log when this returns; its worker tells it to the agent, or to the session that goes
    /// on after this one.
    ///
    /// - Throws: A `SkepError` when its protocol has no way, or it has ended.
    func say(_ text: String, to session: SessionID) async throws

    /// What was said to a session and it wasn't told: it ended before its protocol had a way, or the
    /// moment hasn't come yet.
    func unheard(in session: SessionID) async throws -> UnheardMail

    /// Ends a session that somebody else may lead, from any process of this machine: it is asked in its
    /// own protocol to break off, where that has a word for it. Returns when everything it started is
    /// proven gone; ending one that has ended is done at once.
    func stop(_ session: SessionID) async throws

    /// Its secrets, to keep them out of what it left beside its log.
    ///
    /// - Parameter others: Values that it was given besides, `Assignment.secrets`.
    /// - Throws: A `SkepError` when a secret can't be had.
    func secretScreen(with others: [String]) async throws -> SecretScreen
}

/// What an agent is to do.
public struct Assignment: Sendable {
    public var session: SessionID
    public var run: RunID
    public var issue: Issue
    /// All that the agent is told: standing instructions, then the task.
    public var prompt: String
    /// The agent's own session to go on with, where the agent can; with another one it begins anew.
    public var resumes: String?
    /// What it is told instead of `prompt` when it does go on with that session.
    public var resumePrompt: String?
    /// Whether the workspace is only to be looked at, as its workflow says; then the sandbox is
    /// read-only at least.
    public var isReadOnly: Bool
    /// Variables of the repository's set-up; the agent's own of the same name win.
    public var environment: [String: String]
    /// Likewise, with values that are kept out of the log.
    public var secrets: [String: String]
    /// Sees each event, in order and from the beginning, also those from before an adoption; its
    /// answer may end the session. Called by one task, which waits for it.
    public var watch: @Sendable (SessionEvent) async -> Intervention?
    /// Asked about once a second while it runs, whether it says anything or not, between two calls of
    /// `watch`; gets what it has printed by then, in bytes. Its answer may end the session likewise.
    public var tick: @Sendable (_ printed: Int64) async -> Intervention?
    /// What becomes of a session that runs when its worker leaves; asked at that moment.
    public var ending: @Sendable () -> SessionEnding

    public init(
        session: SessionID, run: RunID, issue: Issue, prompt: String, resumes: String? = nil,
        resumePrompt: String? = nil,
        isReadOnly: Bool = false, environment: [String: String] = [:],
        secrets: [String: String] = [:],
        watch: @escaping @Sendable (SessionEvent) async -> Intervention? = { _ in nil },
        tick: @escaping @Sendable (_ printed: Int64) async -> Intervention? = { _ in nil },
        ending: @escaping @Sendable () -> SessionEnding
    ) {
        self.session = session
        self.run = run
        self.issue = issue
        self.prompt = prompt
        self.resumes = resumes
        self.resumePrompt = resumePrompt
        self.isReadOnly = isReadOnly
        self.environment = environment
        self.secrets = secrets
        self.watch = watch
        self.tick = tick
        self.ending = ending
    }
}

/// Ends what is left of sessions that nobody holds.
public protocol SessionReaper: Sendable {
    /// Ends a session's host and everything it started, and returns when all are proven gone.
    /// Ending one that has ended is done at once.
    func end(_ session: SessionID) async throws

    /// Runs of which commands were started that nobody has seen the end of.
    func runsWithCommands() async throws -> Set<RunID>

    /// Ends the commands of a run likewise.
    func endCommands(of run: RunID) async throws
}

/// Why a session is to be ended though it could go on.
public struct Intervention: Sendable, Hashable {
    public var failure: AgentFailure

    public init(_ failure: AgentFailure) { self.failure = failure }
}

/// What becomes of a session whose worker leaves.
public enum SessionEnding: Sendable, Hashable {
    /// Everything it started is ended.
    case stop
    /// Its host keeps it; the job's next attempt adopts it.
    case detach
}

/// An agent at work.
public protocol AgentSession: Sendable {
    /// Whether it was found running or ended, not started now.
    var isAdopted: Bool { get }
    /// What it says, from the beginning, as it happens; ends when it has ended.
    var events: AsyncThrowingStream<SessionEvent, any Error> { get }
    /// Waits for its end.
    func result() async throws -> SessionResult
}

/// How a session ended. Never decides whether the run succeeded: commits and checks do.
public struct SessionResult: Sendable, Hashable {
    public enum Ending: Sendable, Hashable {
        case exited(code: Int)
        case signalled(Int)
        case timedOut
        case outputLimit
        case silent
        /// It used more memory, processor time, disk or processes than it may.
        case overLimit(Resource)
        /// It was asked to stop.
        case stopped
        /// It never ran: why.
        case startFailed(String)
        /// Its host died with it.
        case lost
    }

    /// What a session is held to beside time and output.
    public enum Resource: String, Sendable, Hashable, Codable {
        case memory, processorTime = "processor_time", disk, processes
    }

    public let ending: Ending
    public let startedAt: Timestamp
    public let endedAt: Timestamp
    public let outputBytes: Int64
    /// The end of what it printed, as text; at most 4 KiB.
    public let tail: String
    /// Why it didn't come to its own good end; `nil` when it did. Exit status 0 with an error inside
    /// is a failure, and so is a program that ends before its protocol is through.
    public let failure: AgentFailure?
    /// `nil`: it didn't say.
    public let usage: Usage?
    public let start: SessionStart?
    /// Its last message.
    public let lastMessage: String
    public let sandbox: SandboxReport?
    /// What it asked a person in its protocol, and has no answer to.
    public let question: String?

    public init(
        ending: Ending, startedAt: Timestamp, endedAt: Timestamp, outputBytes: Int64, tail: String,
        failure: AgentFailure? = nil, usage: Usage? = nil, start: SessionStart? = nil,
        lastMessage: String = "", sandbox: SandboxReport? = nil, question: String? = nil
    ) {
        self.ending = ending
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outputBytes = outputBytes
        self.tail = tail
        self.failure = failure
        self.usage = usage
        self.start = start
        self.lastMessage = lastMessage
        self.sandbox = sandbox
        self.question = question
    }
}

extension SessionResult.Ending: CustomStringConvertible {
    /// As history and reports say it.
    public var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let number): "ended by signal \(number)"
        case .timedOut: "stopped: its time was up"
        case .outputLimit: "stopped: it printed more than it may"
        case .silent: "stopped: it had been silent for too long"
        case .overLimit(.memory): "stopped: it used more memory than it may"
        case .overLimit(.processorTime): "stopped: it used more processor time than it may"
        case .overLimit(.disk): "stopped: it used more disk than it may"
        case .overLimit(.processes): "stopped: it started more processes than it may"
        case .stopped: "stopped"
        case .startFailed(let why): "never started: \(why)"
        case .lost: "lost: its host was killed"
        }
    }
}

/// What people said to a session that it wasn't told.
public struct UnheardMail: Sendable, Hashable {
    /// In order.
    public var texts: [String]
    /// Whether it had its prompt. What sessions before it hadn't heard stood in that.
    public var wasPrompted: Bool

    public init(_ texts: [String] = [], wasPrompted: Bool = true) {
        self.texts = texts
        self.wasPrompted = wasPrompted
    }
}
