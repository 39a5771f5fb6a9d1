import ArgumentParser
import SkepCore
import SkepForge

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
