public import SkepCore

/// The kinds of agents there are, by the word that stands as `adapter` in an agent's file.
public struct AgentCatalog: Sendable {
    /// One kind: how its own keys are read, and an agent made of them.
    struct Adapter: Sendable {
        let name: String
        let make: @Sendable (AgentDefinition, SettingsReader, AgentHouse) -> any Agent
    }

    /// A new adapter goes here.
    private static let adapters = [
        Adapter(name: CommandAdapter.name) { definition, reader, house in
            let adapter = CommandAdapter(options: CommandOptions(reader))
            return HostedAgent(definition, adapter, house: house)
        },
        Adapter(name: ClaudeCodeAdapter.name) { definition, reader, house in
            let adapter = ClaudeCodeAdapter(
                options: ClaudeCodeOptions(reader, budgets: definition.budgets),
                permissions: definition.permissions,
                toolServers: definition.toolServers)
            return HostedAgent(definition, adapter, house: house)
        },
        Adapter(name: CodexAdapter.name) { definition, reader, house in
            let adapter = CodexAdapter(
                options: CodexOptions(reader, permissions: definition.permissions),
                toolServers: definition.toolServers)
            return HostedAgent(definition, adapter, house: house)
        },
        Adapter(name: JSONLinesAdapter.name) { definition, reader, house in
            let adapter = JSONLinesAdapter(options: JSONLinesOptions(reader))
            return HostedAgent(definition, adapter, house: house)
        },
        Adapter(name: PatchApplier.adapter) { definition, _, house in
            // It has no keys of its own.
            let adapter = CommandAdapter(options: PatchApplier.options(house))
            return HostedAgent(definition, adapter, house: house)
        },
        Adapter(name: ACPAdapter.name) { definition, reader, house in
            let adapter = ACPAdapter(definition, ACPOptions(reader))
            return HostedAgent(definition, adapter, house: house)
        },
    ]

    public static var names: [String] { adapters.map(\.name) }

    private let house: AgentHouse

    public init(_ house: AgentHouse) { self.house = house }

    /// Reads one agent's file: the keys that all agents have, and its adapter's own.
    ///
    /// - Parameters:
    ///   - front: The file's front matter.
    ///   - instructions: Its body.
    /// - Returns: `nil` when there is no such adapter; this and every other mistake is added to
    ///   `mistakes`, and an agent read with mistakes isn't to be used.
    public func agent(
        _ front: SettingsNode, instructions: String, mistakes: SettingsMistakes
    ) -> (any Agent)? {
        let reader = SettingsReader(front, of: "an agent", mistakes: mistakes)
        let definition = AgentDefinition(reader, instructions: instructions)
        checkVariables(definition, reader)
        guard let adapter = Self.adapters.first(where: { $0.name == definition.adapter }) else {
            if !definition.adapter.isEmpty { report(definition.adapter, mistakes, reader) }
            return nil
        }
        let agent = adapter.make(definition, reader, house)
        reader.finish()
        return agent
    }

    /// Refuses what an agent would otherwise miss without a word.
    private func checkVariables(_ definition: AgentDefinition, _ reader: SettingsReader) {
        func check(_ variable: String, _ location: SettingsLocation) {
            guard house.isOwn(variable) else { return }
            reader.mistake(
                "\"\(variable)\" is Skep's own, for its settings or a token; agents don't get it",
                at: location)
        }
        // Those that begin with SKEP_ were told of already.
        for name in definition.environment where house.credentialVariables.contains(name) {
            check(name, reader.location(of: "environment", name))
        }
        for case (let name, .environment(let variable)) in definition.secrets {
            check(variable, reader.location(of: "secrets", name))
        }
    }

    private func report(
        _ name: String, _ mistakes: SettingsMistakes, _ reader: SettingsReader
    ) {
        let hint =
            nearest(to: name, among: Self.names).map { "; did you mean \"\($0)\"?" }
            ?? "; there are \(Self.names.joined(separator: ", "))"
        mistakes.add("there is no adapter \"\(name)\"\(hint)", at: reader.location(of: "adapter"))
    }
}
