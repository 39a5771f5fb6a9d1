import Logging
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite
import SkepTrackers

/// `skep serve` and `skep work`: the configuration, read, and the daemon made of it.
struct Service {
    private let layers: ConfigurationLayers
    private let assembly: Assembly
    private let allowRoot: Bool

    init(_ common: CommonOptions, _ options: WorkerOptions) async throws {
        layers = common.layers()
        allowRoot = options.allowRoot
        let house = try House.read(
            layers, agentsRunAs: .user(allowRoot: options.allowRoot))
        let logger = StderrLog.logger(
            "skep", level: house.configuration.logLevel, console: common.console())
        assembly = Assembly(house, logger: logger)
    }

    func run(coordinating: Bool) async throws -> Daemon.End {
        let house = assembly.house
        if coordinating, house.configuration.repositories.isEmpty {
            throw ProgramError(
                .configuration, "There is no repository to look at.", why: layers.absence,
                advice: layers.absence == nil
                    ? "Name some under \"repositories\" in skep.yaml."
                    : ConfigurationLayers.absenceAdvice)
        }
        let tracker = try assembly.tracker()
        try house.state.create(isRoot: house.surroundings.isRoot)
        let lock = coordinating ? try await ServeLock(house.state, clock: assembly.clock) : nil
        let queue = try await house.state.openQueue()
        let parts = assembly.parts(queue, tracker)
        let choice = EndingChoice()
        let daemon = Daemon(
            parts: try assembly.running(parts, choice, coordinating: coordinating), choice: choice,
            logger: assembly.logger,
            mayRestart: { [layers, allowRoot] in
                _ = try House.read(layers, agentsRunAs: .user(allowRoot: allowRoot))
            })
        let end = try await daemon.run {
            lock?.markReady()
            announce(coordinating)
        }
        await queue.close()
        assembly.logger.notice("Stopped")
        return withExtendedLifetime(lock) { end }
    }

    private func announce(_ coordinating: Bool) {
        let configuration = assembly.house.configuration
        var facts: Logger.Metadata = [
            "state": "\(assembly.house.state.path)", "version": "\(SkepVersion.current)",
            "slots": "\(configuration.slots)",
            "agents":
                "\(assembly.house.agents.map(\.definition.name.rawValue).joined(separator: ", "))",
        ]
        if coordinating {
            facts["tracker"] = "\(configuration.tracker?.address ?? "")"
            facts["repositories"] =
                "\(configuration.repositories.map(\.name.description).joined(separator: ", "))"
            facts["poll_seconds"] = "\(configuration.pollInterval.components.seconds)"
        }
        assembly.logger.notice(
            coordinating ? "Serving" : "Working", metadata: facts)
    }
}
