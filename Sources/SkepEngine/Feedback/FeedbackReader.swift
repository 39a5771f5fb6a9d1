internal import SkepCore
internal import SkepQueue

/// Finds what was said of a pull request by people who may, and by checks, and isn't known to its
/// agent yet.
struct FeedbackReader: Sendable {
    let parts: SwarmParts
    let answers: TrackerAnswers
    let settings: FeedbackSettings

    /// What the tracker shows of a pull request.
    struct Shown: Sendable {
        let pullRequest: PullRequest
        let reviews: [Review]
        let statuses: [CommitStatus]
        /// Whether it couldn't be merged at the same head when it was last looked at either.
        let wasUnmergeable: Bool
    }

    func read(
        _ known: PublishedPullRequest, _ shown: Shown, after earlier: [FeedbackFingerprint]
    ) async throws -> Feedback {
        var feedback = Feedback()
        let sources = settings.sources
        let lastReview = earlier.map(\.lastReview).max() ?? 0
        for review in shown.reviews where review.id > lastReview {
            guard Self.asksForSomething(review, sources),
                try await may(review.author, known)
            else { continue }
            feedback.reviews.append(review)
        }
        if sources.contains(.comments) {
            feedback.comments = try await comments(known, after: earlier)
        }
        let head = shown.pullRequest.headCommit
        if sources.contains(.statuses) {
            let failing = Self.failing(shown.statuses)
            let mark = Feedback.mark(of: failing, at: head)
            if !earlier.contains(where: { $0.checks == mark }) { feedback.failing = failing }
        }
        // Trackers find out some time after a push whether it can be merged, and say no until then.
        if sources.contains(.conflicts), shown.pullRequest.isMergeable == false,
            shown.wasUnmergeable
        {
            let mark = Feedback.conflictMark(at: head)
            feedback.isConflicting = !earlier.contains { $0.conflict == mark }
        }
        return feedback
    }

    /// Checks that failed, without Skep's own.
    static func failing(_ statuses: [CommitStatus]) -> [CommitStatus] {
        statuses.filter { $0.state.hasFailed && !$0.context.hasPrefix("skep/") }
            .sorted { $0.context < $1.context }
    }

    private static func asksForSomething(
        _ review: Review, _ sources: Set<FeedbackSettings.Source>
    ) -> Bool {
        guard !review.isDismissed, !CommentMarker.isInAny(review.body) else { return false }
        switch review.verdict {
        case .approved: return false
        case .changesRequested: return sources.contains(.reviews)
        case .commented:
            if !review.comments.isEmpty { return sources.contains(.reviews) }
            // Only words: as much as a comment.
            return sources.contains(.comments) && !review.body.trimmingBlanks.isEmpty
        }
    }

    private func comments(
        _ known: PublishedPullRequest, after earlier: [FeedbackFingerprint]
    ) async throws -> [IssueComment] {
        let last = earlier.map(\.lastComment).max() ?? 0
        let reader = CommandReader(agents: parts.agents.keys.sorted())
        var comments: [IssueComment] = []
        for comment in try await parts.tracker.comments(on: known.reference)
        where comment.id > last {
            guard !CommentMarker.isInAny(comment.body), !comment.body.trimmingBlanks.isEmpty,
                reader.read(comment.body).commands.isEmpty,
                try await may(comment.author, known)
            else { continue }
            comments.append(comment)
        }
        return comments
    }

    private func may(_ login: LoginName, _ known: PublishedPullRequest) async throws -> Bool {
        try await GateKeeper(parts).mayAsk(login, in: known.reference.repository, answers)
    }
}
