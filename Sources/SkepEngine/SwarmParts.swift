public import Logging
public import SkepCore
public import SkepQueue

/// Everything the engine works with: the ports, the agents, the workflows.
public struct SwarmParts: Sendable {
    public let store: any SwarmStore
    public let queue: any QueueStore
    public let tracker: any Tracker
    public let workspaces: any Workspaces
    public let commands: any Commands
    public let sessions: any SessionReaper
    public let agents: [AgentName: any Agent]
    /// In the order in which they are asked.
    public let workflows: [Workflow]
    public let dispatch: DispatchSettings
    /// How working trees of repositories are made ready.
    public let setups: [RepositoryName: RepositorySetup]
    /// Tokens of the agents that have an account of their own on the tracker.
    public let accounts: [AgentName: Secret]
    /// How many sessions provider accounts may have at once, where that is limited.
    public let accountPlaces: [ProviderAccount: Int]
    /// What models cost.
    public let prices: PriceTable
    /// Keeps a burn-down's report as a file, and answers with its path.
    public let keepReport: @Sendable (_ name: String, _ text: String) async throws -> String
    public let clock: any Clock
    public let random: @Sendable () -> UInt64
    public let logger: Logger

    public init(
        store: any SwarmStore, queue: any QueueStore, tracker: any Tracker,
        workspaces: any Workspaces, commands: any Commands, sessions: any SessionReaper,
        agents: [any Agent], workflows: [Workflow],
        dispatch: DispatchSettings = DispatchSettings(), accounts: [AgentName: Secret] = [:],
        accountPlaces: [ProviderAccount: Int] = [:], prices: PriceTable = PriceTable(),
        setups: [RepositoryName: RepositorySetup] = [:],
        keepReport: @escaping @Sendable (String, String) async throws -> String = { name, _ in name
        }, clock: any Clock,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.tracker = tracker
        self.workspaces = workspaces
        self.commands = commands
        self.sessions = sessions
        self.agents = Dictionary(
            agents.map { ($0.definition.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.workflows = workflows
        self.dispatch = dispatch
        self.accounts = accounts
        self.accountPlaces = accountPlaces
        self.prices = prices
        self.setups = setups
        self.keepReport = keepReport
        self.clock = clock
        self.random = random
        self.logger = logger
    }

    func agent(_ name: AgentName) throws -> any Agent {
        if let agent = agents[name] { return agent }
        throw EngineError.noSuchAgent(name, known: agents.keys.sorted())
    }

    func workflow(_ name: WorkflowName) throws -> Workflow {
        if let workflow = workflows.first(where: { $0.name == name }) { return workflow }
        throw EngineError.noSuchWorkflow(name, known: workflows.map(\.name))
    }
}

extension AgentDefinition {
    /// What its jobs share: so many of its sessions at once, and no more.
    public var concurrencyKey: ConcurrencyKey { name.concurrencyKey }

    /// Name and address its commits carry.
    var author: CommitAuthor {
        CommitAuthor(name: name.rawValue, email: "\(login?.rawValue ?? name.rawValue)@skep.invalid")
    }
}

/// What the engine can't do, and why.
public enum EngineError: SkepError, Hashable {
    case noSuchAgent(AgentName, known: [AgentName])
    case noSuchWorkflow(WorkflowName, known: [WorkflowName])
    case noDefaultAgent(WorkflowName)
    case issueClosed(IssueReference)
    case isPullRequest(IssueReference)
    case noSuchStep(StepName, WorkflowName)
    case repositoryArchived(RepositoryName)
    case branchesTaken(BranchName)

    public var kind: ErrorKind {
        switch self {
        case .noSuchAgent, .noSuchWorkflow, .issueClosed, .isPullRequest, .repositoryArchived,
            .branchesTaken:
            .conflict
        case .noDefaultAgent, .noSuchStep: .configuration
        }
    }

    /// Another worker may know the agent or workflow, or this one after a restart.
    public var mayPass: Bool {
        switch self {
        case .noSuchAgent, .noSuchWorkflow, .noSuchStep: true
        case .noDefaultAgent, .issueClosed, .isPullRequest, .repositoryArchived, .branchesTaken:
            false
        }
    }

    public var what: String {
        switch self {
        case .noSuchAgent(let name, _): "There is no agent \"\(name)\"."
        case .noSuchWorkflow(let name, _): "There is no workflow \"\(name)\"."
        case .noDefaultAgent(let name): "Workflow \"\(name)\" names no default agent."
        case .issueClosed(let issue): "Issue \(issue) is closed."
        case .isPullRequest(let reference): "\(reference) is a pull request, not an issue."
        case .noSuchStep(let step, let workflow):
            "Workflow \"\(workflow)\" has no step \"\(step)\" any more."
        case .repositoryArchived(let name): "Repository \(name) is archived."
        case .branchesTaken(let branch):
            "Branch \"\(branch)\" and its numbered successors are all taken on the remote."
        }
    }

    public var why: String? {
        switch self {
        case .noSuchAgent(let name, let known):
            nearest(to: name.rawValue, among: known.map(\.rawValue)).map {
                "Did you mean \"\($0)\"?"
            }
                ?? "Known are \(known.map(\.rawValue).joined(separator: ", "))."
        case .noSuchWorkflow(let name, let known):
            nearest(to: name.rawValue, among: known.map(\.rawValue)).map {
                "Did you mean \"\($0)\"?"
            }
                ?? "Known are \(known.map(\.rawValue).joined(separator: ", "))."
        case .noSuchStep: "Its file was changed while the run was under way."
        case .noDefaultAgent, .issueClosed, .isPullRequest, .repositoryArchived, .branchesTaken: nil
        }
    }

    public var advice: String? {
        switch self {
        case .noSuchAgent:
            "\"skep agent list\" shows all; a new one is a file in the agents folder."
        case .noSuchWorkflow: "\"skep workflow list\" shows all."
        case .noDefaultAgent: "Name one with --to, or set agents.default in the workflow."
        case .issueClosed: "Reopen it first."
        case .isPullRequest: nil
        case .noSuchStep: "Put the step back, or cancel the run and dispatch the issue again."
        case .repositoryArchived: nil
        case .branchesTaken: "Delete those that are no longer needed."
        }
    }
}
