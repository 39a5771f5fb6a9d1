internal import Logging
internal import SkepCore

/// What each kind of report does. Every step may be repeated: texts are found again by their
/// marker, and the tracker looks before it changes anything.
extension ReportPoster {
    /// - Returns: Where it can be seen; empty where there is no page of its own.
    func perform(_ report: Report) async throws -> String {
        let tracker = parts.tracker
        switch report.content {
        case .comment:
            return try await comment(report)
        case .review(let review, let reviewer):
            return try await post(review, by: reviewer, report)
        case .reaction(let reaction, let comment):
            try await tracker.react(
                reaction, toComment: comment, in: report.issue.repository)
            return ""
        case .close(let labels):
            let url = try await comment(report)
            try await put(labels, on: report.issue)
            try await tracker.setOpen(false, report.issue)
            return url
        case .reopen(let labels):
            let url = try await comment(report)
            for label in labels { try await tracker.removeLabel(label, from: report.issue) }
            try await tracker.setOpen(true, report.issue)
            return url
        case .issue(let title, let labels):
            let new = NewIssue(
                repository: report.issue.repository, title: title, body: report.body,
                labels: labels)
            return try await tracker.openIssue(new, marker: report.marker).url
        case .attention:
            try await showAttention(on: report.issue)
            return ""
        case .status(let status, let commit):
            try await tracker.setStatus(status, at: commit, in: report.issue.repository)
            return ""
        }
    }

    private func comment(_ report: Report) async throws -> String {
        guard report.body.contains(where: { !$0.isWhitespace }) else { return "" }
        return try await parts.tracker.post(
            report.body, marker: report.marker, on: report.issue
        ).url
    }

    // MARK: Labels

    private func showAttention(on place: IssueReference) async throws {
        let label = parts.dispatch.questionLabel
        let waits = try await parts.store.openQuestions(in: place.repository)
            .contains { $0.issue == place }
        if waits {
            try await put([label], on: place)
        } else {
            try await parts.tracker.removeLabel(label, from: place)
        }
    }

    private func put(_ labels: [String], on place: IssueReference) async throws {
        guard !labels.isEmpty else { return }
        for label in labels {
            // Looks whether it is there.
            try await parts.tracker.createLabel(
                NewLabel(name: label, color: "8a8f98", description: "Put on by Skep"),
                in: place.repository)
        }
        try await parts.tracker.addLabels(labels, to: place)
    }

    // MARK: Reviews

    /// Posts a review under its reviewer's account; where that has none, or is refused, under
    /// Skep's, whose review of its own pull request begins with the verdict.
    private func post(_ review: NewReview, by reviewer: AgentName, _ report: Report) async throws
        -> String
    {
        if let token = parts.accounts[reviewer] {
            do {
                return try await parts.tracker.signedIn(with: token).post(
                    review, marker: report.marker, on: report.issue
                ).url
            } catch let error as any SkepError where error.kind != .unavailable {
                try await tell(reviewer, report, error)
            }
        }
        return try await parts.tracker.post(review, marker: report.marker, on: report.issue).url
    }

    private func tell(_ reviewer: AgentName, _ report: Report, _ error: any SkepError) async throws
    {
        parts.logger.warning(
            "Can't post review under its reviewer's account",
            metadata: [
                LogKeys.agent: "\(reviewer)", LogKeys.issue: "\(report.issue)",
                LogKeys.error: "\(error)",
            ])
        try await parts.store.record(
            NewSwarmEvent(
                .trouble, issue: report.place, agent: reviewer,
                text: "the account of \(reviewer) can't post its review, Skep's does: \(error.what)"
            ))
    }
}
