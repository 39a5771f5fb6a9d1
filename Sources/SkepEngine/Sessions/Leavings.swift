internal import SkepCore

/// What a session left that is over: its end, and its document without the agent's secrets.
struct Leavings: Sendable {
    let result: SessionResult
    let document: OutputDocument
    let screen: SecretScreen
}

extension StepContext {
    /// What has to be kept out of the words that the step's agent left: its own secrets, and the
    /// values that it got with the repository's set-up.
    func secretScreen() async throws -> SecretScreen {
        let others = try await SetUp(self)?.secrets() ?? [:]
        return try await agent.secretScreen(with: Array(others.values))
    }

    /// That commits hold a secret of the agent's own, and where; `nil`: they don't.
    ///
    /// Values of the set-up aren't looked for: many are words that stand in any code.
    func leak(from base: CommitID, to head: CommitID) async throws -> AgentFailure? {
        let screen = try await agent.secretScreen(with: [])
        let places = try await parts.workspaces.leaks(
            of: screen, from: base, to: head, in: run.issue.repository)
        guard !places.isEmpty else { return nil }
        var words = places.prefix(10).joined(separator: ", ")
        if places.count > 10 { words += " and \(places.count - 10) more places" }
        return AgentFailure(
            type: .policyViolation,
            message: "Its commits hold a secret, and so they aren't pushed: \(words)",
            evidence: [
                FailureEvidence(
                    rule: "secrets/commits@1", source: "commits", text: String(words.prefix(300)))
            ])
    }
}
