import ArgumentParser
import SkepCore

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read this file in place of ./skep.yaml.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Keep the state in this folder.", valueName: "folder"))
    var state: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: ArgumentHelp("Use colour: auto, always or never.", valueName: "when"))
    var color = Terminal.Colour.auto

    func console(quiet: Bool = false) -> Console {
        Console(
            colour: color, json: json, quiet: quiet,
            environment: Surroundings.current().environment)
    }

    func layers(_ surroundings: Surroundings = .current()) -> ConfigurationLayers {
        ConfigurationLayers(
            surroundings, file: config, flags: state.map { ["state": $0] } ?? [:])
    }

    /// The state folder, without reading more than is needed to know it: commands that only look
    /// at the database work while other settings are wrong, and are quick.
    func stateFolder(_ surroundings: Surroundings = .current()) throws -> StateFolder {
        let named = state ?? surroundings.environment["SKEP_STATE"]
        if let named, !named.isEmpty {
            return StateFolder(path: surroundings.path(named, in: surroundings.workingFolder))
        }
        let layers = layers(surroundings)
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        guard let node = ConfigurationLayers.node("state", in: tree),
            case .text(let text) = node.value
        else {
            try mistakes.check()
            return layers.stateFolder(surroundings.standardStateFolder)
        }
        return StateFolder(path: surroundings.path(text, in: layers.folder(of: node.location)))
    }
}

/// What commands take that print lists.
struct ListOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Print at most so many, the newest first.", valueName: "count"))
    var limit = 100

    func validate() throws {
        guard (1...100_000).contains(limit) else {
            throw ValidationError("--limit must be 1 to 100000, not \(limit)")
        }
    }
}
