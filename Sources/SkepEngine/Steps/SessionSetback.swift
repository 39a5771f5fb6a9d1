internal import SkepCore
internal import SkepQueue

extension SessionResult {
    /// What a session that didn't come to its own good end means for its step; `nil` when it did.
    var setback: StepOutcome.Way? { failure.map(StepOutcome.Way.init) }
}

extension StepOutcome.Way {
    /// The type of a failure decides what comes next.
    init(_ failure: AgentFailure) {
        switch failure.type.remedy {
        case .retry: self = .retry(Failure(failure))
        case .parkAccount: self = .park(failure)
        case .wait: self = .wait(failure)
        // Tomorrow there is more of a day's budget.
        case .giveUp where failure.type == .budget && failure.resetsAt != nil: self = .wait(failure)
        case .giveUp: self = .giveUp(failure)
        }
    }
}

extension Failure {
    init(_ failure: AgentFailure) {
        self.init(kind: failure.type.rawValue, message: failure.sentence)
    }
}

extension SessionClosing {
    /// - Parameter usage: With its cost.
    init(_ id: SessionID, _ result: SessionResult, usage: Usage?) {
        self.init(
            id: id, ending: "\(result.ending)", endedAt: result.endedAt,
            outputBytes: result.outputBytes,
            facts: SessionFacts(
                vendorSession: result.start?.vendorSession, model: result.start?.model,
                usage: usage, failure: result.failure, sandbox: result.sandbox))
    }
}

extension AccountVerdict {
    /// What a session's end shows of its account; `nil`: nothing.
    init?(_ result: SessionResult, of account: ProviderAccount) {
        guard let failure = result.failure else {
            self = .works(account)
            return
        }
        guard failure.type.remedy == .parkAccount else { return nil }
        self = .fails(account, failure)
    }
}

extension StepJob {
    /// The session that the next one goes on with, or the open one, in its workspace: of an agent
    /// that has a name for it, and ended in a way that leaves it worth going on with.
    ///
    /// - Parameter keepsWork: Whether what it left there counts: then one that was stopped is gone on
    ///   with by its working tree alone.
    func resumable(keepsWork: Bool) -> SessionRecord? {
        guard let lastSession, let path = lastSession.workspacePath,
            (openSession?.workspacePath ?? path) == path
        else { return nil }
        let failure = lastSession.facts.failure?.type
        guard lastSession.facts.vendorSession != nil || (keepsWork && failure == .stopped) else {
            return nil
        }
        return switch failure?.remedy {
        case .retry(resumes: true), .parkAccount, .wait: lastSession
        case .retry(resumes: false), .giveUp, nil: nil
        }
    }
}
