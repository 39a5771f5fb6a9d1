public import SkepQueue

/// Runs a command in a workspace, on the same leash as an agent.
public protocol Commands: Sendable {
    /// Runs a command line with `sh -c` and waits for its end.
    ///
    /// When the task is cancelled everything it started is ended before this throws. Commands that
    /// earlier attempts left behind are ended first; those of later ones aren't touched.
    ///
    func run(
        _ commandLine: String, in workspace: Workspace, for lease: LeaseToken,
        environment: CommandEnvironment, limits: SessionLimits
    ) async throws -> CommandResult
}

/// What surrounds a command: its variables, and how far it is shut in.
public struct CommandEnvironment: Sendable, Hashable {
    /// Names of those it gets from Skep's own environment.
    public var names: [String]
    public var values: [String: String]
    /// Values that are kept out of its output.
    public var secrets: [String: String]
    public var sandbox: SandboxPolicy

    public init(
        names: [String] = [], values: [String: String] = [:], secrets: [String: String] = [:],
        sandbox: SandboxPolicy = SandboxPolicy()
    ) {
        self.names = names
        self.values = values
        self.secrets = secrets
        self.sandbox = sandbox
    }
}

public struct CommandResult: Sendable, Hashable {
    public let ending: SessionResult.Ending
    /// The end of what it printed on both streams, as text.
    public let tail: String
    public let duration: Duration

    public init(ending: SessionResult.Ending, tail: String, duration: Duration) {
        self.ending = ending
        self.tail = tail
        self.duration = duration
    }

    public var succeeded: Bool { ending == .exited(code: 0) }
}
