import ArgumentParser
import SkepCore

/// `skep demo`: shows the whole way to somebody who has nothing yet.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run five issues through the whole way, on this machine alone",
        discussion: """
            Starts the embedded tracker with a sample repository and five issues, and has five agents \
            work on them at once: one applies a patch, one repairs a failing test, one changes \
            nothing, one fails, and one hangs and is stopped. Needs no network, model or account, and \
            leaves nothing running. As root the agents run as the user "skep-agent", which is made if \
            it isn't there.

            Ends with 1 when something came out otherwise than it has to.

            Example: skep demo --keep
            """)

    @Option(
        help: ArgumentHelp(
            "Keep everything in this folder, instead of a new one in /var/tmp.",
            valueName: "folder"))
    var folder: String?
    @Flag(help: "Keep tracker and daemon running at the end, until Ctrl-C.")
    var keep = false
    @Flag(help: "Print one JSON document at the end.")
    var json = false
    @Option(help: ArgumentHelp("Use colour: auto, always or never.", valueName: "when"))
    var color = Terminal.Colour.auto

    func run() async throws {
        let surroundings = Surroundings.current()
        let console = Console(
            colour: color, json: json, environment: surroundings.environment)
        let stage = DemoStage(
            folder: try DemoFolder(folder, surroundings: surroundings), surroundings: surroundings,
            console: console, keep: keep)
        let verdicts = try await stage.play()
        guard verdicts.count == DemoCase.all.count, verdicts.allSatisfy(\.complaints.isEmpty) else {
            throw ExitCode(1)
        }
    }
}
