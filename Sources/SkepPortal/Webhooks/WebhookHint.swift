public import SkepCore

/// That something happened somewhere: reason enough to look, and nothing else.
public struct WebhookHint: Sendable, Hashable {
    public let repository: RepositoryName
    /// The issue or pull request; `nil`: somewhere in the repository.
    public let issue: IssueReference?

    public init(repository: RepositoryName, issue: IssueReference?) {
        self.repository = repository
        self.issue = issue
    }
}
