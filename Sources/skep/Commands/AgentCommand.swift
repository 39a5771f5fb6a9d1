import ArgumentParser
import SkepAgents
import SkepCore

/// `skep agent …`: who can be asked to work.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Look at the agents",
        discussion: "Example: skep agent list",
        subcommands: [AgentList.self])
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
        for agent in house.agents {
            agents.append(await ListedAgent(agent, isChecked: !quiet))
        }
        let console = common.console(quiet: quiet)
        console.show(
            agents, id: { $0.definition.name.rawValue }, json: \.json, table: ListedAgent.table,
            none: "There are no agents in \(house.agentsFolder).")
        let problems = agents.compactMap { agent in
            agent.problem.map { "\(agent.definition.name): \($0)" }
        }
        guard !problems.isEmpty, !console.isJSON, !console.isQuiet else { return }
        console.heading("Problems")
        for problem in problems { console.output.line(PlainText.line(problem)) }
    }
}

/// An agent with what its check said.
struct ListedAgent {
    let definition: AgentDefinition
    /// Why it couldn't start; `nil`: it could.
    let problem: String?

    init(_ agent: any Agent, isChecked: Bool = true) async {
        definition = agent.definition
        var problem: String?
        if isChecked {
            do {
                try await agent.check()
            } catch {
                problem = (error as? AgentsError)?.problem ?? Exit.described(error).what
            }
        }
        self.problem = problem
    }

    var json: JSON {
        .object([
            "name": .name(definition.name),
            "adapter": .text(definition.adapter),
            "login": .name(definition.login),
            "has_token": .boolean(definition.accountToken != nil),
            "home": .text(definition.home == .operator ? "operator" : "own"),
            "concurrency": .number(definition.concurrency),
            "time_limit_seconds": .number(definition.limits.time.components.seconds),
            "output_limit_bytes": .number(definition.limits.outputBytes),
            "secrets": .list(definition.secrets.keys.sorted().map { .text($0) }),
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
            .fixed("AGENT"), .fixed("ADAPTER"), .flexible("ACCOUNT"), .whole("AT ONCE"),
            .fixed("TIME"), .fixed("READY"), .whole("FROM"),
        ])
        for agent in agents {
            let definition = agent.definition
            table.add([
                definition.name.rawValue, definition.adapter, agent.account,
                "\(definition.concurrency)", TimeText.short(definition.limits.time),
                agent.problem == nil ? "yes" : "no",
                definition.location.source,
            ])
        }
        return table
    }
}
