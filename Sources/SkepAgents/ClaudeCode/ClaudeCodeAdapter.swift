import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Drives Claude Code by its stream-json, in both directions.
///
/// Formats: https://code.claude.com/docs/en/headless, and the program's own Python SDK.
struct ClaudeCodeAdapter: AgentAdapter {
    static let name = "claude-code"

    let options: ClaudeCodeOptions
    let permissions: PermissionPolicy
    let toolServers: [ToolServer]

    var program: String { options.program }

    func launch(_ brief: Brief) -> Launch {
        var arguments = [
            "-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose",
            // It asks on its output then, and waits for the answer on its input.
            "--permission-prompt-tool", "stdio", "--permission-mode", mode,
            // A repository's .mcp.json is a command line that anybody may have written.
            "--strict-mcp-config",
        ]
        if let model = options.model { arguments += ["--model", model] }
        if options.showsPieces { arguments.append("--include-partial-messages") }
        let refused = ClaudeTool.names(of: permissions.refused)
        if !refused.isEmpty { arguments += ["--disallowedTools", refused.joined(separator: ",")] }
        if !toolServers.isEmpty { arguments += ["--mcp-config", Self.configuration(toolServers)] }
        arguments += options.arguments
        // One word: an id can't be taken for an option.
        if let session = brief.resumes { arguments.append("--resume=\(session)") }
        return Launch(arguments: arguments, variables: variables, input: .dialogue)
    }

    func dialogue(_ brief: Brief?) -> any Dialogue { ClaudeDialogue(brief, permissions) }

    /// With nothing refused it needn't ask.
    private var mode: String {
        options.permissionMode ?? (permissions.refused.isEmpty ? "bypassPermissions" : "default")
    }

    private var variables: [String: String] {
        // As root it works without asking only where it is told that it is shut in.
        let own = geteuid() == 0 ? ["IS_SANDBOX": "1"] : [:]
        return own.merging(options.variables) { _, set in set }
    }

    /// In its "mcpServers" form, where `${NAME}` stands for a variable of its environment.
    static func configuration(_ servers: [ToolServer]) -> String {
        var entries: [String: JSONValue] = [:]
        for server in servers {
            switch server.transport {
            case .command(let words, let environment):
                entries[server.name] = [
                    "command": .text(words.first ?? ""),
                    "args": .list(words.dropFirst().map(JSONValue.text)),
                    "env": .object(environment.mapValues(JSONValue.text)),
                ]
            case .http(let url, let headers):
                entries[server.name] = [
                    "type": "http", "url": .text(url),
                    "headers": .object(headers.mapValues(JSONValue.text)),
                ]
            }
        }
        return JSONValue.object(["mcpServers": .object(entries)]).line
    }
}

/// The keys of an agent file that the `claude-code` adapter reads.
struct ClaudeCodeOptions: Sendable, Hashable {
    /// "claude" by default.
    var program = "claude"
    var model: String?
    /// Further arguments, after Skep's own.
    var arguments: [String] = []
    /// `nil`: it does all without asking, unless the agent's file refuses something.
    var permissionMode: String?
    /// Whether messages are told while they are written; and what the model wrote, before the turn
    /// ends.
    var showsPieces = false
    /// Variables with values that everybody may see.
    var variables: [String: String] = [:]

    init() {}

    /// - Parameter budgets: Without pieces they would be held by what the model read alone.
    init(_ reader: SettingsReader, budgets: Budgets) {
        program = reader.text("program") ?? "claude"
        model = reader.text("model")
        arguments = reader.texts("arguments") ?? []
        permissionMode = reader.choice("permission_mode", PermissionMode.self)?.rawValue
        showsPieces =
            reader.boolean("partial_messages")
            ?? [budgets.run, budgets.issue, budgets.day].contains {
                $0.tokens != nil || $0.money != nil
            }
        variables = Dictionary(
            (reader.textMap("variables") ?? []).map { ($0.key, $0.value) },
            uniquingKeysWith: { _, last in last })
    }

    private enum PermissionMode: String, CaseIterable {
        case bypassPermissions, acceptEdits, dontAsk, auto, plan, `default`
    }
}
