internal import Foundation
public import SkepCore
internal import SkepHTTP
internal import SkepQueue

extension GiteaTracker {
    /// Merges what was tested: the head is sent along, and a branch that moved on isn't merged.
    ///
    /// Gitea finds out whether there are conflicts some time after a push. Until then it refuses
    /// (405), so a pull request that "can't be merged" is waited for as `GiteaRetries` allows.
    ///
    /// - Throws: `GiteaError.prevented`, with what stands in the way.
    public func merge(
        _ pullRequest: IssueReference, head: CommitID, style: MergeStyle
    ) async throws {
        let subject = "pull request \(pullRequest)"
        let call = try GiteaCall.write(
            .post, pullRequest.pullPath + ["merge"],
            GiteaMerge(style: style.rawValue, head: head.rawValue), subject: subject,
            isRepeatable: false)
        let start = api.clock.uptime
        var failed = 0
        while true {
            let now = try await pull(pullRequest)
            if try isMerged(now, at: head, subject) { return }
            do {
                _ = try await writeOnce(call, as: GiteaNothing.self) {
                    try await self.pull(pullRequest).isMerged ? () : nil
                }
                return
            } catch let error as GiteaError {
                guard let refusal = MergeRefusal(error) else { throw error }
                let after = try await pull(pullRequest)
                if try isMerged(after, at: head, subject) { return }
                failed += 1
                let isBeingChecked = now.isMergeable == false || after.isMergeable == false
                // Once more in any case: the check may have ended between the refusal and the look.
                let isWorthAnother = failed == 1 || isBeingChecked && failed < api.retries.tries
                guard refusal == .notNow, isWorthAnother else {
                    throw prevented(refusal, subject, error)
                }
                do {
                    try await api.wait(after: failed, error, since: start, call)
                } catch is GiteaError {
                    throw prevented(refusal, subject, error)
                }
            }
        }
    }

    /// - Throws: What stands in the way and is seen from the pull request alone.
    private func isMerged(_ pull: GiteaPull, at head: CommitID, _ subject: String) throws -> Bool {
        if let actual = pull.head.commit, actual != head {
            throw GiteaError.prevented(
                subject: subject, .headMoved(from: head.short, to: actual.short), message: "")
        }
        if pull.isMerged { return true }
        guard pull.isOpen else {
            throw GiteaError.prevented(subject: subject, .closed, message: "")
        }
        return false
    }

    private func prevented(
        _ refusal: MergeRefusal, _ subject: String, _ error: GiteaError
    ) -> GiteaError {
        let obstacle: GiteaError.Obstacle = refusal == .conflict ? .conflicts : .notMergeable
        return .prevented(subject: subject, obstacle, message: error.message)
    }
}

/// What the tracker means by refusing to merge.
private enum MergeRefusal {
    /// 405: not now, or not so.
    case notNow
    /// 412: not in that state.
    case notSo
    /// 409: the branches don't go together.
    case conflict

    init?(_ error: GiteaError) {
        switch error {
        case .invalid(_, 405, _): self = .notNow
        case .invalid(_, 412, _), .notFound: self = .notSo
        case .conflict: self = .conflict
        default: return nil
        }
    }
}

extension GiteaError {
    /// What the tracker said.
    fileprivate var message: String {
        switch self {
        case .invalid(_, _, let message), .conflict(_, let message): message
        default: ""
        }
    }
}
