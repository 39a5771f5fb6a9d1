internal import SkepCore
internal import SkepQueue

// Gates of the agent's account with its provider, and of its budgets.
extension GateKeeper {
    func accountGates(_ demand: TriggerDemand, _ snapshot: Snapshot) -> [ShutGate] {
        guard let agent = parts.agents[demand.trigger.agent]?.definition,
            let hold = snapshot.hold(of: agent.provider), hold.until > parts.clock.now
        else { return [] }
        return [
            ShutGate(
                .account,
                what: "\(agent.name) waits: \(hold.words).",
                opens: (hold.type == .authentication ? "once it is logged in again " : "")
                    + "with \(agent.provider.resumeCommand), or when it is tried again",
                at: hold.until)
        ]
    }

    /// Looked at only for agents that have budgets: it costs a query for each.
    func budgetGates(_ demand: TriggerDemand, _ issue: Issue) async throws -> [ShutGate] {
        guard let agent = parts.agents[demand.trigger.agent]?.definition else { return [] }
        return try await parts.budgets(of: agent, on: issue.reference, in: nil)
            .filter { $0.share() >= 1 }
            .map { scope in
                ShutGate(
                    .budget, what: "\(agent.name) has used up \(scope.words).",
                    opens: scope.renewsAt == nil
                        ? "when \"budgets.\(scope.kind.rawValue)\" of its file is raised"
                        : "when the day is over", at: scope.renewsAt)
            }
    }
}
