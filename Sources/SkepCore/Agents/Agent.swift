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
}

/// What an agent is to do.
public struct Assignment: Sendable {
    public var session: SessionID
    public var run: RunID
    public var issue: Issue
    /// All that the agent is told: standing instructions, then the task.
    public var prompt: String
    /// What becomes of a session that runs when its worker leaves; asked at that moment.
    public var ending: @Sendable () -> SessionEnding

    public init(
        session: SessionID, run: RunID, issue: Issue, prompt: String,
        ending: @escaping @Sendable () -> SessionEnding
    ) {
        self.session = session
        self.run = run
        self.issue = issue
        self.prompt = prompt
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

/// Something an agent said or did.
public struct SessionEvent: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Bytes as they were written; a character may be split between two events.
        case output([UInt8])
        case errorOutput([UInt8])
        /// What its host has to say.
        case note(String)
    }

    public let at: Timestamp
    public let kind: Kind

    public init(at: Timestamp, kind: Kind) {
        self.at = at
        self.kind = kind
    }
}

/// How a session ended. Never decides whether the run succeeded: commits and checks do.
public struct SessionResult: Sendable, Hashable {
    public enum Ending: Sendable, Hashable {
        case exited(code: Int)
        case signalled(Int)
        case timedOut
        case outputLimit
        case silent
        /// It was asked to stop.
        case stopped
        /// It never ran: why.
        case startFailed(String)
        /// Its host died with it.
        case lost
    }

    public let ending: Ending
    public let startedAt: Timestamp
    public let endedAt: Timestamp
    public let outputBytes: Int64
    /// The end of what it printed, as text; at most 4 KiB.
    public let tail: String

    public init(
        ending: Ending, startedAt: Timestamp, endedAt: Timestamp, outputBytes: Int64, tail: String
    ) {
        self.ending = ending
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outputBytes = outputBytes
        self.tail = tail
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
        case .stopped: "stopped"
        case .startFailed(let why): "never started: \(why)"
        case .lost: "lost: its host was killed"
        }
    }
}
