import SkepCore

/// Counts what an agent asks leave for and doesn't get. One that never lets it be is stopped.
struct Refusals: Sendable {
    /// As often the same thing may be asked for in vain.
    static let patience = 50
    /// As often anything may.
    static let mostInAll = 1000

    private var counts: [String: Int] = [:]
    private var all = 0
    private(set) var areTooMany = false

    /// Tells the decision, and once what comes of too many.
    mutating func events(_ decision: PermissionDecision) -> [SessionEvent.Kind] {
        guard decision.answer == .refused, !areTooMany else { return [.permission(decision)] }
        let thing = "\(decision.purpose): \(decision.subject)"
        all += 1
        counts[thing, default: 0] += 1
        let times = counts[thing, default: 0]
        areTooMany = times > Self.patience || all > Self.mostInAll
        guard areTooMany else { return [.permission(decision)] }
        let words =
            times > Self.patience
            ? "\(times) times for leave that it doesn't get"
            : "\(all) times for leave that it doesn't get, and then again"
        return [
            .permission(decision),
            .problem(
                AgentTrouble(
                    text: "It asked \(words): \(thing)",
                    code: FailureType.policyViolation.rawValue, isFatal: true)),
        ]
    }
}
