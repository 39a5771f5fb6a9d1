import SkepCore

/// Drives any program that takes a prompt and works until it ends; what it prints is text.
struct CommandAdapter: AgentAdapter {
    static let name = "command"

    let options: CommandOptions

    var program: String { options.command.filled([:]).first ?? "" }

    /// A shell, an interpreter, a script: who knows what that would take the question for.
    var hasVersion: Bool { false }

    var tellsUsage: Bool { false }

    var commandFiles: [String] { options.command.files }

    func launch(_ brief: Brief) -> Launch {
        let places = brief.places
        let words = options.command.filled([
            .prompt: brief.prompt, .promptFile: places.promptFile, .issueFile: places.issueFile,
            .workspace: places.workspace, .output: places.output, .home: places.home,
            .model: options.model ?? "",
        ])
        return Launch(
            arguments: Array(words.dropFirst()), variables: options.variables,
            input: options.command.namesPrompt ? .nothing : .prompt)
    }

    func dialogue(_ brief: Brief?) -> any Dialogue { PlainText() }
}

extension CommandTemplate {
    /// Whether the prompt gets to the program by its arguments, and not by its standard input.
    var namesPrompt: Bool {
        contains(.prompt) || contains(.promptFile) || contains(.issueFile)
    }
}

/// A program without a protocol: its output is its words.
struct PlainText: Dialogue {
    var framing: Framing { .bytes }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        guard case .output(let bytes) = entry.kind else { return [] }
        return [.output(bytes)]
    }
}
