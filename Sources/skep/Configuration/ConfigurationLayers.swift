import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where settings come from, the later over the earlier: `$XDG_CONFIG_HOME/skep/config.yaml`,
/// `./skep.yaml` (or the file of `--config`), the environment, flags.
struct ConfigurationLayers {
    let surroundings: Surroundings
    /// What `--config` or `SKEP_CONFIG` says.
    let namedFile: String?
    /// Keys that flags set, such as "state".
    let flags: [String: String]

    init(_ surroundings: Surroundings, file: String? = nil, flags: [String: String] = [:]) {
        self.surroundings = surroundings
        namedFile =
            file ?? surroundings.environment["SKEP_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        self.flags = flags
    }

    /// The configuration file proper; it need not exist unless it was named.
    var mainFile: String {
        surroundings.path(namedFile ?? "skep.yaml", in: surroundings.workingFolder)
    }

    var userFile: String { surroundings.userConfigurationFolder + "/config.yaml" }

    /// The folder that paths in a setting start from.
    func folder(of location: SettingsLocation) -> String {
        switch location.source {
        case Self.flagsSource: return surroundings.workingFolder
        case let source where source.hasPrefix(Self.environmentSource):
            return surroundings.workingFolder
        default:
            let path = surroundings.path(location.source, in: surroundings.workingFolder)
            return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
    }

    /// Reads all layers and lays them over each other.
    func merged(into mistakes: SettingsMistakes) -> SettingsNode {
        var layers: [SettingsNode] = []
        if let node = read(userFile, required: false, into: mistakes) { layers.append(node) }
        if let node = read(mainFile, required: namedFile != nil, into: mistakes) {
            layers.append(node)
        }
        let files = layers.reduce(Self.empty(mainFileShown), Self.lay)
        let secrets = Set(
            ["tracker.token_env", "webhooks.secret_env"].compactMap { Self.text($0, in: files) })
        let environment = environmentLayer(knowing: secrets, into: mistakes)
        return [environment, flagsLayer()].reduce(files, Self.lay)
    }

    /// Where a configuration was looked for in vain; `nil`: there is one, or it was named.
    var absence: String? {
        guard namedFile == nil,
            ![mainFile, userFile].contains(where: FileManager.default.fileExists)
        else { return nil }
        return "There is no skep.yaml in \(surroundings.workingFolder)."
    }

    static let absenceAdvice =
        "Go to the folder where it is, or name it with --config; \"skep init\" makes a new one."

    /// The state folder, at a path that the layers set or that is the standard one.
    func stateFolder(_ path: String) -> StateFolder {
        let isNamed =
            flags["state"] != nil || surroundings.environment["SKEP_STATE"]?.isEmpty == false
        return StateFolder(path: path, doubt: isNamed ? nil : absence)
    }

    private var mainFileShown: String { surroundings.shown(mainFile) }

    private func read(_ path: String, required: Bool, into mistakes: SettingsMistakes)
        -> SettingsNode?
    {
        let source = surroundings.shown(path)
        let place = SettingsLocation(source: source)
        guard FileManager.default.fileExists(atPath: path) else {
            if required { mistakes.add("there is no such file", at: place) }
            return nil
        }
        guard let text = TextFile.read(path, source: source, into: mistakes) else { return nil }
        guard let node = YAML.read(text, source: source, into: mistakes) else { return nil }
        switch node.value {
        case .map, .null: return node
        default:
            mistakes.add("the configuration must be a map of keys and values", at: node.location)
            return nil
        }
    }

    // Environment and flags

    /// Before the name of a variable.
    static let environmentSource = "environment"
    static let flagsSource = "flags"

    /// Variables of Skep's that aren't settings.
    private static let otherVariables: Set<String> = ["SKEP_CONFIG"]

    private func environmentLayer(knowing secrets: Set<String>, into mistakes: SettingsMistakes)
        -> SettingsNode
    {
        var layer = Self.empty(Self.environmentSource)
        let known = ConfigurationKey.all.map(\.variable)
        for (name, value) in surroundings.environment.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix("SKEP_"), !Self.otherVariables.contains(name) else { continue }
            if let key = ConfigurationKey.all.first(where: { $0.variable == name }) {
                let place = SettingsLocation(source: "\(Self.environmentSource) \(name)")
                layer = Self.lay(layer, Self.tree(key.parts, Self.node(key, value, at: place)))
            } else if !secrets.contains(name), let near = nearest(to: name, among: known) {
                // Others may have variables of this beginning too: only slips are told.
                mistakes.add(
                    "there is no setting \(name); did you mean \(near)?",
                    at: SettingsLocation(source: Self.environmentSource))
            }
        }
        return layer
    }

    private func flagsLayer() -> SettingsNode {
        let place = SettingsLocation(source: Self.flagsSource)
        return flags.sorted { $0.key < $1.key }.reduce(Self.empty(Self.flagsSource)) {
            layer, flag in
            let parts = flag.key.split(separator: ".").map(String.init)
            return Self.lay(layer, Self.tree(parts, SettingsNode(.text(flag.value), at: place)))
        }
    }

    private static func node(
        _ key: ConfigurationKey, _ value: String, at place: SettingsLocation
    ) -> SettingsNode {
        switch key.form {
        case .text: return SettingsNode(.text(value), at: place)
        case .integer: return SettingsNode(YAML.scalar(value), at: place)
        case .texts:
            let texts = value.split(whereSeparator: { $0 == "," || $0.isWhitespace })
            return SettingsNode(
                .list(texts.map { SettingsNode(.text(String($0)), at: place) }), at: place)
        case .numbers:
            let entries = value.split(separator: ",").map { pair in
                let halves = pair.split(separator: "=", maxSplits: 1).map {
                    String($0.drop { $0 == " " })
                }
                return SettingsNode.Entry(
                    key: halves.first ?? "", keyLocation: place,
                    value: SettingsNode(YAML.scalar(halves.last ?? ""), at: place))
            }
            return SettingsNode(.map(entries), at: place)
        }
    }

    // Trees

    private static func empty(_ source: String) -> SettingsNode {
        SettingsNode(.map([]), at: SettingsLocation(source: source))
    }

    private static func tree(_ parts: [String], _ leaf: SettingsNode) -> SettingsNode {
        parts.reversed().reduce(leaf) { node, part in
            SettingsNode(
                .map([.init(key: part, keyLocation: leaf.location, value: node)]), at: leaf.location
            )
        }
    }

    /// Lays one tree over another: maps are merged, everything else is replaced, and a key without
    /// a value changes nothing.
    static func lay(_ lower: SettingsNode, _ upper: SettingsNode) -> SettingsNode {
        guard case .map(let below) = lower.value, case .map(let above) = upper.value else {
            return upper.value == .null ? lower : upper
        }
        var entries = below
        for entry in above {
            if let index = entries.firstIndex(where: { $0.key == entry.key }) {
                entries[index] = SettingsNode.Entry(
                    key: entry.key, keyLocation: entry.keyLocation,
                    value: lay(entries[index].value, entry.value))
            } else {
                entries.append(entry)
            }
        }
        return SettingsNode(.map(entries), at: lower.location)
    }

    /// The node at a path with dots.
    static func node(_ path: String, in tree: SettingsNode) -> SettingsNode? {
        path.split(separator: ".").reduce(tree as SettingsNode?) { node, part in
            guard case .map(let entries)? = node?.value else { return nil }
            return entries.last { $0.key == part }?.value
        }
    }

    static func text(_ path: String, in tree: SettingsNode) -> String? {
        guard case .text(let text)? = node(path, in: tree)?.value else { return nil }
        return text
    }
}
