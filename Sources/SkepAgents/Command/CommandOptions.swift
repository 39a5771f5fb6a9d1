import SkepCore

/// The keys of an agent file that the `command` adapter reads.
struct CommandOptions: Sendable, Hashable {
    /// The program and its arguments. With neither `{prompt}` nor `{prompt_file}` in it, the agent
    /// reads the prompt from its standard input.
    var command: CommandTemplate
    /// What `{model}` stands for.
    var model: String?
    /// Variables with values that everybody may see.
    var variables: [String: String]

    init(command: CommandTemplate, model: String? = nil, variables: [String: String] = [:]) {
        self.command = command
        self.model = model
        self.variables = variables
    }

    init(_ reader: SettingsReader) {
        command = CommandTemplate(reader, key: "command")
        // No shell takes it apart: as one word it would be a program of that odd name.
        if let node = reader.node("command"), case .text(let line) = node.value,
            line.contains(where: \.isWhitespace)
        {
            let words = line.split(whereSeparator: \.isWhitespace).joined(separator: ", ")
            reader.mistake("\"command\" must be a list: [\(words)]", at: node.location)
        }
        model = reader.text("model")
        if command.contains(.model), model == nil {
            reader.mistake(
                "the command has {model}, but there is no \"model\"",
                at: reader.location(of: "command"))
        }
        variables = Dictionary(
            (reader.textMap("variables") ?? []).map { ($0.key, $0.value) },
            uniquingKeysWith: { _, last in last })
    }
}
