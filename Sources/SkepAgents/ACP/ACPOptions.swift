import SkepCore

/// The keys of an agent file that the `acp` adapter reads.
struct ACPOptions: Sendable, Hashable {
    /// What the figures in a prompt's answer count.
    enum Counting: String, Sendable, CaseIterable {
        /// That prompt.
        case turn
        /// All prompts of the session so far.
        case session
    }

    /// The program and its arguments; it speaks on its standard streams.
    var command: CommandTemplate
    /// The model that it is told to use, unless the command says so with `{model}`.
    var model: String?
    /// The mode it is told to work in, by its own name for it.
    var mode: String?
    /// Variables with values that everybody may see.
    var variables: [String: String] = [:]
    /// Whether it ends when its standard input does; else it is stopped then. True by default.
    var endsWithInput = true
    /// The prompt by default.
    var counting = Counting.turn

    init(_ reader: SettingsReader) {
        let common = CommandOptions(reader)
        command = common.command
        model = common.model
        variables = common.variables
        for place in [CommandTemplate.Placeholder.prompt, .promptFile]
        where command.contains(place) {
            reader.mistake(
                "an acp agent is told its prompt in the protocol: the command can't have {\(place.rawValue)}",
                at: reader.location(of: "command"))
        }
        mode = reader.text("mode")
        endsWithInput = reader.boolean("ends_at_eof") ?? true
        counting = reader.choice("usage", Counting.self) ?? .turn
    }

    init(command: CommandTemplate) { self.command = command }
}
