import SkepCore

/// A request for leave, and the answers to it: options are chosen by their kind, since their ids are
/// the agent's own.
struct ACPPermission: Sendable {
    private let options: [(id: String, kind: String)]
    private let subject: String
    /// `nil`: it doesn't say, or in a word that isn't known, or its call was forgotten since there
    /// were so many.
    private let purpose: ToolCall.Purpose?

    static let cancelled: JSONValue = ["outcome": ["outcome": "cancelled"]]

    init(_ request: ACPRequest, _ updates: ACPUpdates) {
        options = (request.params["options"].list ?? []).compactMap { option in
            option["optionId"].text.map { ($0, option["kind"].text ?? "") }
        }
        let call = request.params["toolCall"]
        let id = call["toolCallId"].text ?? ""
        subject = String((call["title"].text ?? updates.call(id)?.title ?? "a tool").prefix(300))
        purpose = call["kind"].text.map { ToolCall.Purpose(kind: $0) } ?? updates.purpose(of: id)
    }

    func answer(_ policy: PermissionPolicy) -> JSONValue {
        // What nobody knows may be what is refused.
        let isAllowed = purpose.map(policy.allows) ?? policy.refused.isEmpty
        let kinds =
            isAllowed
            ? ["allow_once", "allow_always"] : ["reject_once", "reject_always"]
        for kind in kinds {
            if let option = options.first(where: { $0.kind == kind }) {
                return ["outcome": ["outcome": "selected", "optionId": .text(option.id)]]
            }
        }
        return Self.cancelled
    }

    /// What was answered, by the answer's own words.
    func decision(told result: JSONValue, wasCancelled: Bool) -> PermissionDecision {
        let chosen = result["outcome"]["optionId"].text
        let kind = options.first { $0.id == chosen }?.kind ?? ""
        if kind.hasPrefix("allow") {
            return decision(.allowed, policy)
        } else if kind.hasPrefix("reject") {
            return decision(.refused, policy)
        }
        return decision(
            wasCancelled ? .cancelled : .refused,
            wasCancelled ? "the session was cancelled" : "none of its options says what is wanted")
    }

    private var policy: String { "policy: \(purpose?.rawValue ?? "its kind isn't known")" }

    private func decision(
        _ answer: PermissionDecision.Answer, _ reason: String
    ) -> PermissionDecision {
        PermissionDecision(
            subject: subject, purpose: purpose ?? .other, answer: answer, reason: reason)
    }
}

extension ToolCall.Purpose {
    /// The protocol's kinds are ours, but for one; `nil` for a word that is none of them.
    init?(kind: String) { self.init(rawValue: kind == "switch_mode" ? "think" : kind) }
}
