internal import Logging
internal import SkepCore
internal import SkepQueue

/// Looks at open pull requests of runs: writes down what the tracker shows, sends back what was
/// said, and clears away what a merge leaves behind.
struct PullRequestWatch: Sendable {
    let parts: SwarmParts
    let answers: TrackerAnswers

    /// - Returns: Whether it should be looked at again soon.
    func look(at known: PublishedPullRequest) async throws -> Bool {
        let shown: PullRequest
        do {
            shown = try await parts.tracker.pullRequest(known.reference)
        } catch let error as any SkepError where error.kind == .conflict {
            // Deleted; where nothing of the repository can be seen, it may come back with it.
            guard try await parts.canRead(known.reference.repository) else { throw error }
            try await settle(known, as: .closed, because: "the pull request is gone")
            return false
        }
        if shown.isMerged {
            try await clearAway(after: known)
            try await settle(known, as: .merged, because: "the pull request was merged")
            return false
        }
        guard shown.isOpen else {
            try await settle(known, as: .closed, because: "the pull request was closed")
            return false
        }

        let all = try await everything(about: shown, known)
        var seen = known
        seen.head = shown.headCommit ?? known.head
        seen.isMergeable = shown.isMergeable
        seen.verdict = Self.verdict(of: all.reviews)
        seen.checks = Self.summary(of: all.statuses)
        seen.state = .open
        try await note(seen, instead: known)

        try await sendBack(seen, all)
        return shown.isMergeable == false && !all.wasUnmergeable
    }

    /// What was said of a pull request that went back to its agent as often as it may, and the agent
    /// hasn't been told: for when a person has it go on. `nil` where there is nothing of that.
    func unsaid(of known: PublishedPullRequest) async throws -> String? {
        do {
            let shown = try await parts.tracker.pullRequest(known.reference)
            guard shown.isOpen,
                let said = try await said(of: known, try await everything(about: shown, known)),
                said.earlier.count >= said.settings.rounds, !said.feedback.isEmpty
            else { return nil }
            return said.feedback.text(
                pullRequest: known.reference.number, head: shown.headCommit)
        } catch let error as any SkepError where error.kind == .conflict {
            // It was deleted.
            return nil
        }
    }

    // MARK: What is shown

    private func everything(about shown: PullRequest, _ known: PublishedPullRequest) async throws
        -> FeedbackReader.Shown
    {
        FeedbackReader.Shown(
            pullRequest: shown, reviews: try await parts.tracker.reviews(of: known.reference),
            statuses: try await (shown.headCommit ?? known.head).asyncMap {
                try await parts.tracker.statuses(at: $0, in: known.reference.repository)
            } ?? [],
            wasUnmergeable: known.isMergeable == false && known.head == shown.headCommit)
    }

    private func note(_ seen: PublishedPullRequest, instead known: PublishedPullRequest)
        async throws
    {
        guard seen != known else { return }
        var noted = seen
        noted.seenAt = parts.clock.now
        try await parts.store.note(noted)
    }

    /// The newest word of each person counts; who asks for changes outweighs who approves.
    static func verdict(of reviews: [Review]) -> Verdict? {
        var newest: [LoginName: Verdict] = [:]
        for review in reviews where !review.isDismissed && !CommentMarker.isInAny(review.body) {
            // Who only says something hasn't changed their mind.
            if review.verdict == .commented, newest[review.author] != nil { continue }
            newest[review.author] = review.verdict
        }
        return [.changesRequested, .approved, .commented].first(where: newest.values.contains)
    }

    static func summary(of statuses: [CommitStatus]) -> CommitStatus.State? {
        let states = Set(statuses.filter { !$0.context.hasPrefix("skep/") }.map(\.state))
        let worst: [CommitStatus.State] = [
            .error, .failure, .pending, .warning, .success, .skipped,
        ]
        return worst.first(where: states.contains)
    }

    // MARK: Sending back

    /// What was said, and what of it went back to the agent before.
    private struct Said {
        let run: Run
        let settings: FeedbackSettings
        let earlier: [FeedbackFingerprint]
        let feedback: Feedback
    }

    /// `nil` where the workflow isn't there any more.
    private func said(of known: PublishedPullRequest, _ shown: FeedbackReader.Shown) async throws
        -> Said?
    {
        guard let run = try await parts.store.run(known.run)?.run,
            let workflow = parts.workflows.first(where: { $0.name == run.workflow })
        else { return nil }
        let runs = try await parts.store.runs(
            matching: RunFilter(issue: known.issue, agent: known.agent, limit: 1000))
        let causes = runs.compactMap { TriggerCause($0.run.cause) }
        let earlier = FeedbackFingerprint.all(of: causes, for: known.reference.number)
        let reader = FeedbackReader(parts: parts, answers: answers, settings: workflow.feedback)
        var feedback = try await reader.read(known, shown, after: earlier)
        if !feedback.comments.isEmpty {
            let answers = try await answers(to: runs)
            feedback.comments.removeAll { comment in
                answers.contains { $0.answer == comment.body && $0.answeredBy == comment.author }
            }
        }
        return Said(
            run: run, settings: workflow.feedback, earlier: earlier, feedback: feedback)
    }

    /// What people answered to questions of an agent, who knows it already.
    private func answers(to runs: [RunSummary]) async throws -> [AnsweredQuestion] {
        var answers: [AnsweredQuestion] = []
        for run in runs { answers += try await parts.store.history(of: run.run.id).questions }
        return answers
    }

    private func sendBack(_ known: PublishedPullRequest, _ shown: FeedbackReader.Shown)
        async throws
    {
        guard let said = try await said(of: known, shown) else { return }
        let (run, settings, earlier, feedback) =
            (said.run, said.settings, said.earlier, said.feedback)
        let number = known.reference.number
        let head = shown.pullRequest.headCommit
        let fingerprint = feedback.fingerprint(at: head, after: earlier).description
        let isWanted = !feedback.isEmpty && earlier.count < settings.rounds
        let isWaiting = try await dismiss(
            known, because: feedback.isEmpty ? "it is no longer so" : "more was said",
            except: isWanted ? fingerprint : nil)
        guard !feedback.isEmpty, !isWaiting else { return }
        guard isWanted else {
            return try await parts.store.report([
                ReportText.roundsUsedUp(known, rounds: earlier.count)
            ])
        }
        let demand = TriggerDemand(
            NewTrigger(
                issue: known.issue, agent: known.agent,
                cause: .feedback(pullRequest: number, fingerprint: fingerprint)),
            workflow: run.workflow, priority: run.priority,
            findings: feedback.text(pullRequest: number, head: head),
            notBefore: parts.clock.now + settings.quiet)
        _ = try await parts.store.record([demand])
    }

    /// Ends what waits to go back to the agent, but for one.
    ///
    /// - Returns: Whether that one waits.
    private func dismiss(
        _ known: PublishedPullRequest, because reason: String, except kept: String? = nil
    ) async throws -> Bool {
        var isWaiting = false
        for trigger in try await parts.store.waitingTriggers(on: known.issue) {
            guard
                case .feedback(known.reference.number, let fingerprint) =
                    trigger.demand.trigger.cause
            else { continue }
            if fingerprint == kept {
                isWaiting = true
            } else {
                try await parts.store.dismiss(trigger.id, because: reason, reports: [])
            }
        }
        return isWaiting
    }

    // MARK: The end of one

    private func settle(
        _ known: PublishedPullRequest, as state: PublishedPullRequest.State, because reason: String
    ) async throws {
        _ = try await dismiss(known, because: reason)
        try await stopMending(known, because: reason)
        var seen = known
        seen.state = state
        try await note(seen, instead: known)
    }

    /// Stops what its agent does about what was said of it, which would open another one.
    private func stopMending(_ known: PublishedPullRequest, because reason: String) async throws {
        let runs = try await parts.store.runs(
            matching: RunFilter(issue: known.issue, agent: known.agent, openOnly: true))
        for summary in runs {
            guard case .feedback(known.reference.number, _)? = TriggerCause(summary.run.cause)
            else { continue }
            try await Withdrawals(parts: parts).stop(summary.run, reason)
        }
    }

    /// What others do for the same issue isn't needed any more.
    private func clearAway(after merged: PublishedPullRequest) async throws {
        let siblings = try await parts.store.pullRequests(
            matching: PullRequestFilter(issue: merged.issue, states: [.open])
        ).filter { $0.reference != merged.reference }
        try await parts.store.report(
            siblings.map { ReportText.siblingMerged($0, merged: merged) })
        let runs = try await parts.store.runs(
            matching: RunFilter(issue: merged.issue, openOnly: true))
        for summary in runs {
            try await Withdrawals(parts: parts).stop(
                summary.run,
                "pull request #\(merged.reference.number) of \(merged.agent) was merged")
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Other>(
        _ body: (Wrapped) async throws -> Other
    ) async rethrows -> Other? {
        guard let self else { return nil }
        return try await body(self)
    }
}
