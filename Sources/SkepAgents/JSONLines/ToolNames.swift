import SkepCore

/// What tools are for, by the words that their names are made of.
enum ToolNames {
    private static let words: [(word: String, purpose: ToolCall.Purpose)] = [
        ("search", .search), ("grep", .search), ("glob", .search), ("find", .search),
        ("write", .edit), ("edit", .edit), ("replace", .edit), ("patch", .edit), ("create", .edit),
        ("delete", .delete), ("remove", .delete), ("rename", .move), ("move", .move),
        ("read", .read), ("list", .read), ("ls", .read), ("view", .read), ("cat", .read),
        ("fetch", .fetch), ("browse", .fetch), ("bash", .execute), ("shell", .execute),
        ("exec", .execute), ("terminal", .execute), ("command", .execute), ("run", .execute),
        ("think", .think), ("plan", .think), ("todo", .think),
    ]

    static func purpose(of tool: String) -> ToolCall.Purpose {
        let name = tool.lowercased()
        return words.first { name.contains($0.word) }?.purpose ?? .other
    }
}
