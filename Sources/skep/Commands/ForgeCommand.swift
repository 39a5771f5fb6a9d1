import ArgumentParser
import Logging
import ServiceLifecycle
import SkepCore
import SkepForge
import UnixSignals

/// `skep forge …`: the embedded tracker.
struct ForgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forge", abstract: "Run the embedded tracker, and fill it",
        discussion: """
            A small tracker with git repositories, for trying Skep and for teams without one.

            Example: skep forge serve --port 3000
            """,
        subcommands: [
            ForgeServe.self, ForgeUserCommand.self, ForgeRepo.self, ForgeIssueCommand.self,
            ForgePullCommand.self,
        ])
}

/// Where the tracker keeps its data.
struct ForgeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The tracker's data; otherwise \"forge\" in the state folder.", valueName: "folder"))
    var data: String?

    func folder(_ common: CommonOptions) throws -> String {
        let surroundings = Surroundings.current()
        return try data.map { surroundings.path($0, in: surroundings.workingFolder) }
            ?? common.stateFolder(surroundings).forge
    }

    /// - Parameter isMade: Whether a tracker is made where there is none.
    func open(_ common: CommonOptions, isMade: Bool = false) async throws -> Forge {
        try await Forge(dataFolder: folder(common), isMade: isMade)
    }
}

struct ForgeServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the tracker until stopped",
        discussion: "Example: skep forge serve --data /srv/forge --port 3000")

    @OptionGroup var forge: ForgeOptions
    @Option(help: ArgumentHelp("The port; 0 takes any that is free.", valueName: "number"))
    var port = 3000
    @Option(help: ArgumentHelp("The address of this machine to listen on.", valueName: "address"))
    var host = "127.0.0.1"
    @Flag(help: "Let other machines in; they need a token for everything.")
    var allowRemote = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, not \(port)")
        }
    }

    func run() async throws {
        let console = common.console()
        let logger = StderrLog.logger("skep.forge", level: .notice, console: console)
        let server = try await ForgeServer(
            dataFolder: forge.folder(common), host: host, port: port, allowRemote: allowRemote,
            version: SkepVersion.current, logger: logger
        ) { address in
            if console.isJSON {
                console.output.line(JSON.object(["url": .text(address.url)]).line())
            } else {
                console.say("The tracker is at \(address.url)")
            }
        }
        var quiet = logger
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)],
                gracefulShutdownSignals: [UnixSignal.sigterm, .sigint], logger: quiet))
        try await group.run()
    }
}
