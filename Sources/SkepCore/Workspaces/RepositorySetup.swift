/// How a working tree of a repository is made ready for work: commands that fetch dependencies and
/// the like, run before an agent's session and before checks.
///
/// ```yaml
/// setup: {run: [npm ci], inputs: [package-lock.json], cache: [node_modules]}
/// ```
public struct RepositorySetup: Sendable, Hashable {
    /// Command lines for `sh -c`, one after the other in the working tree.
    public var commands: [String]
    /// Files whose content decides: while they, and the commands, are the same, what the commands
    /// made is good. Paths below the working tree.
    public var inputs: [String]
    /// Folders with what the commands made, which stay from one run to the next where the
    /// repository ignores them. None: the commands run for each working tree.
    public var cache: [String]
    /// Names of variables the commands get from Skep's environment. PATH and LANG by default.
    public var environment: [String]
    /// Files with lines "NAME=value", absolute; commands, agents and checks get their variables, but
    /// no reviewers; what looks like a secret is kept out of what is shown.
    public var environmentFiles: [String]
    /// How many ports of the loopback interface a run has for itself: SKEP_PORT_1 and so on. 0 by
    /// default; at most 20.
    public var ports: Int
    /// Of each command.
    public var limits: SessionLimits

    public init(
        commands: [String], inputs: [String] = [], cache: [String] = [],
        environment: [String] = ["PATH", "LANG"], environmentFiles: [String] = [],
        ports: Int = 0, limits: SessionLimits = SessionLimits()
    ) {
        self.commands = commands
        self.inputs = inputs
        self.cache = cache
        self.environment = environment
        self.environmentFiles = environmentFiles
        self.ports = ports
        self.limits = limits
    }

    /// Reads a repository's `setup`.
    public init(_ reader: SettingsReader) {
        commands = reader.texts("run") ?? []
        environmentFiles = reader.texts("env_files") ?? []
        for path in environmentFiles where !path.hasPrefix("/") {
            reader.mistake(
                "\"env_files\" holds absolute paths, not \"\(path)\"",
                at: reader.location(of: "env_files", path))
        }
        ports = reader.integer("ports", in: 0...20) ?? 0
        if commands.isEmpty, environmentFiles.isEmpty, ports == 0 {
            reader.mistake(
                "\"setup\" needs \"run\", the commands that make a working tree ready, "
                    + "or \"env_files\" or \"ports\"",
                at: reader.location)
        }
        inputs = Self.paths("inputs", reader)
        cache = Self.paths("cache", reader)
        environment = reader.variables("environment") ?? ["PATH", "LANG"]
        limits = SessionLimits(reader.map("limits", of: "limits"))
        reader.finish()
    }

    private static func paths(_ key: String, _ reader: SettingsReader) -> [String] {
        (reader.texts(key) ?? []).map { path in
            let names = path.split(separator: "/", omittingEmptySubsequences: false)
            let bare = path.hasSuffix("/") ? names.dropLast() : names[...]
            if path.hasPrefix("/")
                || bare.contains(where: { ["", ".", "..", ".git"].contains($0) })
            {
                reader.mistake(
                    "\"\(key)\" holds paths below the working tree, not \"\(path)\"",
                    at: reader.location(of: key, path))
            }
            return bare.joined(separator: "/")
        }
    }
}
