import SkepCore

/// Where the configuration says that tokens and secrets are. No agent gets to see these places, its
/// own included: what it is given of them, it gets by value.
struct Credentials {
    /// Absolute.
    private(set) var files: [String] = []
    /// Names of environment variables.
    private(set) var variables: Set<String> = []

    /// - Parameter agents: The agents' files; what is wrong with them is told when they are read.
    init(
        _ tree: SettingsNode, _ configuration: Configuration, agents: [DefinitionFile],
        _ surroundings: Surroundings
    ) {
        func text(_ path: String, _ tree: SettingsNode) -> String? {
            ConfigurationLayers.text(path, in: tree)
        }
        var named = configuration.setups.values.flatMap(\.environmentFiles)
        for key in ["tracker.token", "webhooks.secret"] {
            if let file = text(key + "_file", tree) { named.append(file) }
            if let variable = text(key + "_env", tree) { variables.insert(variable) }
        }
        for file in agents {
            guard
                let front = FrontMatter(file.text, source: file.source, into: SettingsMistakes())?
                    .settings
            else { continue }
            if let file = text("account.token_file", front) { named.append(file) }
            if let variable = text("account.token_env", front) { variables.insert(variable) }
            guard case .map(let secrets)? = ConfigurationLayers.node("secrets", in: front)?.value
            else { continue }
            for case .text(let source) in secrets.map(\.value.value)
            where source.hasPrefix("file:") {
                named.append(String(source.dropFirst(5)))
            }
        }
        files = Set(named.map { surroundings.path($0, in: surroundings.workingFolder) }).sorted()
    }
}
