import ArgumentParser
import Logging
import SkepCore
import SkepEngine

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a configuration to begin with",
        discussion: """
            Makes skep.yaml, agents/ and workflows/ in the current folder, and the state folder with \
            its database. As root it makes the user that agents run as. What is there already is \
            left as it is, so it can be run again.

            Example: skep init --labels
            """)

    @Flag(
        help: """
            Make the labels agent/NAME for each agent, \(Coordinator.holdLabel) and \
            \(Retirer.keepLabel) in each repository on the tracker.
            """)
    var labels = false
    @Flag(help: "Only say what would be made.")
    var dryRun = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let layers = common.layers()
        var installation = Installation(
            layers: layers, stateFolder: try common.stateFolder(layers.surroundings),
            isDryRun: dryRun)
        try installation.writeFiles()
        try await installation.makeState()
        try await installation.makeUser()
        if labels { try await makeLabels(&installation, layers) }

        let console = common.console()
        if console.isJSON {
            return console.show(.list(installation.done.map(\.json)))
        }
        for item in installation.done { console.say(item.sentence(isDryRun: dryRun)) }
        for remark in installation.remarks { console.say(remark) }
        let file = layers.surroundings.shown(layers.mainFile)
        console.say("Name the tracker and repositories in \(file), then run \"skep check\".")
    }

    private func makeLabels(_ installation: inout Installation, _ layers: ConfigurationLayers)
        async throws
    {
        let house = try House.read(layers)
        let console = common.console()
        let tracker = try Assembly(
            house, logger: StderrLog.remarks(on: console)
        ).tracker()
        for repository in house.configuration.repositories {
            try await installation.makeLabels(
                house.agents.map(\.definition), in: repository.name, tracker)
        }
    }
}
