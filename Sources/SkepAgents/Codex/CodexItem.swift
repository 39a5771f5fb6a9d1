import SkepCore

/// The items of Codex's events that are work done.
/// https://github.com/openai/codex/blob/main/codex-rs/exec/src/exec_events.rs
enum CodexItem {
    static func call(_ item: JSONValue, id: String) -> ToolCall? {
        var call: ToolCall
        switch item["type"].text {
        case "command_execution":
            call = ToolCall(
                id: id, title: "shell", purpose: .execute, input: item["command"].text ?? "",
                output: item["aggregated_output"].text ?? "")
        case "file_change":
            call = ToolCall(
                id: id, title: "apply_patch", purpose: .edit,
                input: (item["changes"].list ?? []).compactMap { $0["path"].text }
                    .joined(separator: "\n"))
        case "mcp_tool_call":
            let name = [item["server"].text, item["tool"].text].compactMap { $0 }
            call = ToolCall(
                id: id, title: name.joined(separator: "."),
                input: item["arguments"].map(\.line) ?? "",
                output: item["error"]["message"].text
                    ?? ClaudeTool.output(item["result"]["content"]))
        case "web_search":
            call = ToolCall(
                id: id, title: "web_search", purpose: .search, input: item["query"].text ?? "")
        default: return nil
        }
        call.input = ToolText.cutAtEnd(call.input)
        call.output = ToolText.cutInMiddle(call.output)
        switch item["status"].text {
        case "in_progress": call.status = .running
        case "failed", "declined": call.status = .failed
        default: call.status = .completed
        }
        return call
    }

    static func changes(_ item: JSONValue) -> [FileChange] {
        guard item["type"].text == "file_change", item["status"].text != "failed" else { return [] }
        return (item["changes"].list ?? []).compactMap { change in
            guard let path = change["path"].text else { return nil }
            switch change["kind"].text {
            case "add": return FileChange(path: path, kind: .added)
            case "delete": return FileChange(path: path, kind: .deleted)
            default: return FileChange(path: path, kind: .modified)
            }
        }
    }

    static func plan(_ item: JSONValue) -> [PlanEntry] {
        (item["items"].list ?? []).compactMap { entry in
            guard let text = entry["text"].text else { return nil }
            return PlanEntry(
                text: text, status: entry["completed"].bool == true ? .completed : .pending)
        }
    }
}
