import Logging
import SkepAgents
import SkepCore
import SkepEngine
import SkepGit
import SkepPortal
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTrackers
import SkepWorkspaces

/// Puts the parts together: the one place that knows them all.
struct Assembly: Sendable {
    let house: House
    let clock: any Clock
    let logger: Logger

    init(_ house: House, logger: Logger, clock: any Clock = SystemClock()) {
        self.house = house
        self.logger = logger
        self.clock = clock
    }

    /// - Throws: `ProgramError` when no tracker is configured; the tracker's error when its token
    ///   can't be had.
    func tracker() throws -> any Tracker {
        guard var settings = house.configuration.tracker else {
            throw ProgramError(
                .configuration, "There is no tracker in the configuration.",
                advice:
                    "Set tracker.url and tracker.token_env; \"skep init\" writes a file to begin with."
            )
        }
        for repository in house.configuration.repositories {
            settings.remotes[repository.name] = repository.remote
        }
        return try TrackerCatalog.tracker(
            settings, environment: house.surroundings.environment, version: SkepVersion.current,
            clock: clock, logger: logger)
    }

    var workspaces: any Workspaces {
        LocalWorkspaces(
            stateFolder: house.state.path,
            owner: house.agentHouse.user.map { FileOwner(user: $0.uid, group: $0.gid) },
            leaveHome: { [house] name, home in
                // One whose file is gone has told of no logins.
                guard let agent = house.agents.first(where: { $0.definition.name == name }) else {
                    return
                }
                try house.agentHouse.takeLoginsBack(of: agent.definition, from: home)
            }, clock: clock, logger: logger)
    }

    /// The copies of repositories in a state folder, to look at: needs no configuration.
    static func mirrors(_ state: StateFolder, logger: Logger) -> any Workspaces {
        LocalWorkspaces(stateFolder: state.path, logger: logger)
    }

    /// - Parameter queue: Opened with `StateFolder.openQueue`.
    func parts(_ queue: SQLiteQueueStore, _ tracker: any Tracker) -> SwarmParts {
        let reports = BurndownFiles(folder: house.state.burndowns)
        return SwarmParts(
            store: SQLiteSwarmStore(queue), queue: queue, tracker: tracker,
            workspaces: workspaces, commands: HostedCommands(house.agentHouse),
            sessions: HostedSessionReaper(house.agentHouse), agents: house.agents,
            workflows: house.workflows, dispatch: house.configuration.dispatch, accounts: accounts,
            accountPlaces: house.configuration.accountPlaces, prices: house.prices,
            setups: house.configuration.setups,
            keepReport: { try reports.keep($1, as: $0) }, clock: clock, logger: logger)
    }

    /// The tokens of agents that have an account of their own. One that can't be had is told, and
    /// what the agent says is posted under Skep's account.
    private var accounts: [AgentName: Secret] {
        var accounts: [AgentName: Secret] = [:]
        for definition in house.agents.map(\.definition) {
            guard let source = definition.accountToken else { continue }
            do {
                accounts[definition.name] = try ConfiguredSecret.read(
                    source, purpose: "for the account of \(definition.name)", house.surroundings)
            } catch {
                logger.warning(
                    "No token for the agent's account; its reviews are posted under Skep's",
                    metadata: [
                        LogKeys.agent: "\(definition.name)", LogKeys.error: "\(error)",
                    ])
            }
        }
        return accounts
    }

    func worker(_ parts: SwarmParts, _ choice: EndingChoice) -> SwarmWorker {
        SwarmWorker(
            parts,
            configuration: SwarmWorker.Configuration(
                slots: house.configuration.slots, reportSlots: house.configuration.reportSlots,
                leaseLength: house.configuration.leaseLength,
                renewInterval: house.configuration.renewInterval),
            ending: { choice.ending })
    }

    /// The listener for webhooks; `nil` where none is configured.
    func webhooks(hints coordinator: Coordinator) throws -> WebhookServer? {
        guard let settings = house.configuration.webhooks else { return nil }
        return WebhookServer(
            WebhookServer.Configuration(
                host: settings.host, port: settings.port,
                secret: try ConfiguredSecret.read(
                    settings.secret, purpose: "for the webhooks", house.surroundings),
                repositories: Set(house.configuration.repositories.map(\.name))),
            logger: logger
        ) { hint in coordinator.hint(hint.repository, issue: hint.issue?.number) }
    }

    func coordinator(_ parts: SwarmParts) -> Coordinator {
        Coordinator(
            parts, repositories: house.configuration.repositories.map(\.name),
            interval: house.configuration.pollInterval)
    }

    /// What runs: the worker in any case; in `skep serve` also what reads the tracker, what keeps
    /// burn-downs going, and what takes webhooks.
    func running(_ parts: SwarmParts, _ choice: EndingChoice, coordinating: Bool) throws
        -> [@Sendable () async throws -> Void]
    {
        let worker = self.worker(parts, choice)
        guard coordinating else { return [{ try await worker.run() }] }
        let coordinator = self.coordinator(parts)
        let burndowns = BurndownKeeper(parts)
        var running: [@Sendable () async throws -> Void] = [
            { try await worker.run() }, { try await coordinator.run() },
            { try await burndowns.run() },
        ]
        if let webhooks = try self.webhooks(hints: coordinator) {
            running.append { try await webhooks.run() }
        }
        return running
    }
}
