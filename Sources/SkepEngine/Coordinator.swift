internal import Logging
public import SkepCore
internal import SkepQueue

/// Reads the tracker, and opens runs for what asks for work. Writes nothing there.
public struct Coordinator: Sendable {
    private let parts: SwarmParts
    private let repositories: [RepositoryName]
    private let interval: Duration

    /// The label that keeps an issue from being dispatched.
    public static let holdLabel = "skep/hold"
    /// "agent/claude" asks for claude.
    public static let agentLabelPrefix = "agent/"

    /// - Parameter interval: From the end of one pass to the beginning of the next.
    public init(
        _ parts: SwarmParts, repositories: [RepositoryName], interval: Duration = .seconds(30)
    ) {
        self.parts = parts
        self.repositories = repositories
        self.interval = interval
    }

    /// Passes over the repositories again and again, until it is cancelled.
    public func run() async throws {
        while true {
            _ = await pass()
            try Task.checkCancellation()
            try await parts.clock.sleep(for: interval)
        }
    }

    /// Looks once at every repository. One that can't be read doesn't stop the others, and one
    /// issue that can't be dispatched doesn't stop its neighbours.
    public func pass() async -> CoordinatorPass {
        var pass = CoordinatorPass()
        for repository in repositories {
            guard !Task.isCancelled else { break }
            do {
                try await look(at: repository, &pass)
            } catch is CancellationError {
                break
            } catch {
                pass.failures.append(CoordinatorPass.Failure(repository: repository, error: error))
                parts.logger.warning(
                    "Can't look at repository",
                    metadata: [
                        LogKeys.repository: "\(repository)", LogKeys.error: "\(error)",
                    ])
            }
        }
        return pass
    }

    private func look(at repository: RepositoryName, _ pass: inout CoordinatorPass) async throws {
        let issues = try await parts.tracker.issues(in: repository, matching: IssueFilter())
        pass.issues += issues.count
        let standing = try await parts.store.standingTriggers(in: repository)

        for issue in issues {
            for name in Demand.unknownAgents(on: issue, agents: parts.agents) {
                // Told in each pass: somebody waits for an agent that never comes.
                parts.logger.warning(
                    "A label asks for an agent that isn't there",
                    metadata: [
                        LogKeys.issue: "\(issue.reference)", LogKeys.agent: "\(name)",
                    ])
            }
            let demands = Demand.all(on: issue, workflows: parts.workflows, agents: parts.agents)
            // A demand on an issue that is held stays unanswered, and is new when it is released.
            guard !issue.hasLabel(Self.holdLabel) else { continue }
            for demand in demands where !standing.contains(demand.trigger) {
                do {
                    try await answer(demand, on: issue, &pass)
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    pass.failures.append(
                        CoordinatorPass.Failure(repository: repository, error: error))
                    parts.logger.warning(
                        "Can't dispatch issue",
                        metadata: [
                            LogKeys.issue: "\(issue.reference)",
                            LogKeys.agent: "\(demand.trigger.agent)", LogKeys.error: "\(error)",
                        ])
                }
            }
        }
        try await endWithdrawn(standing, issues)
    }

    /// Ends triggers whose cause is gone. An issue that isn't in the list is asked for by itself:
    /// lists shift while they are read, and an open issue may fall between two pages.
    private func endWithdrawn(_ standing: Set<NewTrigger>, _ issues: [Issue]) async throws {
        let listed = Dictionary(issues.map { ($0.reference, $0) }) { first, _ in first }
        var withdrawn: Set<NewTrigger> = []
        for (reference, triggers) in Dictionary(grouping: standing, by: \.issue) {
            var issue = listed[reference]
            if issue == nil {
                do {
                    issue = try await parts.tracker.issue(reference)
                } catch let error as any SkepError where error.kind == .conflict {
                    // Deleted, or moved out of sight.
                } catch let error as any SkepError {
                    parts.logger.warning(
                        "Can't look at issue",
                        metadata: [LogKeys.issue: "\(reference)", LogKeys.error: "\(error)"])
                    continue
                }
            }
            withdrawn.formUnion(
                triggers.filter { trigger in
                    guard let issue, issue.isOpen else { return true }
                    return !trigger.cause.stands(on: issue, workflows: parts.workflows)
                })
        }
        try await parts.store.endTriggers(withdrawn)
    }

    private func answer(_ demand: Demand, on issue: Issue, _ pass: inout CoordinatorPass)
        async throws
    {
        if case .selected = demand.trigger.cause {
            let runs = try await parts.store.runs(
                matching: RunFilter(issue: issue.reference, limit: 1000))
            let isTaken = runs.contains { !$0.state.isClosed || $0.run.pullRequest != nil }
            guard !isTaken else { return }
        }
        let agent = try parts.agent(demand.trigger.agent)
        let run = try await RunPlanner(parts: parts).plan(
            issue, agent: agent, workflow: demand.workflow)
        let answer = try await parts.store.open(
            demand.trigger, run, reports: [ReportText.dispatched(agent: run.agent)])
        if case .opened(let id) = answer {
            pass.opened.append(id)
            parts.logger.notice(
                "Opened run",
                metadata: [
                    LogKeys.run: "\(id)", LogKeys.issue: "\(issue.reference)",
                    LogKeys.agent: "\(run.agent)",
                ])
        }
    }
}

/// What a pass did.
public struct CoordinatorPass: Sendable {
    public struct Failure: Sendable {
        public let repository: RepositoryName
        public let error: any Error
    }

    public var issues = 0
    public var opened: [RunID] = []
    public var failures: [Failure] = []
}

/// Something on an issue that asks an agent for work.
struct Demand: Sendable, Hashable {
    let trigger: NewTrigger
    let workflow: Workflow

    /// Names after "agent/" in an issue's labels that no agent has.
    static func unknownAgents(on issue: Issue, agents: [AgentName: any Agent]) -> [AgentName] {
        issue.labels.filter { $0.hasPrefix(Coordinator.agentLabelPrefix) }
            .map { AgentName(rawValue: String($0.dropFirst(Coordinator.agentLabelPrefix.count))) }
            .filter { agents[$0] == nil }
    }

    /// All demands of an issue: labels, then assignments. Workflows' selections count only where
    /// nobody is named. The second demand for an agent finds it busy with the first, and so is
    /// answered as well: taking the label off later doesn't make the assignment a new one.
    static func all(on issue: Issue, workflows: [Workflow], agents: [AgentName: any Agent])
        -> [Demand]
    {
        var demands: [Demand] = []
        func add(_ agent: AgentName, _ cause: TriggerCause, _ workflow: Workflow) {
            let trigger = NewTrigger(issue: issue.reference, agent: agent, cause: cause)
            demands.append(Demand(trigger: trigger, workflow: workflow))
        }

        if let workflow = workflows.first(where: { $0.asks.contains(.label) }) {
            for label in issue.labels where label.hasPrefix(Coordinator.agentLabelPrefix) {
                let name = AgentName(
                    rawValue: String(label.dropFirst(Coordinator.agentLabelPrefix.count)))
                if agents[name] != nil { add(name, .label(label), workflow) }
            }
        }
        if let workflow = workflows.first(where: { $0.asks.contains(.assignee) }) {
            for (name, agent) in agents.sorted(by: { $0.key < $1.key }) {
                guard let login = agent.definition.login, issue.assignees.contains(login) else {
                    continue
                }
                add(name, .assignee(login), workflow)
            }
        }
        guard demands.isEmpty else { return demands }
        for workflow in workflows {
            guard let selection = workflow.selection, let agent = workflow.defaultAgent,
                selection.labels.allSatisfy(issue.hasLabel)
            else { continue }
            add(agent, .selected(workflow.name), workflow)
        }
        return demands
    }
}

extension TriggerCause {
    /// Whether an issue still shows the cause. One of a workflow that isn't there now stands: it may
    /// be back, and would be answered a second time.
    func stands(on issue: Issue, workflows: [Workflow]) -> Bool {
        switch self {
        case .label(let label): issue.hasLabel(label)
        case .assignee(let login): issue.assignees.contains(login)
        case .selected(let name):
            workflows.first { $0.name == name }
                .map { $0.selection?.labels.allSatisfy(issue.hasLabel) ?? false } ?? true
        case .command: true
        }
    }
}
