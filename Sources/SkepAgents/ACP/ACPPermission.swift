import SkepCore

/// A request for leave, and the answers to it: options are chosen by their kind, since their ids are
/// the agent's own.
struct ACPPermission: Sendable {
    private let options: [(id: String, kind: String)]
    private let subject: String
    private let purpose: ToolCall.Purpose

    static let cancelled: JSONValue = ["outcome": ["outcome": "cancelled"]]

    init(_ request: ACPRequest, _ updates: ACPUpdates) {
        options = (request.params["options"].list ?? []).compactMap { option in
            option["optionId"].text.map { ($0, option["kind"].text ?? "") }
        }
        let call = request.params["toolCall"]
        let known = call["toolCallId"].text.flatMap { updates.call($0) }
        subject = String((call["title"].text ?? known?.title ?? "a tool").prefix(300))
        purpose = call["kind"].text.map(ToolCall.Purpose.init(kind:)) ?? known?.purpose ?? .other
    }

    func answer(_ policy: PermissionPolicy) -> JSONValue {
        let kinds =
            policy.allows(purpose)
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
            return decision(.allowed, "policy: \(purpose.rawValue)")
        } else if kind.hasPrefix("reject") {
            return decision(.refused, "policy: \(purpose.rawValue)")
        }
        return decision(
            wasCancelled ? .cancelled : .refused,
            wasCancelled ? "the session was cancelled" : "none of its options says what is wanted")
    }

    private func decision(
        _ answer: PermissionDecision.Answer, _ reason: String
    ) -> PermissionDecision {
        PermissionDecision(subject: subject, purpose: purpose, answer: answer, reason: reason)
    }
}

extension ToolCall.Purpose {
    /// The protocol's kinds are ours, but for those we have no word for.
    init(kind: String) { self = Self(rawValue: kind) ?? .other }
}
