import SkepCore
import SkepQueue

extension ClaudeDialogue {
    /// The end of a turn.
    mutating func take(result value: JSONValue) -> [SessionEvent.Kind] {
        endTurn()
        usage.take(result: value)
        var events: [SessionEvent.Kind] = [.usage(usage.sum)]
        for denial in value["permission_denials"].list ?? [] {
            guard let id = denial["tool_use_id"].text, !refused.contains(id) else { continue }
            let tool = denial["tool_name"].text ?? ""
            events.append(
                .permission(
                    PermissionDecision(
                        subject: tool, purpose: ClaudeTool.purpose(of: tool), answer: .refused,
                        reason: "its own rules")))
        }
        let end = end(of: value)
        if end != .done, end != .cancelled { events.append(.problem(Self.trouble(of: value))) }
        return events + [.turnEnded(end)]
    }

    private func end(of value: JSONValue) -> TurnEnd {
        switch value["subtype"].text {
        case "success" where value["stop_reason"].text == "refusal": .refused
        case "success" where value["is_error"].bool == true: .failed
        case "success": .done
        case "error_max_turns", "error_max_budget_usd": .limit
        case "error_during_execution"
        where wasCancelled || value["terminal_reason"].text?.hasPrefix("aborted") == true:
            .cancelled
        default: .failed
        }
    }

    private static func trouble(of value: JSONValue) -> AgentTrouble {
        let errors = value["errors"].list?.compactMap(\.text).joined(separator: "\n") ?? ""
        let result = value["result"].text ?? ""
        let subtype = value["subtype"].text ?? "error"
        let text = !errors.isEmpty ? errors : !result.isEmpty ? result : subtype
        if text.hasPrefix("No conversation found with session ID") {
            return AgentTrouble(text: text, code: AgentTrouble.resumeFailed, isFatal: true)
        }
        let code = value["api_error_status"].integer.map(String.init)
        return AgentTrouble(
            text: text, code: code ?? (subtype == "success" ? nil : subtype), isFatal: true)
    }

    /// Of a subscription's windows.
    func take(rateLimit info: JSONValue?) -> [SessionEvent.Kind] {
        let window = info["rateLimitType"].text ?? "usage"
        let reset = info["resetsAt"].integer
        switch info["status"].text {
        case "rejected":
            // The form that its older versions print, which says when there is more.
            let text = "Claude AI usage limit reached (\(window))" + (reset.map { "|\($0)" } ?? "")
            return [.problem(AgentTrouble(text: text, code: "usage_limit"))]
        case "allowed_warning":
            return [.note("Its \(window) limit is nearly reached.")]
        default: return []
        }
    }

    /// It asks leave, or a person.
    mutating func take(request value: JSONValue) -> [SessionEvent.Kind] {
        guard let id = value["request_id"].text else { return [] }
        let request = value["request"]
        guard request["subtype"].text == "can_use_tool", let tool = request["tool_name"].text else {
            refuse(id, "\(request["subtype"].text ?? "This") isn't offered here.")
            return []
        }
        if tool == ClaudeTool.question {
            deny(
                id, request,
                "The question is being put to a person. End your turn now; you will be"
                    + " told the answer when there is one.")
            return [.question(ClaudeTool.questions(request["input"]))]
        }
        let purpose = ClaudeTool.purpose(of: tool)
        func decision(
            _ answer: PermissionDecision.Answer, _ reason: String? = nil
        ) -> PermissionDecision {
            PermissionDecision(
                subject: tool, purpose: purpose, answer: answer,
                reason: reason ?? "policy: \(purpose.rawValue)")
        }
        if wasCancelled {
            let reason = "the session was cancelled"
            deny(id, request, "No: \(reason).")
            return [.permission(decision(.cancelled, reason))]
        }
        guard permissions.allows(purpose) else {
            deny(id, request, "Not allowed here (\(purpose.rawValue)). Find another way.")
            return refusals.events(decision(.refused))
        }
        let input = request["input"] ?? .object([:])
        // A secret stood in it, which the log doesn't have: it may do what it asked leave for, but
        // isn't told another thing to do. Without `updatedInput` its own input stands.
        answer(
            id,
            input.holdsMark
                ? ["behavior": "allow"] : ["behavior": "allow", "updatedInput": input])
        return [.permission(decision(.allowed))]
    }

    private mutating func deny(_ id: String, _ request: JSONValue?, _ message: String) {
        if let call = request["tool_use_id"].text, refused.count < 1000 { refused.insert(call) }
        answer(id, ["behavior": "deny", "message": .text(message)])
    }

    /// It no longer wants to know.
    mutating func take(cancelled request: String) -> [SessionEvent.Kind] {
        guard withdraw(request) else { return [] }
        return [
            .permission(
                PermissionDecision(
                    subject: "request \(request)", purpose: .other, answer: .cancelled,
                    reason: "the agent took it back"))
        ]
    }
}

extension AgentTrouble {
    /// The code of a session that couldn't be gone on with, whatever the agent calls it.
    static let resumeFailed = "resume_failed"
}
