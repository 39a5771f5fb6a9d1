import ArgumentParser
import SkepCore

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read everything, try everything, change nothing",
        discussion: """
            Tries the state folder, the database, the tracker with its repositories, git, and each \
            agent. Ends with 78 if something must be mended here, with 69 if something outside can't \
            be reached.

            Example: skep check --show
            """)

    @Flag(help: "Print the settings in force, and where each comes from, and nothing else.")
    var show = false
    @OptionGroup var options: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let layers = common.layers()
        let console = common.console()
        if show { return try showSettings(layers, console) }

        let house = try House.read(
            layers, agentsRunAs: options.allowRoot ? .user(allowRoot: true) : .userIfThere)
        let doctor = Doctor(house: house, console: console)
        let findings = await doctor.examine { finding in
            if !console.isJSON { finding.show(on: console) }
        }
        if console.isJSON {
            console.show(.list(findings.map(\.json)))
        } else {
            console.output.line(Diagnosis.summary(findings))
        }
        if findings.contains(where: { $0.verdict == .fail && !$0.isOutside }) {
            throw ExitCode(Exit.code(for: .configuration))
        }
        if findings.contains(where: { $0.verdict == .fail }) {
            throw ExitCode(Exit.code(for: .unavailable))
        }
    }

    private func showSettings(_ layers: ConfigurationLayers, _ console: Console) throws {
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        _ = Configuration(tree, of: layers, into: mistakes)
        try mistakes.check()
        let settings = SettingInForce.all(tree, layers)
        if console.isJSON { return console.show(.list(settings.map(\.json))) }
        var table = Table([.fixed("KEY"), .flexible("VALUE"), .flexible("FROM")])
        for setting in settings { table.add([setting.key, setting.value ?? "-", setting.source]) }
        console.show(table)
    }
}

/// A key with its value and the place it was set at.
struct SettingInForce {
    let key: String
    let value: String?
    let source: String

    static func all(_ tree: SettingsNode, _ layers: ConfigurationLayers) -> [SettingInForce] {
        ConfigurationKey.all.map { key in
            if let node = ConfigurationLayers.node(key.path, in: tree), node.value != .null {
                return SettingInForce(
                    key: key.path, value: text(node.value), source: node.location.description)
            }
            let standard =
                key.path == "state" ? layers.surroundings.standardStateFolder : key.standard
            return SettingInForce(
                key: key.path, value: standard, source: standard == nil ? "not set" : "default")
        }
    }

    var json: JSON {
        .object(["key": .text(key), "value": .optional(value), "source": .text(source)])
    }

    private static func text(_ value: SettingsNode.Value) -> String {
        switch value {
        case .null: ""
        case .boolean(let flag): String(flag)
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .text(let text): text
        case .list(let nodes): nodes.map { text($0.value) }.joined(separator: ", ")
        case .map(let entries):
            "{" + entries.map { "\($0.key): \(text($0.value.value))" }.joined(separator: ", ") + "}"
        }
    }
}
