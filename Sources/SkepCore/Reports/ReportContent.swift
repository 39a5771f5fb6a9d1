/// What a report does on the tracker. Kept as JSON; each may be repeated.
public enum ReportContent: Sendable, Hashable, Codable {
    /// Posts its text as a comment on the report's issue or pull request.
    case comment
    /// Posts a review on the report's pull request, under the reviewer's own account where it has
    /// one.
    case review(NewReview, by: AgentName)
    /// Answers a comment in the report's repository with a reaction.
    case reaction(Reaction, comment: Int64)
    /// Posts its text, puts labels on, and closes the report's issue or pull request, in this order:
    /// whoever is told of the closing sees why.
    case close(labels: [String])
    /// Posts its text, takes labels off, and reopens the report's issue.
    case reopen(removing: [String])
    /// Opens an issue with its text in the report's repository.
    case issue(title: String, labels: [String])
    /// Puts the label of questions on the report's issue, or takes it off, as it is when this is done:
    /// by whether one waits there.
    case attention
    /// Sets a status at a commit.
    case status(NewCommitStatus, commit: CommitID)
}
