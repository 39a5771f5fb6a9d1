/// How far an agent is shut in.
public enum SandboxLevel: String, Sendable, Hashable, CaseIterable, Comparable, Codable {
    /// Not at all, but for limits: it may do what its user may.
    case none
    /// It may read, and write only its home, its output folder and a /tmp of its own.
    case readOnly = "read-only"
    /// It may also write its workspace.
    case workspaceWrite = "workspace-write"
    /// The same without a network, but for its model's endpoints.
    case isolated

    public static func < (left: Self, right: Self) -> Bool {
        let order = allCases
        // Every case is in `allCases`.
        return order.firstIndex(of: left)! < order.firstIndex(of: right)!
    }
}

/// What an agent's file says about its sandbox.
public struct SandboxPolicy: Sendable, Hashable {
    public var level: SandboxLevel
    /// Whether a session is refused where the level can't be had. True when the file names a level;
    /// otherwise the strongest one up to `level` that this machine offers is taken.
    public var isRequired: Bool
    /// Further paths it may read, absolute or below the operator's home ("~/…").
    public var reads: [String]
    /// Further paths it may write.
    public var writes: [String]
    /// The endpoints that `isolated` lets through.
    public var endpoints: [NetworkEndpoint]

    public init(
        level: SandboxLevel = .workspaceWrite, isRequired: Bool = false, reads: [String] = [],
        writes: [String] = [], endpoints: [NetworkEndpoint] = []
    ) {
        self.level = level
        self.isRequired = isRequired
        self.reads = reads
        self.writes = writes
        self.endpoints = endpoints
    }
}

/// A host and a port: "api.anthropic.com:443", "*.openai.com:443", "127.0.0.1:8080".
public struct NetworkEndpoint: Sendable, Hashable, Codable, CustomStringConvertible {
    /// A name, an address, or "*." and a name for all names below it. Lower case.
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { "\(host):\(port)" }
}

/// What is in force for one session, as its launcher applied it.
public struct SandboxReport: Sendable, Hashable, Codable {
    public var level: SandboxLevel
    /// What keeps it in: "mount namespace", "landlock 7", "seccomp", "pid namespace", …
    public var measures: [String]
    /// What this machine doesn't offer, and why.
    public var missing: [String]

    public init(level: SandboxLevel, measures: [String], missing: [String] = []) {
        self.level = level
        self.measures = measures
        self.missing = missing
    }
}
