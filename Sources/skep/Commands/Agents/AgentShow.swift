import ArgumentParser
import SkepAgents
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore

struct AgentShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show all that is in force for an agent, and where it comes from",
        discussion: """
            Its program and login, how it is shut in, what it may use and has used today. Secrets are \
            shown by name only.

            Example: skep agent show claude
            """)

    @Argument(help: "The agent.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let layers = common.layers()
        let house = try House.read(layers, agentsRunAs: .userIfThere)
        let agent = try house.agent(AgentName(rawValue: name))
        var picture = try await AgentPicture(
            agent, AgentsAtWork(house),
            sandbox: try? SandboxProbe(host: house.agentHouse.host).report,
            AgentFileLines(agent.definition, layers))
        picture.looseBudgets = (agent as? any InspectableAgent)?.looseBudgets(house.prices)
        let console = common.console()
        if console.isJSON { return console.show(picture.json) }
        picture.show(on: console)
    }
}

/// Where an agent's file says what.
struct AgentFileLines {
    private let settings: SettingsNode?

    init(_ definition: AgentDefinition, _ layers: ConfigurationLayers) {
        let source = definition.location.source
        let ignored = SettingsMistakes()
        let tree = layers.merged(into: ignored)
        let folder = DefinitionFolder(
            "agents", named: Configuration(tree, of: layers, into: ignored).agentsFolder,
            layers: layers, mistakes: ignored)
        settings = folder.files(into: ignored).first { $0.source == source }
            .flatMap { FrontMatter($0.text, source: source, into: ignored)?.settings }
    }

    init(settings: SettingsNode?) { self.settings = settings }

    /// "agents/claude.md:7", or "default".
    func source(of keys: [String]) -> String {
        for key in keys {
            if let node = settings.flatMap({ ConfigurationLayers.node(key, in: $0) }),
                node.value != .null
            {
                return node.location.description
            }
        }
        return "default"
    }
}

/// What agents are doing, and what they have used, as the database knows it.
struct AgentsAtWork: Sendable {
    private(set) var sessions: [AgentName: Int] = [:]
    private(set) var holds: [ProviderAccount: AccountHold] = [:]
    private(set) var today: [AgentName: UsageSum] = [:]
    /// How many sessions accounts may have at once, where that is limited.
    let places: [ProviderAccount: Int]

    init(
        sessions: [AgentName: Int], holds: [AccountHold], today: [AgentName: UsageSum],
        places: [ProviderAccount: Int] = [:]
    ) {
        self.sessions = sessions
        self.places = places
        self.holds = Dictionary(holds.map { ($0.account, $0) }, uniquingKeysWith: { $1 })
        self.today = today
    }

    /// Empty where there is no database yet.
    init(_ house: House) async throws {
        places = house.configuration.accountPlaces
        guard house.state.hasDatabase else { return }
        let queue = try await house.state.openQueue()
        let store = SQLiteSwarmStore(queue)
        for session in try await store.openSessions() { sessions[session.agent, default: 0] += 1 }
        let now = SystemClock().now
        for hold in try await store.accountHolds() where hold.isInForce(at: now) {
            holds[hold.account] = hold
        }
        let start = LocalTime().startOfDay(now)
        for agent in house.agents.map(\.definition.name) {
            // What ended just now counts.
            today[agent] = try await store.usage(
                of: .period(agent, from: start, to: now + .seconds(1)), at: now)
        }
        await queue.close()
    }
}

/// Everything about one agent.
struct AgentPicture {
    struct Setting {
        let key: String
        let value: String
        let source: String
    }

    let listed: ListedAgent
    let program: String?
    let version: String?
    let secrets: [(name: String, source: String, isThere: Bool?)]
    let logins: [(path: String, isThere: Bool)]
    /// What a session of it would be shut in by; `nil` when that couldn't be tried.
    let inForce: SandboxReport?
    let settings: [Setting]
    /// Which of its budgets can't hold, and why; `nil`: none.
    var looseBudgets: String?

    init(
        _ agent: any Agent, _ atWork: AgentsAtWork, sandbox machine: SandboxReport?,
        _ lines: AgentFileLines
    ) async {
        await self.init(agent, ListedAgent(agent, atWork, sandbox: machine), lines)
    }

    init(_ agent: any Agent, _ listed: ListedAgent, _ lines: AgentFileLines) async {
        self.listed = listed
        let definition = agent.definition
        let known = agent as? any InspectableAgent
        program = known?.programPath
        version = await known?.version()
        logins = known?.logins ?? []
        inForce = await known?.sandbox()
        var secrets: [(name: String, source: String, isThere: Bool?)] = []
        for (name, source) in definition.secrets.sorted(by: { $0.key < $1.key }) {
            secrets.append((name, source.words, await known?.hasSecret(name)))
        }
        self.secrets = secrets
        settings = Self.settings(definition, lines)
    }

    private static func settings(
        _ definition: AgentDefinition, _ lines: AgentFileLines
    ) -> [Setting] {
        let limits = definition.limits
        let sandbox = definition.sandbox
        func megabytes(_ bytes: Int64?) -> String { bytes.map { "\($0 >> 20) MiB" } ?? "no limit" }
        func limit(_ budget: Budget) -> String { budget.isUnlimited ? "no limit" : budget.words }
        func length(_ length: Duration?) -> String {
            length.map { "\($0.components.seconds / 60) min" } ?? "no limit"
        }
        let table: [(String, String, [String])] = [
            ("adapter", definition.adapter, ["adapter"]),
            ("account", definition.login?.rawValue ?? "-", ["account"]),
            ("provider", definition.provider.rawValue, ["provider"]),
            ("home", definition.homeWords, ["home"]),
            (
                "sandbox", sandbox.level.rawValue + (sandbox.isRequired ? ", required" : ""),
                ["sandbox.level", "sandbox"]
            ),
            ("sandbox.read", sandbox.reads.joined(separator: ", "), ["sandbox.read"]),
            ("sandbox.write", sandbox.writes.joined(separator: ", "), ["sandbox.write"]),
            (
                "sandbox.endpoints",
                sandbox.level == .isolated
                    ? sandbox.endpoints.map(\.description).joined(separator: ", ")
                    : "the whole network",
                ["sandbox.endpoints"]
            ),
            ("concurrency", "\(definition.concurrency)", ["concurrency"]),
            ("limits.minutes", TimeText.short(limits.time), ["limits.minutes", "limits.seconds"]),
            (
                "limits.start_minutes",
                limits.start.map { TimeText.short($0) } ?? "by its protocol",
                ["limits.start_minutes"]
            ),
            ("limits.silence_minutes", length(limits.silence), ["limits.silence_minutes"]),
            ("limits.output_mb", megabytes(limits.outputBytes), ["limits.output_mb"]),
            ("limits.memory_mb", megabytes(limits.memoryBytes), ["limits.memory_mb"]),
            (
                "limits.processor_minutes", length(limits.processorTime),
                ["limits.processor_minutes"]
            ),
            ("limits.processes", "\(limits.processes)", ["limits.processes"]),
            ("limits.disk_mb", megabytes(limits.diskBytes), ["limits.disk_mb"]),
            ("limits.idle_turns", "\(limits.idleTurns)", ["limits.idle_turns"]),
            ("budgets.run", limit(definition.budgets.run), ["budgets.run"]),
            ("budgets.issue", limit(definition.budgets.issue), ["budgets.issue"]),
            ("budgets.day", limit(definition.budgets.day), ["budgets.day"]),
            (
                "permissions.refuse",
                definition.permissions.refused.map(\.rawValue).sorted().joined(separator: ", "),
                ["permissions.refuse"]
            ),
            ("environment", definition.environment.joined(separator: ", "), ["environment"]),
            ("mcp", definition.toolServers.map(\.name).joined(separator: ", "), ["mcp"]),
            ("skills", definition.skills.joined(separator: ", "), ["skills"]),
        ]
        return table.map { key, value, keys in
            Setting(key: key, value: value.isEmpty ? "-" : value, source: lines.source(of: keys))
        }
    }

    var json: JSON {
        guard case .object(let members) = listed.json else { return .null }
        return .object(
            members + [
                JSON.Member(key: "program", value: .optional(program)),
                JSON.Member(key: "version", value: .optional(version)),
                JSON.Member(
                    key: "secret_sources",
                    value: .list(
                        secrets.map {
                            .object([
                                "name": .text($0.name), "from": .text($0.source),
                                "is_there": $0.isThere.map { .boolean($0) } ?? .null,
                            ])
                        })),
                JSON.Member(
                    key: "logins",
                    value: .list(
                        logins.map {
                            .object(["path": .text($0.path), "is_there": .boolean($0.isThere)])
                        })),
                JSON.Member(key: "loose_budgets", value: .optional(looseBudgets)),
                JSON.Member(key: "sandbox_in_force", value: inForce?.json ?? .null),
                JSON.Member(key: "sandbox_of_machine", value: listed.machine?.json ?? .null),
                JSON.Member(
                    key: "settings",
                    value: .list(
                        settings.map {
                            .object([
                                "key": .text($0.key), "value": .text($0.value),
                                "source": .text($0.source),
                            ])
                        })),
            ])
    }

    /// What it gets here, by what, and what of that this machine lacks.
    private var sandbox: String {
        let policy = listed.definition.sandbox
        guard let inForce else { return "\(policy.level.rawValue), which can't be tried here" }
        let measures = inForce.measures.joined(separator: ", ")
        let missing = inForce.missing.map { "missing: \($0)" }
        let level = policy.words(givenAtMost: inForce.level)
        return ([[level, measures].filter { !$0.isEmpty }.joined(separator: ": ")] + missing)
            .joined(separator: "\n")
    }

    func show(on console: Console) {
        console.show(facts)
        console.heading("In force")
        console.show(table)
    }

    var facts: [(name: String, value: String?)] {
        let today = listed.today
        let used =
            today.sessions == 0
            ? "nothing"
            : "\(today.usage.words) in \(Phrase.count(today.sessions, "session"))"
                + (today.sessionsWithoutCost == 0
                    ? "" : ", the cost of \(today.sessionsWithoutCost) not known")
        return [
            ("agent", listed.definition.name.rawValue),
            ("file", listed.definition.location.source),
            (
                "program",
                [program ?? "not found", version].compactMap { $0 }.joined(separator: ", ")
            ),
            ("ready", listed.problem.map { "no: \($0)" } ?? "yes"),
            (
                "login",
                logins.isEmpty
                    ? nil
                    : logins.map {
                        "\($0.path) \($0.isThere ? "is there" : "is missing")"
                    }.joined(separator: "\n")
            ),
            (
                "secrets",
                secrets.isEmpty
                    ? nil
                    : secrets.map { secret in
                        "\(secret.name), from \(secret.source)"
                            + (secret.isThere == false ? ": missing" : "")
                    }.joined(separator: "\n")
            ),
            ("sandbox", sandbox),
            ("provider", listed.provider),
            ("budgets", looseBudgets),
            ("sessions", "\(listed.sessions) of \(listed.definition.concurrency)"),
            ("today", used),
        ]
    }

    var table: Table {
        var table = Table([.fixed("KEY"), .flexible("VALUE"), .flexible("FROM")])
        for setting in settings { table.add([setting.key, setting.value, setting.source]) }
        return table
    }
}

extension SandboxPolicy {
    /// "workspace-write", or what there is of it: "read-only of workspace-write".
    func words(givenAtMost most: SandboxLevel?) -> String {
        guard let most, most < level else { return level.rawValue }
        return "\(most.rawValue) of \(level.rawValue)"
    }
}

extension AgentDefinition {
    /// What of the operator's it can change, or all; `nil`: nothing.
    var openness: String? {
        if sandbox.level == .none { return "without a sandbox: it can do all that its user can" }
        return home.logins.isEmpty ? nil : "may write \(Self.paths(home.logins))"
    }

    /// Whose home it has, and what of the operator's is open to it.
    fileprivate var homeWords: String {
        let whose = home.mode == .own ? "its own" : "the operator's"
        let seen = home.mode == .own || home.links.isEmpty ? nil : "sees \(Self.paths(home.links))"
        return [whose, sandbox.level == .none ? nil : seen, openness].compactMap { $0 }
            .joined(separator: "; ")
    }

    private static func paths(_ paths: [String]) -> String {
        paths.map { "~/" + $0 }.joined(separator: ", ")
    }
}
