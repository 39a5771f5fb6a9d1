public import SkepQueue

/// Runs a command in a workspace, on the same leash as an agent.
public protocol Commands: Sendable {
    /// Runs a command line with `sh -c` and waits for its end.
    ///
    /// When the task is cancelled everything it started is ended before this throws. Commands that
    /// earlier attempts left behind are ended first; those of later ones aren't touched.
    ///
    /// - Parameter environment: Names of variables it gets from Skep's environment.
    func run(
        _ commandLine: String, in workspace: Workspace, for lease: LeaseToken,
        environment: [String], limits: SessionLimits
    ) async throws -> CommandResult
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
