import SkepCore
import SkepWire

extension ClaudeDialogue {
    /// What one line of its output says.
    mutating func take(line: [UInt8], at moment: Moment) -> [SessionEvent.Kind] {
        guard !line.isEmpty else { return [] }
        guard let value = JSONValue(decoding: line), let type = value["type"].text else {
            return .foreign(line)
        }
        switch type {
        case "system": return take(system: value)
        case "assistant": return take(assistant: value, at: moment)
        case "user": return take(user: value, at: moment)
        case "stream_event": return take(piece: value)
        case "result": return take(result: value)
        case "rate_limit_event": return take(rateLimit: value["rate_limit_info"])
        case "control_request": return take(request: value)
        case "control_cancel_request": return take(cancelled: value["request_id"].text ?? "")
        // Nothing that needs to be told.
        case "control_response", "keep_alive", "tool_progress", "tool_use_summary", "auth_status",
            "prompt_suggestion", "conversation_reset":
            return []
        default: return .foreign(line)
        }
    }

    private mutating func take(system value: JSONValue) -> [SessionEvent.Kind] {
        switch value["subtype"].text {
        case "init":
            let session = value["session_id"].text
            let start = SessionStart(
                vendorSession: session, model: value["model"].text,
                version: value["claude_code_version"].text,
                isResumed: session != nil && session == brief?.resumes)
            // It comes again with each turn.
            guard start != self.start else { return [] }
            self.start = start
            return [.began(start)]
        case "api_retry":
            let status = value["error_status"].integer
            let words = [status.map { "HTTP \($0)" }, value["error"].text]
            return [
                .waiting(
                    AgentWait(
                        type: Self.type(ofStatus: status),
                        text: words.compactMap { $0 }.joined(separator: ": "),
                        length: .milliseconds(value["retry_delay_ms"].count)))
            ]
        case "compact_boundary": return [.note("Its conversation was made shorter.")]
        // Hooks, tasks and states of its own.
        default: return []
        }
    }

    /// What a refused request means. https://docs.claude.com/en/api/errors
    private static func type(ofStatus status: Int64?) -> FailureType {
        switch status {
        case nil: .network
        case 401, 403: .authentication
        case 402: .quota
        case 429: .rateLimit
        default: .overload
        }
    }

    private mutating func take(
        assistant value: JSONValue, at moment: Moment
    ) -> [SessionEvent.Kind] {
        let message = value["message"]
        let id = message["id"].text ?? value["uuid"].text ?? ""
        var events: [SessionEvent.Kind] = []
        for block in message["content"].list ?? [] {
            switch block["type"].text {
            case "text": events += told(block["text"].text ?? "", id: id, in: value)
            case "thinking":
                let piece = MessagePiece(id: id + "/thinking", text: block["thinking"].text ?? "")
                events.append(.reasoning(piece))
            case "tool_use", "server_tool_use", "mcp_tool_use": events += begun(block, at: moment)
            case "web_search_tool_result", "web_fetch_tool_result", "mcp_tool_result":
                events += ended(block, result: nil, at: moment)
            default: break
            }
        }
        return events + used(message["usage"], of: message["id"].text)
    }

    private mutating func told(
        _ text: String, id: String, in value: JSONValue
    ) -> [SessionEvent.Kind] {
        if let error = value["error"].text {
            let code = value["api_error_status"].integer.map(String.init) ?? error
            return [.problem(AgentTrouble(text: text, code: code))]
        }
        // What a helper of its own says to it.
        if value["parent_tool_use_id"].text != nil {
            return [.reasoning(MessagePiece(id: id, text: text))]
        }
        guard pieces == id else { return [.message(MessagePiece(id: id, text: text))] }
        return [.message(MessagePiece(id: id, text: ""))]
    }

    /// A piece of a message that comes whole later.
    private mutating func take(piece value: JSONValue) -> [SessionEvent.Kind] {
        let event = value["event"]
        switch event["type"].text {
        case "message_start": pieces = event["message"]["id"].text
        case "content_block_delta" where event["delta"]["type"].text == "text_delta":
            guard let id = pieces, let text = event["delta"]["text"].text else { return [] }
            return [.message(MessagePiece(id: id, text: text, isPartial: true))]
        case "message_delta":
            return used(event["usage"], of: value["api_message_id"].text ?? pieces)
        default: break
        }
        return []
    }

    private mutating func used(_ figures: JSONValue?, of answer: String?) -> [SessionEvent.Kind] {
        usage.take(figures, of: answer) ? [.usage(usage.sum)] : []
    }

    private mutating func begun(_ block: JSONValue, at moment: Moment) -> [SessionEvent.Kind] {
        guard let id = block["id"].text, let name = block["name"].text else { return [] }
        let input = block["input"]
        let purpose = ClaudeTool.purpose(of: name)
        let call = ToolCall(
            id: id, title: name, purpose: purpose, input: ClaudeTool.input(input))
        if purpose == .edit, edits.count < 1000 { edits[id] = (name, input ?? .null) }
        let told = SessionEvent.Kind.tool(tools.begin(call, at: moment))
        guard let plan = ClaudeTool.plan(input), name == "TodoWrite" else { return [told] }
        return [told, .plan(plan)]
    }

    private mutating func take(user value: JSONValue, at moment: Moment) -> [SessionEvent.Kind] {
        var events: [SessionEvent.Kind] = []
        for block in value["message"]["content"].list ?? []
        where block["type"].text == "tool_result" {
            events += ended(block, result: value["tool_use_result"], at: moment)
        }
        return events
    }

    private mutating func ended(
        _ block: JSONValue, result: JSONValue?, at moment: Moment
    ) -> [SessionEvent.Kind] {
        guard let id = block["tool_use_id"].text else { return [] }
        let hasFailed = block["is_error"].bool ?? false
        let call = tools.end(id, at: moment) { call in
            call.output = ClaudeTool.output(block["content"])
            if hasFailed { call.status = .failed }
        }
        guard let edit = edits.removeValue(forKey: id), !hasFailed,
            let change = ClaudeTool.change(edit.tool, input: edit.input, result: result)
        else { return [.tool(call)] }
        return [.tool(call), .change(change)]
    }
}
