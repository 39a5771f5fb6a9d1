extension TestCounts: CustomStringConvertible {
    /// "212 passed, 1 failed, 3 skipped".
    public var description: String {
        var parts = ["\(passed) passed"]
        if failed > 0 { parts.append("\(failed) failed") }
        if skipped > 0 { parts.append("\(skipped) skipped") }
        return parts.joined(separator: ", ")
    }
}

extension Finding: CustomStringConvertible {
    /// "Sources/a.swift:12: It is never closed."
    public var description: String {
        let place = path.map { path in line.map { "\(path):\($0): " } ?? "\(path): " } ?? ""
        return place + message
    }
}

// What is said of reviews, questions and choices.
extension ReportText {
    /// What reviewers found, as the next prompt and the tracker get it.
    public static func findings(_ reviews: [ReviewRecord]) -> String {
        reviews.map { review in
            ([opening(review)] + review.findings.map { "- \($0)" }).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private static func opening(_ review: ReviewRecord) -> String {
        let summary = review.summary.isEmpty ? "" : ": \(review.summary)"
        return "\(review.reviewer) \(word(review.verdict))\(summary)"
    }

    private static func word(_ verdict: Verdict) -> String {
        switch verdict {
        case .approved: "approves"
        case .changesRequested: "asks for changes"
        case .commented: "comments"
        }
    }

    /// "codex and kimi ask for changes".
    public static func changesRequested(by reviewers: [AgentName]) -> String {
        names(reviewers) + (reviewers.count == 1 ? " asks for changes" : " ask for changes")
    }

    private static func names(_ names: [AgentName]) -> String {
        Phrase.list(names.map(\.rawValue))
    }

    /// " Reviewed at this commit: codex approves, kimi comments."
    static func reviewsSentence(_ reviews: [ReviewRecord]) -> String {
        guard !reviews.isEmpty else { return "" }
        let parts = reviews.map { review in
            // It was published all the same, which must not be overlooked.
            let still = review.verdict == .changesRequested ? "still " : ""
            return "\(review.reviewer) \(still)\(word(review.verdict))"
        }
        return " Reviewed at this commit: " + parts.joined(separator: ", ") + "."
    }

    static func commits(of comparison: CommitComparison) -> String? {
        guard !comparison.commits.isEmpty else { return nil }
        var lines = comparison.commits.reversed().prefix(20).map { oneLine($0.summary) }
        if comparison.commits.count > 20 { lines.append("…") }
        return quoted("Its commits", lines.joined(separator: "\n"))
    }

    /// A reviewer's words as a review of the pull request.
    public static func review(_ record: ReviewRecord, of pullRequest: IssueReference) -> NewReport {
        let body =
            "\(record.reviewer) reviewed commit \(record.commit.short), round \(record.round)."
            + (record.summary.isEmpty ? "" : "\n\n\(harmless(record.summary))")
        let findings = record.findings.map { finding in
            Finding(path: finding.path, line: finding.line, message: harmless(finding.message))
        }
        return NewReport(
            topic: "review-\(record.reviewer)-\(record.round)", body: body,
            content: .review(
                NewReview(
                    verdict: record.verdict, body: body, findings: findings, commit: record.commit),
                by: record.reviewer), on: pullRequest)
    }

    /// The status of a published head: that its checks passed, with their counts.
    public static func checksPassed(
        _ passed: [String], tests: [String: TestCounts], at commit: CommitID,
        on pullRequest: IssueReference
    ) -> NewReport {
        let text = oneLine(
            passed.map { command in tests[command].map { "\(command): \($0)" } ?? command }
                .joined(separator: "; "))
        // Trackers cut what is longer, or refuse it.
        let description = text.count > 140 ? text.prefix(139) + "…" : text
        return NewReport(
            topic: "status-\(commit.short)", body: "skep/checks: \(description)",
            content: .status(
                NewCommitStatus(context: "skep/checks", state: .success, description: description),
                commit: commit), on: pullRequest)
    }

    /// A question of an agent. Its run waits until somebody comments.
    ///
    /// - Parameter number: From 1; a run may ask more than once.
    public static func asks(
        agent: AgentName, question: String, of people: [LoginName], number: Int
    ) -> NewReport {
        NewReport(
            topic: "question-\(number)",
            body: [
                "❓ \(agent) has a question, "
                    + people.map { "@\(oneLine($0.rawValue))" }.joined(separator: ", ") + ":",
                fenced(question),
                "A comment on this issue answers it, and \(agent) goes on with the answer. "
                    + "Until then nothing happens here.",
            ].joined(separator: "\n\n"))
    }

    /// - Parameter others: The pull requests that are closed.
    public static func chosen(
        by chooser: AgentName, agent: AgentName, pullRequest: PullRequestLink, why: String,
        others: [(agent: AgentName, pullRequest: PullRequestLink)]
    ) -> NewReport {
        let closed = others.map { "#\($0.pullRequest.number) of \($0.agent)" }
        return result([
            "🏁 \(chooser) chose pull request #\(pullRequest.number) of \(agent).",
            quoted("Why", why),
            closed.isEmpty ? nil : "Closed for it: " + closed.joined(separator: ", ") + ".",
            "#\(pullRequest.number) waits for people; merging it closes this issue.",
        ])
    }

    /// What is said where a pull request is closed because another was chosen.
    public static func notChosen(
        _ pullRequest: IssueReference, agent: AgentName, for chosen: PullRequestLink,
        of winner: AgentName, by chooser: AgentName
    ) -> NewReport {
        NewReport(
            topic: "not-chosen-\(pullRequest.number)",
            body: "\(chooser) chose #\(chosen.number) of \(winner) for this issue, so this one of "
                + "\(agent) is closed. Nothing is lost: its branch stays, and it can be reopened.",
            content: .close(labels: []), on: pullRequest)
    }
}
