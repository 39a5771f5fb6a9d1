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
        return try await screen(with: Array(others.values))
    }

    private func screen(with others: [String]) async throws -> SecretScreen {
        do {
            return try await agent.secretScreen(with: others)
        } catch let error as any SkepError {
            throw SecretsOutOfReach(error)
        }
    }

    /// That commits hold a secret that the run was given, the agent's own or one of the set-up, and
    /// where; `nil`: they don't.
    ///
    /// Values of the set-up that the repository holds already are none, whatever their file says:
    /// "localhost", "development".
    func leak(from base: CommitID, to head: CommitID) async throws -> AgentFailure? {
        func search(besides known: Set<String>) async throws -> [String] {
            let screen = try await screen(with: given.subtracting(known).sorted())
            return try await parts.workspaces.leaks(
                of: screen, from: base, to: head, in: run.issue.repository)
        }
        let given = Set(try await (SetUp(self)?.secrets() ?? [:]).values)
        var places = try await search(besides: [])
        if !places.isEmpty, !given.isEmpty {
            // Reads the whole repository, so only now.
            places = try await search(
                besides: try await parts.workspaces.texts(
                    given, heldBy: base, in: run.issue.repository))
        }
        guard !places.isEmpty else { return nil }
        var words = places.prefix(10).joined(separator: ", ")
        if places.count > 10 { words += " and \(places.count - 10) more places" }
        return AgentFailure(
            type: .policyViolation,
            message: "its commits hold a secret, and so they aren't pushed: \(words)",
            evidence: [
                FailureEvidence(
                    rule: "secrets/commits@1", source: "commits", text: String(words.prefix(300)))
            ])
    }
}

/// What an agent has left can't be looked through for its secrets, which it had when it was started: a
/// password manager is locked by now, say. The work waits for them.
struct SecretsOutOfReach: SkepError {
    let reason: any SkepError

    init(_ reason: any SkepError) { self.reason = reason }

    var kind: ErrorKind { .unavailable }
    var what: String { "The work is kept, but can't be searched for secrets yet: \(reason.what)" }
    var why: String? { reason.why }
    var advice: String? { reason.advice }
}
