internal import Foundation
public import SkepCore
internal import SkepHTTP
internal import SkepQueue

extension GiteaTracker {
    public func reviews(of pullRequest: IssueReference) async throws -> [Review] {
        var reviews: [Review] = []
        for found in try await submitted(on: pullRequest) {
            guard let verdict = found.verdict else { continue }
            reviews.append(found.review(verdict, try await comments(of: found, on: pullRequest)))
        }
        return reviews
    }

    /// Drafts and requests among them; oldest first.
    private func submitted(on pullRequest: IssueReference) async throws -> [GiteaReview] {
        let found: [GiteaReview] = try await api.list(
            .get(
                pullRequest.pullPath + ["reviews"], subject: "pull request \(pullRequest)",
                in: .issue(pullRequest)))
        var seen: Set<Int64> = []
        return found.filter { seen.insert($0.id).inserted }.sorted { $0.id < $1.id }
    }

    private func comments(
        of review: GiteaReview, on pullRequest: IssueReference
    ) async throws -> [ReviewComment] {
        guard review.commentCount != 0 else { return [] }
        do {
            let found: [GiteaReviewComment] = try await api.list(
                .get(
                    pullRequest.pullPath + ["reviews", String(review.id), "comments"],
                    subject: "review \(review.id) of \(pullRequest)"),
                limit: nil)
            return found.map(\.comment)
        } catch GiteaError.notFound {
            // Deleted since the list was read.
            return []
        }
    }

    /// Posts a review, or finds the one with the marker.
    ///
    /// Gitea refuses approving and rejecting one's own pull request (422), and may refuse remarks on
    /// lines that the change doesn't have. What is refused is tried in a lesser form: the remarks in
    /// the text, then the verdict in the text. The answer is looked at: a verdict that a server
    /// doesn't know makes a draft that nobody sees, without an error.
    public func post(
        _ review: NewReview, marker: CommentMarker, on pullRequest: IssueReference
    ) async throws -> Review {
        let look = { try await self.review(with: marker, on: pullRequest) }
        if let there = try await look() { return there }

        var isOwn = false
        if review.verdict != .commented, let login = provenLogin {
            isOwn = try await pull(pullRequest).author == login
        }
        var refusal: GiteaError?
        for form in GiteaReviewForm.all(of: review, isOwn: isOwn) {
            do {
                return try await post(form, of: review, marker, on: pullRequest, look: look)
            } catch let error as GiteaError where error.isRefusal {
                // The first says why it couldn't be as it was meant.
                refusal = refusal ?? error
            }
        }
        throw refusal ?? GiteaError.invalid(subject: "\(pullRequest)", status: 422, message: "")
    }

    private func post(
        _ form: GiteaReviewForm, of review: NewReview, _ marker: CommentMarker,
        on pullRequest: IssueReference, look: () async throws -> Review?
    ) async throws -> Review {
        let subject = "a review of \(pullRequest)"
        let call = try GiteaCall.write(
            .post, pullRequest.pullPath + ["reviews"], form.body(of: review, marker),
            subject: subject, in: .issue(pullRequest), isRepeatable: false)
        let posted: GiteaReview
        switch try await writeOnce(call, as: GiteaReview.self, look: look) {
        case .done(let answer): posted = answer
        case .wasThere(let review): return review
        }
        learn(posted.author)
        guard let verdict = posted.verdict, verdict == form.verdict else {
            // It would be in the way of the next try.
            _ = try? await api.send(
                .write(
                    .delete, pullRequest.pullPath + ["reviews", String(posted.id)],
                    subject: subject, isRepeatable: true))
            throw GiteaError.keptAsDraft(subject: "\(pullRequest)", event: form.verdict.event)
        }
        return posted.review(verdict, try await comments(of: posted, on: pullRequest))
    }

    private func review(
        with marker: CommentMarker, on pullRequest: IssueReference
    ) async throws -> Review? {
        let found = try await submitted(on: pullRequest).first {
            $0.verdict != nil && marker.isIn($0.body)
                && (provenLogin == nil || $0.author == provenLogin)
        }
        guard let found, let verdict = found.verdict else { return nil }
        return found.review(verdict, try await comments(of: found, on: pullRequest))
    }
}

/// One of the forms a review can take.
struct GiteaReviewForm: Sendable, Hashable {
    let verdict: Verdict
    /// Whether remarks on lines go there, or into the text.
    let isInline: Bool

    /// The best first. Without a line to remark on, and for an account that can't judge its own
    /// pull request, there are fewer.
    static func all(of review: NewReview, isOwn: Bool) -> [GiteaReviewForm] {
        let hasLines = review.findings.contains { $0.path != nil && $0.line != nil }
        var verdicts: [Verdict] = isOwn ? [.commented] : [review.verdict]
        if verdicts != [.commented] { verdicts.append(.commented) }
        return verdicts.flatMap { verdict in
            (hasLines ? [true, false] : [false]).map {
                GiteaReviewForm(verdict: verdict, isInline: $0)
            }
        }
    }

    func body(of review: NewReview, _ marker: CommentMarker) -> GiteaNewReview {
        var parts = [review.body]
        if verdict != review.verdict { parts.insert(review.verdict.heading, at: 0) }
        var rest: [String] = []
        var inline: [GiteaNewReview.Comment] = []
        for finding in review.findings {
            if isInline, let path = finding.path, let line = finding.line {
                inline.append(
                    GiteaNewReview.Comment(path: path, body: finding.message, line: line))
            } else {
                let place = [finding.path, finding.line.map(String.init)].compactMap { $0 }
                let prefix = place.isEmpty ? "" : "`\(place.joined(separator: ":"))`: "
                rest.append("- " + prefix + finding.message.replacing("\n", with: "\n  "))
            }
        }
        if !rest.isEmpty { parts.append(rest.joined(separator: "\n")) }
        let text = parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
        return GiteaNewReview(
            event: verdict.event, body: marker.marking(text), commit: review.commit.rawValue,
            comments: inline.isEmpty ? nil : inline)
    }
}

extension GiteaError {
    /// Whether the tracker understood and said no, so that asking for less may do.
    fileprivate var isRefusal: Bool {
        switch self {
        case .invalid(_, 422, _), .invalid(_, 400, _), .forbidden: true
        default: false
        }
    }
}
