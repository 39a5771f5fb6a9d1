import ArgumentParser
import SkepAgents
import SkepCore
import SkepQueue

/// `skep agent …`: who can be asked to work.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Look at the agents, add one, try one",
        discussion: "Example: skep agent test claude",
        subcommands: [
            AgentList.self, AgentShow.self, AgentAdd.self, AgentTest.self, AgentResume.self,
        ])
}

struct AgentList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the agents, and whether each could start here",
        discussion: "Example: skep agent list --json")

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers(), agentsRunAs: .userIfThere)
        var agents: [ListedAgent] = []
        let atWork = try await quiet ? nil : AgentsAtWork(house)
        // What it fails at, "ready" says.
        let probe = quiet ? nil : try? await SandboxProbe(host: house.agentHouse.host)
        for agent in house.agents {
            agents.append(
                await ListedAgent(agent, atWork, sandbox: probe?.report, isChecked: !quiet))
        }
        let console = common.console(quiet: quiet)
        console.show(
            agents, id: { $0.definition.name.rawValue }, json: \.json, table: ListedAgent.table,
            none: "There are no agents in \(house.agentsFolder).")
        let problems = agents.compactMap { agent in
            agent.problem.map { "\(agent.definition.name): \($0)" }
        }
        let parked = agents.filter { $0.hold != nil }.map { agent in
            "\(agent.definition.name): \(agent.provider)"
        }
        guard !console.isJSON, !console.isQuiet else { return }
        for (title, lines) in [("Problems", problems), ("Parked", parked)] where !lines.isEmpty {
            console.heading(title)
            for line in lines { console.output.line(PlainText.line(line)) }
        }
    }
}

/// An agent with what its check said, and what it is at.
struct ListedAgent {
    let definition: AgentDefinition
    /// Why it couldn't start; `nil`: it could.
    let problem: String?
    /// Its sessions that aren't settled.
    let sessions: Int
    /// Why nothing is started with its provider account; `nil`: it isn't parked.
    let hold: AccountHold?
    /// How many sessions that account may have at once, of all agents; `nil`: as many as there are.
    let places: Int?
    /// What this machine gives as a sandbox at most; `nil` when that isn't known.
    let machine: SandboxReport?
    /// What its sessions that ended today used together.
    let today: UsageSum
    private let local: LocalTime

    init(
        _ agent: any Agent, _ atWork: AgentsAtWork? = nil, sandbox machine: SandboxReport? = nil,
        isChecked: Bool = true
    ) async {
        self.init(
            agent.definition, atWork, sandbox: machine,
            problem: isChecked ? await AgentNeeds(agent).problem : nil)
    }

    init(
        _ definition: AgentDefinition, _ atWork: AgentsAtWork?, sandbox machine: SandboxReport?,
        problem: String?, local: LocalTime = LocalTime()
    ) {
        self.definition = definition
        self.local = local
        self.machine = machine
        sessions = atWork?.sessions[definition.name] ?? 0
        hold = atWork?.holds[definition.provider]
        places = atWork?.places[definition.provider]
        today = atWork?.today[definition.name] ?? UsageSum()
        self.problem = problem ?? Self.lack(machine, definition.sandbox)
    }

    private static func lack(_ machine: SandboxReport?, _ policy: SandboxPolicy) -> String? {
        guard policy.isRequired, let reason = machine?.obstacle(to: policy) else { return nil }
        return "no sandbox \(policy.level.rawValue): \(reason)"
    }

    /// The level that a session gets here; `nil` when that isn't known.
    var level: SandboxLevel? { machine.map { min($0.level, definition.sandbox.level) } }

    /// "workspace-write", or what there is of it: "read-only of workspace-write".
    var sandbox: String { definition.sandbox.words(givenAtMost: machine?.level) }

    /// "openai", and until when it is parked.
    var provider: String {
        guard let hold else {
            return definition.provider.rawValue
                + (places.map { ", at most \(Phrase.count($0, "session"))" } ?? "")
        }
        return
            "\(definition.provider.rawValue), parked until \(local.dayAndMinute(hold.until)): "
            + "\(hold.type.words); \(definition.provider.resumeCommand) has it tried at once"
    }

    var json: JSON {
        .object([
            "name": .name(definition.name),
            "adapter": .text(definition.adapter),
            "login": .name(definition.login),
            "has_token": .boolean(definition.accountToken != nil),
            "home": .text(definition.home.mode.rawValue),
            "concurrency": .number(definition.concurrency),
            "time_limit_seconds": .number(definition.limits.time.components.seconds),
            "output_limit_bytes": .number(definition.limits.outputBytes),
            "secrets": .list(definition.secrets.keys.sorted().map { .text($0) }),
            "sandbox": .name(definition.sandbox.level),
            "is_sandbox_required": .boolean(definition.sandbox.isRequired),
            "sandbox_here": .name(level),
            "provider": .name(definition.provider),
            "parked_until": .time(hold?.until),
            "parked_for": .name(hold?.type),
            "account_session_limit": .number(places),
            "open_sessions": .number(sessions),
            "today": .object([
                "sessions": .number(today.sessions),
                "seconds": .number(today.time.components.seconds),
                "output_bytes": .number(today.outputBytes),
                "usage": today.usage.json,
            ]),
            "is_ready": .boolean(problem == nil),
            "problem": .optional(problem),
            "source": .text(definition.location.source),
        ])
    }

    /// "claude" posts under its own account; "claude (posts as Skep)" has no token for it.
    private var account: String {
        switch (definition.login?.rawValue, definition.accountToken != nil) {
        case (let login?, true): login
        case (let login?, false): "\(login) (posts as Skep)"
        case (nil, true): "its token's"
        case (nil, false): "-"
        }
    }

    static func table(_ agents: [ListedAgent]) -> Table {
        var table = Table([
            .fixed("AGENT"), .fixed("ADAPTER"), .fixed("READY"), .fixed("AT WORK"),
            .flexible("SANDBOX"), .flexible("PROVIDER"), .fixed("TODAY"), .whole("TIME"),
            .optional("ACCOUNT"), .whole("FROM"),
        ])
        for agent in agents {
            let definition = agent.definition
            table.add([
                definition.name.rawValue, definition.adapter, agent.problem == nil ? "yes" : "no",
                "\(agent.sessions)/\(definition.concurrency)", agent.sandbox,
                definition.provider.rawValue + (agent.hold == nil ? "" : " (parked)"),
                agent.today.shortWords, TimeText.short(definition.limits.time),
                agent.account,
                definition.location.source,
            ])
        }
        return table
    }
}

extension UsageSum {
    /// What it cost, as far as that is known, else its tokens: "$0.42", "12,300 tokens".
    var shortWords: String {
        if sessions == 0 { return "-" }
        if let cost = usage.cost {
            return sessionsWithoutCost == 0 ? cost.description : "over \(cost)"
        }
        return usage.tokens == 0 ? "—" : "\(Phrase.grouped(Int(usage.tokens))) tokens"
    }
}
