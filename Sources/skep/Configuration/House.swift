import SkepAgents
import SkepCore
import SkepEngine

/// Everything that is configured: settings, agents, workflows. Reading it changes nothing.
struct House: Sendable {
    let surroundings: Surroundings
    /// Where a configuration was looked for in vain; `nil`: there is one, or it was named.
    let absence: String?
    let configuration: Configuration
    let state: StateFolder
    let agents: [any Agent]
    let workflows: [Workflow]
    /// What models cost.
    let prices: PriceTable
    let agentsFolder: String
    let workflowsFolder: String
    /// What sessions and commands are started with.
    let agentHouse: AgentHouse

    /// Who agents run as where Skep runs as root.
    enum AgentsRunAs: Sendable, Hashable {
        /// Nothing is started.
        case nobody
        /// `agents.user` if there is one; what needs it says so itself.
        case userIfThere
        /// `agents.user`, or root where that is missing or is root, if it is allowed.
        case user(allowRoot: Bool)
        /// This one; `nil`: Skep's own, if that isn't root.
        case given(AgentUser?)
    }

    /// Reads all files.
    ///
    /// - Parameters:
    ///   - program: This program; its companions stand beside it.
    ///   - sessions: The folder of sessions; `nil`: the state folder's.
    /// - Throws: `SettingsError` with every mistake in any of them; `ProgramError` when there is no
    ///   user that agents may run as.
    static func read(
        _ layers: ConfigurationLayers, agentsRunAs: AgentsRunAs = .nobody,
        program: SelfProgram = .current(), sessions: String? = nil
    ) throws -> House {
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        let configuration = Configuration(tree, of: layers, into: mistakes)
        let state = layers.stateFolder(configuration.stateFolder)
        let (user, userProblem) = agentUser(agentsRunAs, configuration, layers.surroundings)
        var agentHouse = AgentHouse(
            sessions: sessions ?? state.sessions, host: program.sessionHost,
            environment: layers.surroundings.environment,
            operatorHome: layers.surroundings.homeFolder, user: user,
            allowsRoot: agentsRunAs == .user(allowRoot: true), selfCommand: [program.path])

        agentHouse.ownFolders = [state.path, layers.surroundings.userConfigurationFolder]
        agentHouse.mirrors = state.path + "/mirrors"

        let skillsFolder = DefinitionFolder(
            "skills", named: nil, layers: layers, mistakes: mistakes)
        agentHouse.skills = SkillFiles.read(skillsFolder, into: mistakes)
        let agentsFolder = DefinitionFolder(
            "agents", named: configuration.agentsFolder, layers: layers, mistakes: mistakes)
        let credentials = Credentials(
            tree, configuration, agents: agentsFolder.files(into: SettingsMistakes()),
            layers.surroundings)
        agentHouse.credentialFiles = credentials.files
        agentHouse.credentialVariables = credentials.variables
        let agents = agents(agentsFolder, AgentCatalog(agentHouse), mistakes)
        SkillFiles.check(
            agents.map(\.definition), agentHouse.skills, skillsFolder, into: mistakes)
        let workflowsFolder = DefinitionFolder(
            "workflows", named: configuration.workflowsFolder, layers: layers, mistakes: mistakes)
        let read = workflows(workflowsFolder, configuration.onlyRepository, mistakes)
        checkDefaults(read, agents, mistakes)
        let workflows = read.map(\.workflow)
        checkAccounts(configuration, tree, agents, mistakes)
        let prices = Prices.read(layers.surroundings, into: mistakes)
        guard mistakes.all.isEmpty else { throw SettingsError(bySource: mistakes.all) }
        if let userProblem { throw userProblem }

        return House(
            surroundings: layers.surroundings, absence: layers.absence,
            configuration: configuration, state: state,
            agents: agents, workflows: workflows, prices: prices,
            agentsFolder: agentsFolder.description,
            workflowsFolder: workflowsFolder.description, agentHouse: agentHouse)
    }

    /// Refuses a workflow that has no steps to go through: it only says when another begins.
    func requireSteps(in name: String?) throws {
        guard let named = workflows.first(where: { $0.name.rawValue == name }),
            let burndown = named.burndown
        else { return }
        let other = burndown.settings.workflow.map { ", such as \"\($0)\"" } ?? ""
        throw UsageError(
            "Issues can't go through workflow \"\(named.name)\".",
            why: "It has no steps: it says when a burn-down begins.",
            advice: "Name one with steps\(other); "
                + "\"skep schedule run \(named.name)\" begins its burn-down.")
    }

    /// The same, with a user who was found already.
    static func read(_ layers: ConfigurationLayers, program: SelfProgram, user: AgentUser?) throws
        -> House
    {
        try read(layers, agentsRunAs: .given(user), program: program)
    }

    private static func agents(
        _ folder: DefinitionFolder, _ catalog: AgentCatalog, _ mistakes: SettingsMistakes
    ) -> [any Agent] {
        var agents: [any Agent] = []
        for file in folder.files(into: mistakes) {
            guard let parts = FrontMatter(file.text, source: file.source, into: mistakes),
                let agent = catalog.agent(
                    parts.settings, instructions: parts.body, mistakes: mistakes)
            else { continue }
            let definition = agent.definition
            if let other = agents.first(where: { $0.definition.name == definition.name }) {
                mistakes.add(
                    "agent \"\(definition.name)\" is defined in \(other.definition.location.source) already",
                    at: definition.location)
            } else {
                agents.append(agent)
            }
        }
        return agents.sorted { $0.definition.name < $1.definition.name }
    }

    /// A workflow, and where it names its default agent.
    private typealias ReadWorkflow = (workflow: Workflow, defaultAt: SettingsLocation)

    /// Files without front matter are prompts that steps may name.
    private static func workflows(
        _ folder: DefinitionFolder, _ repository: RepositoryName?, _ mistakes: SettingsMistakes
    ) -> [ReadWorkflow] {
        let files = folder.files(into: mistakes)
        let prompts = Dictionary(
            files.filter { !FrontMatter.isIn($0.text) }.map { file in
                (
                    String(file.source.split(separator: "/").last ?? ""),
                    (text: file.text, location: SettingsLocation(source: file.source, line: 1))
                )
            }, uniquingKeysWith: { first, _ in first })
        var workflows: [ReadWorkflow] = []
        for file in files where FrontMatter.isIn(file.text) {
            guard let parts = FrontMatter(file.text, source: file.source, into: mistakes),
                let workflow = WorkflowCatalog.read(
                    frontMatter: parts.settings, body: parts.body, bodyLocation: parts.bodyLocation,
                    prompts: prompts, repository: repository, into: mistakes)
            else { continue }
            if let other = workflows.map(\.workflow).first(where: { $0.name == workflow.name }) {
                mistakes.add(
                    "workflow \"\(workflow.name)\" is defined in \(other.location.source) already",
                    at: workflow.location)
            } else {
                let byDefault = ConfigurationLayers.node("agents.default", in: parts.settings)
                workflows.append((workflow, byDefault?.location ?? workflow.location))
            }
        }
        return workflows
    }

    private static func checkDefaults(
        _ workflows: [ReadWorkflow], _ agents: [any Agent], _ mistakes: SettingsMistakes
    ) {
        let names = agents.map(\.definition.name.rawValue)
        for (workflow, location) in workflows {
            guard let agent = workflow.defaultAgent, !names.contains(agent.rawValue) else {
                continue
            }
            mistakes.add(
                "there is no agent \"\(agent)\"\(hint(agent, names))", at: location)
        }
        for workflow in workflows.map(\.workflow) {
            var named = workflow.steps.flatMap { step in
                step.reviewers.map { ($0, step.location) }
            }
            if let chooser = workflow.chooser { named.append((chooser, workflow.location)) }
            named += (workflow.burndown?.settings.agents ?? []).map { ($0, workflow.location) }
            for (agent, location) in named where !names.contains(agent.rawValue) {
                mistakes.add(
                    "there is no agent \"\(agent)\"\(hint(agent, names))", at: location)
            }
        }
    }

    /// A limit of an account that nobody has would limit nothing.
    private static func checkAccounts(
        _ configuration: Configuration, _ tree: SettingsNode, _ agents: [any Agent],
        _ mistakes: SettingsMistakes
    ) {
        let known = Set(agents.map(\.definition.provider))
        for account in configuration.accountPlaces.keys where !known.contains(account) {
            let there = known.map(\.rawValue).sorted()
            let hint =
                nearest(to: account.rawValue, among: there).map { "; did you mean \"\($0)\"?" }
                ?? "; there are \(there.joined(separator: ", "))"
            mistakes.add(
                "no agent has the account \"\(account.rawValue)\"\(hint)",
                at: ConfigurationLayers.node("agents.account_sessions", in: tree)?.location
                    ?? SettingsLocation(source: "agents.account_sessions"))
        }
    }

    private static func hint(_ agent: AgentName, _ names: [String]) -> String {
        nearest(to: agent.rawValue, among: names).map { "; did you mean \"\($0)\"?" }
            ?? "; there are \(names.joined(separator: ", "))"
    }

    /// Who agents run as, or why nobody can.
    private static func agentUser(
        _ way: AgentsRunAs, _ configuration: Configuration, _ surroundings: Surroundings
    ) -> (AgentUser?, (any SkepError)?) {
        if case .given(let user) = way { return (user, nil) }
        guard surroundings.isRoot, way != .nobody else { return (nil, nil) }
        let isRootAllowed = way != .user(allowRoot: false)
        do {
            let user = try AgentUser(named: configuration.agentUser)
            guard user.uid == 0 else { return (user, nil) }
            return (nil, isRootAllowed ? nil : AgentsError.rootRefused)
        } catch {
            guard !isRootAllowed else { return (nil, nil) }
            let problem = ProgramError(
                .configuration, "Agents aren't run as root.",
                why: "There is no user \"\(configuration.agentUser)\" for them.",
                advice:
                    "\"skep init\" makes it; agents.user names another; --allow-root runs them as root."
            )
            return (nil, problem)
        }
    }
}

extension SettingsError {
    /// File by file, in the order in which they were first named, and by line within each.
    init(bySource mistakes: [SettingsMistake]) {
        var sources: [String] = []
        for mistake in mistakes where !sources.contains(mistake.location.source) {
            sources.append(mistake.location.source)
        }
        self.init(
            mistakes: sources.flatMap { source in
                mistakes.filter { $0.location.source == source }
                    .enumerated()
                    .sorted {
                        ($0.element.location.line ?? 0, $0.offset)
                            < ($1.element.location.line ?? 0, $1.offset)
                    }
                    .map(\.element)
            })
    }
}
