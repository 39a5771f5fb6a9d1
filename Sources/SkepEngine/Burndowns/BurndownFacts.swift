internal import Logging
internal import SkepCore
internal import SkepQueue

/// Gathers what the report of a burn-down tells.
struct BurndownFacts: Sendable {
    let parts: SwarmParts

    /// What the tracker can't be asked is told as it was seen last.
    func report(on progress: BurndownProgress, _ time: LocalTime) async throws -> BurndownReport {
        let burndown = progress.burndown
        let now = parts.clock.now
        var entries: [BurndownReport.Entry] = []
        for item in progress.items {
            entries.append(try await entry(item, progress.questions))
        }
        let window = BurndownReport.Window(
            day: time.day(burndown.startedAt), from: time.minute(burndown.startedAt),
            to: time.minute(now), timeZone: time.identifier, length: now - burndown.startedAt)
        return BurndownReport(burndown, window: window, entries: entries)
    }

    private func entry(_ item: BurndownItem, _ questions: [RunID: Question]) async throws
        -> BurndownReport.Entry
    {
        var entry = BurndownReport.Entry(item)
        guard let id = item.run, let summary = try await parts.store.run(id) else { return entry }
        let history = try await parts.store.history(of: id)
        entry.run = summary
        entry.sessionTime = history.sessions.length(until: parts.clock.now)
        entry.question = questions[id]
        guard summary.state == .published, let link = summary.run.pullRequest else { return entry }

        entry.checks = Self.newest(history.checks, at: summary.run.head)
        let place = IssueReference(repository: item.issue.repository, number: link.number)
        entry.pullRequest = try await parts.store.pullRequests(
            matching: PullRequestFilter(reference: place, limit: 1)
        ).first
        if let seen = try await look(at: place) {
            entry.reviewers = seen.requestedReviewers
            entry.pullRequest?.isMergeable = seen.isMergeable
            entry.pullRequest?.state = seen.isMerged ? .merged : seen.isOpen ? .open : .closed
        }
        return entry
    }

    private func look(at pullRequest: IssueReference) async throws -> PullRequest? {
        do {
            return try await parts.tracker.pullRequest(pullRequest)
        } catch let error as any SkepError {
            parts.logger.warning(
                "Can't look at pull request",
                metadata: [LogKeys.issue: "\(pullRequest)", LogKeys.error: "\(error)"])
            return nil
        }
    }

    private static func newest(_ checks: [CheckResult], at head: CommitID?) -> [CheckResult] {
        let own = checks.filter { $0.commit == head }
        return own.map(\.command).removingRepeats().compactMap { command in
            own.last { $0.command == command }
        }
    }
}
