import SkepCore

/// What Claude Code's tools are for. https://code.claude.com/docs/en/tools-reference
enum ClaudeTool {
    /// The tool by which it asks a person.
    static let question = "AskUserQuestion"

    private static let purposes: [String: ToolCall.Purpose] = [
        "Read": .read, "NotebookRead": .read, "LS": .read, "ReadMcpResource": .read,
        "Write": .edit, "Edit": .edit, "MultiEdit": .edit, "NotebookEdit": .edit,
        "Glob": .search, "Grep": .search, "WebSearch": .search, "ToolSearch": .search,
        "Bash": .execute, "PowerShell": .execute, "Monitor": .execute,
        "WebFetch": .fetch, "TodoWrite": .think, "ExitPlanMode": .think, "Task": .think,
        "Agent": .think,
    ]

    static func purpose(of tool: String) -> ToolCall.Purpose { purposes[tool] ?? .other }

    static func names(of refused: Set<ToolCall.Purpose>) -> [String] {
        purposes.filter { refused.contains($0.value) }.map(\.key).sorted()
    }

    /// The command line, the path, or all of it.
    static func input(_ input: JSONValue?) -> String {
        let text =
            input["command"].text ?? input["file_path"].text ?? input["notebook_path"].text
            ?? input["url"].text ?? input.map(\.line) ?? ""
        return ToolText.cutAtEnd(text)
    }

    /// The file it changed, when it did what it says.
    static func change(_ tool: String, input: JSONValue?, result: JSONValue?) -> FileChange? {
        guard purpose(of: tool) == .edit,
            let path = input["file_path"].text ?? input["notebook_path"].text
        else { return nil }
        return FileChange(path: path, kind: result["type"].text == "create" ? .added : .modified)
    }

    /// Text, or a list of blocks of which some are text.
    static func output(_ content: JSONValue?) -> String {
        let text =
            content.text ?? content.list?.compactMap { $0["text"].text }.joined(separator: "\n")
            ?? ""
        return ToolText.cutInMiddle(text)
    }

    static func plan(_ input: JSONValue?) -> [PlanEntry]? {
        input["todos"].list?.compactMap { todo in
            guard let text = todo["content"].text else { return nil }
            let status = todo["status"].text.flatMap(PlanEntry.Status.init(rawValue:))
            return PlanEntry(text: text, status: status ?? .pending)
        }
    }

    /// The questions and what may be answered, as a person reads them.
    static func questions(_ input: JSONValue?) -> String {
        (input["questions"].list ?? []).map { question in
            let options = (question["options"].list ?? []).compactMap { option -> String? in
                guard let label = option["label"].text else { return nil }
                return option["description"].text.map { "- \(label): \($0)" } ?? "- \(label)"
            }
            return ([question["question"].text ?? ""] + options).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}
