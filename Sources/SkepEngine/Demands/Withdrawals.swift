internal import Logging
internal import SkepCore
internal import SkepQueue

/// Ends what isn't asked for any more: demands whose cause is gone, and the runs they led to.
struct Withdrawals: Sendable {
    let parts: SwarmParts

    /// What there is on the issues of a repository that may be withdrawn.
    struct Candidates {
        var standing: Set<NewTrigger>
        var waiting: [WaitingTrigger]
        var runs: [RunSummary]
        /// Pull requests of agents that wait for people.
        var pullRequests: [PublishedPullRequest]

        func isPublished(_ trigger: NewTrigger) -> Bool {
            pullRequests.contains { $0.issue == trigger.issue && $0.agent == trigger.agent }
        }

        /// Issues about which something is kept.
        var issues: Set<IssueReference> {
            Set(standing.map(\.issue)).union(waiting.map(\.demand.trigger.issue))
                .union(runs.map(\.run.issue))
        }
    }

    func candidates(in repository: RepositoryName) async throws -> Candidates {
        Candidates(
            standing: try await parts.store.standingTriggers(in: repository),
            waiting: try await parts.store.waitingTriggers(on: nil)
                .filter { $0.demand.trigger.issue.repository == repository },
            runs: try await parts.store.runs(
                matching: RunFilter(repository: repository, openOnly: true, limit: 100_000)),
            pullRequests: try await parts.store.pullRequests(
                matching: PullRequestFilter(repository: repository, states: [.open])))
    }

    /// Ends what the tracker's newest word on some issues withdraws.
    ///
    /// - Parameter issues: `nil` for one that is gone: deleted, or moved out of sight.
    func end(_ candidates: Candidates, in issues: [IssueReference: Issue?]) async throws {
        var ended: Set<NewTrigger> = []
        for trigger in candidates.standing {
            guard let known = issues[trigger.issue] else { continue }
            // What is answered with a pull request isn't asked again when a closed issue is
            // reopened; what was stopped by the closing is.
            if let issue = known, issue.isOpen || candidates.isPublished(trigger),
                trigger.cause.stands(on: issue, workflows: parts.workflows)
            {
                continue
            }
            ended.insert(trigger)
        }
        let remaining = candidates.standing.subtracting(ended)
        for summary in candidates.runs {
            let run = summary.run
            guard let known = issues[run.issue] else { continue }
            if let reason = reason(toStop: run, known, remaining) { try await stop(run, reason) }
        }
        for trigger in candidates.waiting where !trigger.demand.trigger.cause.isStanding {
            guard let known = issues[trigger.demand.trigger.issue] else { continue }
            if known == nil {
                try await parts.store.dismiss(
                    trigger.id, because: "the issue is gone", reports: [])
            } else if known?.isOpen == false, trigger.demand.trigger.cause.endsWithIssue {
                try await parts.store.dismiss(
                    trigger.id, because: "the issue was closed", reports: [])
            }
        }
        // Last: should something fail before, what stands is looked at again.
        try await parts.store.endTriggers(ended)
    }

    private func reason(toStop run: Run, _ issue: Issue?, _ remaining: Set<NewTrigger>) -> String? {
        guard let issue else { return "the issue is gone from the tracker" }
        guard issue.isOpen else { return "the issue was closed" }
        guard let cause = TriggerCause(run.cause), let reason = cause.withdrawal,
            !cause.stands(on: issue, workflows: parts.workflows),
            // Somebody else may ask for the same still.
            !remaining.contains(where: { $0.issue == run.issue && $0.agent == run.agent })
        else { return nil }
        return reason
    }

    func stop(_ run: Run, _ reason: String) async throws {
        guard run.cancelReason == nil else { return }
        do {
            _ = try await parts.store.cancel(run.id, reason: reason)
        } catch SwarmError.runClosed, SwarmError.noSuchRun {
            return
        }
        parts.logger.notice(
            "Stopped run",
            metadata: [
                LogKeys.run: "\(run.id)", LogKeys.issue: "\(run.issue)",
                LogKeys.agent: "\(run.agent)", LogKeys.outcome: "\(reason)",
            ])
    }
}
