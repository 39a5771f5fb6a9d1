import SkepCore

/// Drives agents that speak the Agent Client Protocol, version 1, on their standard streams.
///
/// https://agentclientprotocol.com/protocol/overview
struct ACPAdapter: AgentAdapter {
    static let name = "acp"

    let options: ACPOptions
    let permissions: PermissionPolicy
    let toolServers: [ToolServer]

    init(_ definition: AgentDefinition, _ options: ACPOptions) {
        self.options = options
        permissions = definition.permissions
        toolServers = definition.toolServers
    }

    var program: String { options.command.filled([:]).first ?? "" }

    var model: String? { options.model }

    var commandFiles: [String] { options.command.files }

    func launch(_ brief: Brief) -> Launch {
        let places = brief.places
        let words = options.command.filled([
            .issueFile: places.issueFile, .workspace: places.workspace, .output: places.output,
            .home: places.home, .model: options.model ?? "",
        ])
        return Launch(
            arguments: Array(words.dropFirst()), variables: options.variables, input: .dialogue)
    }

    func dialogue(_ brief: Brief?) -> any Dialogue {
        ACPDialogue(
            brief, options: options, permissions: permissions, toolServers: toolServers)
    }
}
