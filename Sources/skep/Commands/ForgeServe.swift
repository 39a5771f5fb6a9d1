import ArgumentParser
import Logging
import ServiceLifecycle
import SkepCore
import SkepForge
import UnixSignals

struct ForgeServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the tracker until stopped",
        discussion: """
            For trying out clients it can be as difficult as trackers are. --quirks turns on habits \
            of Gitea: \(quirkNames), all. --faults lets requests fail: \(faultNames), \
            each with a rate or a count, and after "@" the requests it is for: \
            "502=0.05,cut=2x@POST:repos/*/*/issues,seed=7".

            Example: skep forge serve --data /srv/forge --port 3000
            """)

    /// All there are; a test compares.
    static let quirkNames =
        "mergeable-late, merge-refused-once, zero-times, server-errors, null-lists, small-pages"
    private static let faultNames = FaultPlan.Kind.allCases.map(\.rawValue).joined(separator: ", ")

    @OptionGroup var forge: ForgeOptions
    @Option(help: ArgumentHelp("The port; 0 takes any that is free.", valueName: "number"))
    var port = 3000
    @Option(help: ArgumentHelp("The address of this machine to listen on.", valueName: "address"))
    var host = "127.0.0.1"
    @Flag(help: "Let other machines in; they need a token for everything.")
    var allowRemote = false
    @Flag(help: "Let webhooks lead to other machines.")
    var remoteHooks = false
    @Option(
        help: ArgumentHelp(
            "Habits of Gitea to have, with commas between them.", valueName: "names"))
    var quirks: String?
    @Option(help: ArgumentHelp("What goes wrong on purpose.", valueName: "faults"))
    var faults: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, not \(port)")
        }
    }

    private var difficulties: [String] {
        [quirks.map { "quirks \($0)" }, faults.map { "faults \($0)" }].compactMap { $0 }
    }

    func run() async throws {
        let console = common.console()
        let quirks = try GiteaQuirks(parsing: quirks ?? "")
        let faults = try FaultPlan(parsing: faults ?? "")
        let difficulties = difficulties
        let logger = StderrLog.logger("skep.forge", level: .notice, console: console)
        let server = try await ForgeServer(
            dataFolder: forge.folder(common), host: host, port: port, allowRemote: allowRemote,
            version: SkepVersion.current, quirks: quirks, faults: faults,
            hooksReachFar: remoteHooks, logger: logger
        ) { address in
            if console.isJSON {
                console.output.line(JSON.object(["url": .text(address.url)]).line())
            } else {
                let with =
                    difficulties.isEmpty ? "" : ", with " + Phrase.list(difficulties, "and")
                console.say("The tracker is at \(address.url)\(with)")
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
