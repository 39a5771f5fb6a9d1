import SkepCore

/// Drives any program that prints JSON lines: its file says what they mean.
struct JSONLinesAdapter: AgentAdapter {
    static let name = "json-lines"

    let options: JSONLinesOptions

    private var command: CommandAdapter { CommandAdapter(options: options.command) }
    var program: String { command.program }
    var hasVersion: Bool { command.hasVersion }
    var tellsUsage: Bool { options.rules.contains { $0.kind == .usage } }
    var model: String? { options.command.model }
    var commandFiles: [String] { command.commandFiles }

    func launch(_ brief: Brief) -> Launch {
        var launch = command.launch(brief)
        guard let session = brief.resumes else { return launch }
        launch.arguments += options.resume.map { $0.replacing("{session}", with: session) }
        return launch
    }

    func dialogue(_ brief: Brief?) -> any Dialogue {
        JSONLinesDialogue(options.rules, resumes: options.resume.isEmpty ? nil : brief?.resumes)
    }
}

/// The keys of an agent file that the `json-lines` adapter reads: those of `command`, what its lines
/// mean (`events`), and what is added to the command to go on with a session (`resume`).
struct JSONLinesOptions: Sendable, Hashable {
    var command: CommandOptions
    /// Arguments; `{session}` stands for the vendor's id.
    var resume: [String]
    var rules: [LineRule]

    init(_ reader: SettingsReader) {
        command = CommandOptions(reader)
        resume = reader.texts("resume") ?? []
        if !resume.isEmpty, !resume.contains(where: { $0.contains("{session}") }) {
            reader.mistake(
                "\"resume\" needs a place for the session: {session}",
                at: reader.location(of: "resume"))
        }
        rules = Self.rules(reader)
    }

    private static func rules(_ reader: SettingsReader) -> [LineRule] {
        guard let events = reader.map("events", of: "\"events\"") else {
            reader.mistake(
                "a json-lines agent needs \"events\": what its lines mean",
                at: reader.location(of: "events"))
            return []
        }
        let rules = LineRule.Kind.allCases.flatMap { kind in
            nodes(kind.rawValue, events).map { node in
                let mistakes = SettingsMistakes()
                let subject = "\"\(kind.rawValue)\""
                defer {
                    for found in mistakes.all { events.mistake(found.message, at: found.location) }
                }
                return LineRule(kind, SettingsReader(node, of: subject, mistakes: mistakes))
            }
        }
        events.finish()
        return rules
    }

    /// One rule, or a list of them.
    private static func nodes(_ key: String, _ events: SettingsReader) -> [SettingsNode] {
        guard let node = events.node(key) else { return [] }
        if case .list(let nodes) = node.value { return nodes }
        return [node]
    }
}
