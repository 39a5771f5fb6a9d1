internal import SkepCore
internal import SkepQueue

/// What people, checks and the base branch say of a pull request, and its agent hasn't been told.
struct Feedback: Sendable {
    var reviews: [Review] = []
    var comments: [IssueComment] = []
    var failing: [CommitStatus] = []
    var isConflicting = false

    var isEmpty: Bool {
        reviews.isEmpty && comments.isEmpty && failing.isEmpty && !isConflicting
    }

    /// - Parameter earlier: What went back before: the marks of reviews and comments go on from it.
    func fingerprint(at head: CommitID?, after earlier: [FeedbackFingerprint])
        -> FeedbackFingerprint
    {
        var print = FeedbackFingerprint()
        print.lastReview = (reviews.map(\.id) + earlier.map(\.lastReview)).max() ?? 0
        print.lastComment = (comments.map(\.id) + earlier.map(\.lastComment)).max() ?? 0
        if !failing.isEmpty { print.checks = Self.mark(of: failing, at: head) }
        if isConflicting { print.conflict = Self.conflictMark(at: head) }
        return print
    }

    static func mark(of failing: [CommitStatus], at head: CommitID?) -> String {
        FNV1a.hash(failing.map(\.context).sorted() + [head?.rawValue ?? ""]).hex
    }

    static func conflictMark(at head: CommitID?) -> String { head?.short ?? "unknown" }

    /// For the agent's prompt: who said what, and where, in their words.
    func text(pullRequest: Int, head: CommitID?) -> String {
        var parts = ["This was said of your pull request #\(pullRequest). Mend what it asks for."]
        for review in reviews {
            var lines = ["## Review by \(review.author): \(review.verdict.words)"]
            if let commit = review.commit { lines[0] += ", at \(commit.short)" }
            if !review.body.trimmingBlanks.isEmpty { lines.append(review.body.trimmingBlanks) }
            for comment in review.comments {
                let line = comment.line.map { ", line \($0)" } ?? ""
                lines.append("### \(comment.path)\(line)\n\n\(comment.body.trimmingBlanks)")
            }
            parts.append(lines.joined(separator: "\n\n"))
        }
        for comment in comments {
            parts.append("## Comment by \(comment.author)\n\n\(comment.body.trimmingBlanks)")
        }
        for status in failing {
            let at = head.map { " at \($0.short)" } ?? ""
            let more = [status.description, status.url ?? ""].filter { !$0.isEmpty }
            parts.append(
                (["## Check \"\(status.context)\" failed\(at)"] + more).joined(separator: "\n\n"))
        }
        if isConflicting {
            parts.append(
                "## It can't be merged\n\nIt conflicts with its base branch, which went on. "
                    + "Bring the base branch in and resolve the conflicts.")
        }
        return parts.joined(separator: "\n\n")
    }
}
