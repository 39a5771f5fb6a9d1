import Logging
import SkepAgents
import SkepCore
import SkepEngine
import SkepGit
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
        guard let settings = house.configuration.tracker else {
            throw ProgramError(
                .configuration, "There is no tracker in the configuration.",
                advice:
                    "Set tracker.url and tracker.token_env; \"skep init\" writes a file to begin with."
            )
        }
        let tracker = try TrackerCatalog.tracker(
            settings, environment: house.surroundings.environment, version: SkepVersion.current,
            clock: clock, logger: logger)
        let remotes = house.configuration.repositories.compactMap { repository in
            repository.remote.map { (repository.name, $0) }
        }
        guard !remotes.isEmpty else { return tracker }
        return RemoteTracker(tracker, remotes: Dictionary(remotes) { first, _ in first })
    }

    var workspaces: any Workspaces {
        LocalWorkspaces(
            stateFolder: house.state.path,
            owner: house.agentHouse.user.map { FileOwner(user: $0.uid, group: $0.gid) },
            clock: clock, logger: logger)
    }

    /// The copies of repositories in a state folder, to look at: needs no configuration.
    static func mirrors(_ state: StateFolder, logger: Logger) -> any Workspaces {
        LocalWorkspaces(stateFolder: state.path, logger: logger)
    }

    /// - Parameter queue: Opened with `StateFolder.openQueue`.
    func parts(_ queue: SQLiteQueueStore, _ tracker: any Tracker) -> SwarmParts {
        SwarmParts(
            store: SQLiteSwarmStore(queue), queue: queue, tracker: tracker,
            workspaces: workspaces, commands: HostedCommands(house.agentHouse),
            sessions: HostedSessionReaper(house.agentHouse), agents: house.agents,
            workflows: house.workflows, clock: clock, logger: logger)
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

    func coordinator(_ parts: SwarmParts) -> Coordinator {
        Coordinator(
            parts, repositories: house.configuration.repositories.map(\.name),
            interval: house.configuration.pollInterval)
    }
}
