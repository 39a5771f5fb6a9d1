import ArgumentParser
import SkepAgents

/// What the adapter `patch` starts as its agent: applies the diffs of an issue. Not for people.
struct ApplyPatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: PatchApplier.subcommand,
        abstract: "Apply the unified diffs in an issue to the current folder", shouldDisplay: false)

    @Argument(help: "The file with the issue's text.")
    var file: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        for path in try await PatchApplier.apply(issueFile: file) {
            common.console().say(path)
        }
    }
}
