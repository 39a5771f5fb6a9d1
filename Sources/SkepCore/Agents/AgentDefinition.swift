/// A named agent, as its file under `agents/` describes it.
///
/// ```markdown
/// ---
/// name: claude
/// adapter: command
/// account: {login: claude, token_env: CLAUDE_TRACKER_TOKEN}
/// home: {mode: own, login: [.claude/.credentials.json]}
/// limits: {minutes: 45, output_mb: 64, silence_minutes: 20}
/// concurrency: 2
/// environment: [PATH, LANG]
/// secrets: {ANTHROPIC_API_KEY: env}
/// command: [claude, -p]            # from here on the adapter's own keys
/// ---
/// You fix one issue at a time …
/// ```
public struct AgentDefinition: Sendable, Hashable {
    /// Where the agent's HOME is, and what it has of the operator's.
    public struct Home: Sendable, Hashable {
        public enum Mode: String, Sendable, CaseIterable {
            /// An empty folder per run, with links to what is named.
            case own
            /// The operator's own; a sandbox hides all of it but what is named.
            case `operator`
        }

        public var mode: Mode
        /// Files and folders of the operator's home that it may read.
        public var links: [String]
        /// Such that it may also write: logins whose token its program renews, which therefore must
        /// not be copied. Never what can name a command: that would run when the operator next uses
        /// the program, outside of any sandbox.
        public var logins: [String]

        public init(_ mode: Mode = .own, links: [String] = [], logins: [String] = []) {
            self.mode = mode
            self.links = links
            self.logins = logins
        }

        /// All that must be there.
        public var needed: [String] { links + logins }
    }

    /// Where a secret's value comes from.
    public enum SecretSource: Sendable, Hashable {
        /// The environment variable of this name.
        case environment(String)
        /// A file, whose last line end is cut off.
        case file(String)
        /// What a command prints, without its last line end; run by Skep with its own environment.
        case command([String])
    }

    public let name: AgentName
    /// The adapter that drives it, such as "command".
    public let adapter: String
    /// Its account on the tracker; assigning an issue to it asks for work.
    public let login: LoginName?
    /// Where the token of that account is, for reviews under its own name; never given to it.
    public let accountToken: SecretSource?
    public let home: Home
    public let limits: SessionLimits
    /// How many of its sessions may run at once. 1 by default.
    public let concurrency: Int
    /// Names of environment variables it gets from Skep's environment. PATH and LANG by default.
    public let environment: [String]
    /// Variables it gets with values that are never shown.
    public let secrets: [String: SecretSource]
    /// How far it is shut in.
    public let sandbox: SandboxPolicy
    /// The account with its model's provider; the agent's own name by default.
    public let provider: ProviderAccount
    /// What of that which it asks leave for is refused.
    public let permissions: PermissionPolicy
    public let budgets: Budgets
    /// Servers of tools that it is given.
    public let toolServers: [ToolServer]
    /// Names of skills that it is given: folders below `skills/` of the configuration.
    public let skills: [String]
    /// Files with a repository's instructions that its program reads by itself, such as "AGENTS.md";
    /// Skep tells those of the others.
    public let reads: [String]
    /// Its standing instructions; stand before every prompt.
    public let instructions: String
    /// The file it was read from.
    public let location: SettingsLocation

    public init(
        name: AgentName, adapter: String, login: LoginName? = nil,
        accountToken: SecretSource? = nil, home: Home = Home(),
        limits: SessionLimits = SessionLimits(), concurrency: Int = 1,
        environment: [String] = ["PATH", "LANG"], secrets: [String: SecretSource] = [:],
        sandbox: SandboxPolicy = SandboxPolicy(), provider: ProviderAccount? = nil,
        permissions: PermissionPolicy = PermissionPolicy(), budgets: Budgets = Budgets(),
        toolServers: [ToolServer] = [], skills: [String] = [], reads: [String] = [],
        instructions: String = "",
        location: SettingsLocation
    ) {
        self.name = name
        self.adapter = adapter
        self.login = login
        self.accountToken = accountToken
        self.home = home
        self.limits = limits
        self.concurrency = concurrency
        self.environment = environment
        self.secrets = secrets
        self.sandbox = sandbox
        self.provider = provider ?? ProviderAccount(rawValue: name.rawValue)
        self.permissions = permissions
        self.budgets = budgets
        self.toolServers = toolServers
        self.skills = skills
        self.reads = reads
        self.instructions = instructions
        self.location = location
    }

    /// Reads the keys that all agents have. The adapter reads its own with the same reader, and
    /// whoever holds the reader calls `finish` last.
    public init(_ reader: SettingsReader, instructions: String) {
        let name = AgentName(rawValue: reader.requiredText("name"))
        if !name.rawValue.isEmpty, !name.isValid {
            reader.mistake(
                "\"\(name)\" can't be an agent's name: letters, digits, \"-\", \"_\" and \".\" only, at most 40",
                at: reader.location(of: "name"))
        }
        self.name = name
        adapter = reader.requiredText("adapter")
        let account = reader.map("account", of: "account")
        login = account?.text("login").map(LoginName.init(rawValue:))
        let tokenVariable = account?.text("token_env")
        let tokenFile = account?.text("token_file")
        if let account, tokenVariable != nil, tokenFile != nil {
            account.mistake(
                "token_env or token_file, not both", at: account.location(of: "token_file"))
        }
        accountToken =
            tokenVariable.map(SecretSource.environment) ?? tokenFile.map(SecretSource.file)
        account?.finish()
        limits = SessionLimits(reader.map("limits", of: "limits"))
        concurrency = reader.integer("concurrency", in: 1...1000) ?? 1
        environment = reader.variables("environment") ?? ["PATH", "LANG"]
        secrets = Self.secrets(reader)
        sandbox = SandboxPolicy(reader)
        home = Self.home(reader, isShutIn: sandbox.level > .none)
        provider = ProviderAccount(rawValue: reader.text("provider") ?? name.rawValue)
        permissions = PermissionPolicy(reader.map("permissions", of: "permissions"))
        budgets = Budgets(reader.map("budgets", of: "budgets"))
        toolServers = ToolServer.all(reader)
        skills = reader.texts("skills") ?? []
        reads = reader.texts("reads") ?? []
        self.instructions = instructions
        location = reader.location
    }

    private static func home(_ agent: SettingsReader, isShutIn: Bool) -> Home {
        guard let reader = agent.map("home", of: "home") else { return Home() }
        func paths(_ key: String) -> [String] {
            let paths = reader.texts(key) ?? []
            for path in paths
            where path.hasPrefix("/") || path.split(separator: "/").contains("..") {
                reader.mistake(
                    "\"\(key)\" holds paths below the home folder, not \"\(path)\"",
                    at: reader.location(of: key, path))
            }
            return paths
        }
        let home = Home(
            reader.choice("mode", Home.Mode.self) ?? .own, links: paths("link"),
            logins: paths("login"))
        if home.mode == .operator, home.needed.isEmpty, isShutIn {
            reader.mistake(
                "in its sandbox the agent sees nothing of your home but what \"link\" (to be read) "
                    + "and \"login\" (to be written, too) name; name its program's files",
                at: reader.location(of: "mode"))
        }
        reader.finish()
        return home
    }

    private static func secrets(_ reader: SettingsReader) -> [String: SecretSource] {
        var secrets: [String: SecretSource] = [:]
        for (name, source) in reader.textMap("secrets") ?? [] {
            if source == "env" {
                secrets[name] = .environment(name)
            } else if source.hasPrefix("env:") {
                secrets[name] = .environment(String(source.dropFirst(4)))
            } else if source.hasPrefix("file:") {
                secrets[name] = .file(String(source.dropFirst(5)))
            } else if source.hasPrefix("command:") {
                let words = source.dropFirst(8).split(whereSeparator: \.isWhitespace)
                secrets[name] = .command(words.map(String.init))
            } else {
                reader.mistake(
                    "the secret \"\(name)\" must be env, env:NAME, file:PATH or command:PROGRAM ARGUMENTS; "
                        + "a secret's value doesn't belong here",
                    at: reader.location(of: "secrets", name))
            }
        }
        return secrets
    }
}

/// What a session may use before it is stopped.
public struct SessionLimits: Sendable, Hashable {
    /// Wall time. 45 minutes by default.
    public var time: Duration
    /// What it may print, in bytes. 64 MiB by default.
    public var outputBytes: Int64
    /// How long it may say nothing while it is at work; `nil`, the default: as long as it likes. What
    /// it waits for by itself (a quota, an overloaded service) isn't counted.
    public var silence: Duration?
    /// How long it may take to say its first word. `nil`, the default: 5 minutes for an agent with a
    /// protocol, `silence` for others, which may say nothing before they are done.
    public var start: Duration?
    /// Of all its processes together; `nil`: as much as the machine has.
    public var memoryBytes: Int64?
    /// Of all its processes together, those that have ended included.
    public var processorTime: Duration?
    /// How many processes it may have at once. 512 by default.
    public var processes: Int
    /// What its workspace, its output folder and a home of its own may hold together.
    public var diskBytes: Int64?
    /// After so many turns of its model without a change or a new tool call, once it has told one, it
    /// is stopped. 15 by default.
    public var idleTurns: Int

    public init(
        time: Duration = .seconds(45 * 60), outputBytes: Int64 = 64 << 20, silence: Duration? = nil,
        start: Duration? = nil, memoryBytes: Int64? = nil,
        processorTime: Duration? = nil, processes: Int = 512, diskBytes: Int64? = nil,
        idleTurns: Int = 15
    ) {
        self.time = time
        self.outputBytes = outputBytes
        self.silence = silence
        self.start = start
        self.memoryBytes = memoryBytes
        self.processorTime = processorTime
        self.processes = processes
        self.diskBytes = diskBytes
        self.idleTurns = idleTurns
    }

    /// The key that a time such as this stands under.
    public var timeKey: String {
        time.components.seconds % 60 == 0 ? "limits.minutes" : "limits.seconds"
    }

    /// Reads `minutes` or `seconds`, `output_mb`, `silence_minutes`, `start_minutes`, `memory_mb`,
    /// `processor_minutes`, `processes`, `disk_mb` and `idle_turns`.
    public init(_ reader: SettingsReader?) {
        self.init()
        guard let reader else { return }
        let minutes = reader.integer("minutes", in: 0...10080)
        let seconds = reader.integer("seconds", in: 0...3600)
        if minutes != nil, seconds != nil {
            reader.mistake("minutes or seconds, not both", at: reader.location(of: "seconds"))
        } else if minutes != nil || seconds != nil {
            time = .seconds((minutes ?? 0) * 60 + (seconds ?? 0))
            if time == .zero {
                reader.mistake(
                    "the time limit must be more than nothing",
                    at: reader.location(of: minutes == nil ? "seconds" : "minutes"))
            }
        }
        if let megabytes = reader.integer("output_mb", in: 1...4096) {
            outputBytes = Int64(megabytes) << 20
        }
        if let minutes = reader.integer("silence_minutes", in: 1...1440) {
            silence = .seconds(minutes * 60)
        }
        if let minutes = reader.integer("start_minutes", in: 1...60) {
            start = .seconds(minutes * 60)
        }
        if let megabytes = reader.integer("memory_mb", in: 16...(1 << 20)) {
            memoryBytes = Int64(megabytes) << 20
        }
        if let minutes = reader.integer("processor_minutes", in: 1...10080) {
            processorTime = .seconds(minutes * 60)
        }
        if let number = reader.integer("processes", in: 8...32768) { processes = number }
        if let megabytes = reader.integer("disk_mb", in: 1...(1 << 20)) {
            diskBytes = Int64(megabytes) << 20
        }
        if let turns = reader.integer("idle_turns", in: 2...1000) { idleTurns = turns }
        reader.finish()
    }
}
