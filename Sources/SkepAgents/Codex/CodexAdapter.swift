import SkepCore

/// Drives Codex by `codex exec --json`: the prompt on its input, events on its output.
///
/// `codex app-server` would also take mail and ask leave, but its protocol changes from version to
/// version, while this one has a schema that is documented: https://developers.openai.com/codex/noninteractive
struct CodexAdapter: AgentAdapter {
    static let name = "codex"

    let options: CodexOptions
    let toolServers: [ToolServer]

    var program: String { options.program }

    var model: String? { options.model }

    func launch(_ brief: Brief) -> Launch {
        var arguments = [
            "exec", "--json", "--skip-git-repo-check",
            // It is Skep that keeps it on a leash; its own sandbox would stop the project's checks.
            "--dangerously-bypass-approvals-and-sandbox", "-C", brief.places.workspace,
        ]
        if let model = options.model { arguments += ["-m", model] }
        for setting in toolServers.flatMap(Self.settings) { arguments += ["-c", setting] }
        arguments += options.arguments
        var launch = Launch(arguments: [], variables: options.variables, input: .prompt)
        if let thread = brief.resumes {
            arguments += ["resume", thread]
            var rollout = CodexRollout(of: thread, home: brief.places.home)
            launch.memo = rollout.usage(at: .max)?.line
        }
        launch.arguments = arguments + ["-"]
        return launch
    }

    func dialogue(_ brief: Brief?) -> any Dialogue { CodexDialogue(brief, model: options.model) }

    /// In the form of its config.toml. A string of JSON is one of TOML too.
    static func settings(_ server: ToolServer) -> [String] {
        let key = "mcp_servers.\(server.name)"
        func table(_ values: [String: String]) -> String {
            let pairs = values.sorted { $0.key < $1.key }.map {
                JSONValue.text($0.key).line + " = " + JSONValue.text($0.value).line
            }
            return "{ " + pairs.joined(separator: ", ") + " }"
        }
        switch server.transport {
        case .command(let words, let environment):
            return [
                "\(key).command=" + JSONValue.text(words.first ?? "").line,
                "\(key).args=" + JSONValue.list(words.dropFirst().map(JSONValue.text)).line,
                "\(key).env=" + table(environment),
            ]
        case .http(let url, let headers):
            return [
                "\(key).url=" + JSONValue.text(url).line, "\(key).http_headers=" + table(headers),
            ]
        }
    }
}

/// The keys of an agent file that the `codex` adapter reads.
struct CodexOptions: Sendable, Hashable {
    /// "codex" by default.
    var program = "codex"
    var model: String?
    /// Further arguments, after Skep's own.
    var arguments: [String] = []
    /// Variables with values that everybody may see.
    var variables: [String: String] = [:]

    init() {}

    init(_ reader: SettingsReader, permissions: PermissionPolicy) {
        program = reader.text("program") ?? "codex"
        model = reader.text("model")
        arguments = reader.texts("arguments") ?? []
        variables = Dictionary(
            (reader.textMap("variables") ?? []).map { ($0.key, $0.value) },
            uniquingKeysWith: { _, last in last })
        if !permissions.refused.isEmpty {
            reader.mistake(
                "\"codex exec\" doesn't ask leave, so nothing can be refused; use \"sandbox\"",
                at: reader.location(of: "permissions"))
        }
    }
}
