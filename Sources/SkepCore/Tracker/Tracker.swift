public import SkepQueue

/// Reads and writes a tracker. Lists have all pages, or an error is thrown.
///
/// Each call may be repeated: writes look first whether they were done before. Errors conform to
/// `SkepError`; `kind == .unavailable` says that trying later may help. Cancellation is passed
/// through.
public protocol Tracker: Sendable {
    /// Asks what the tracker is and whether the token is good.
    func probe() async throws -> TrackerProbe
    func repository(_ name: RepositoryName) async throws -> TrackerRepository
    /// Issues, never pull requests; the newest first.
    func issues(in repository: RepositoryName, matching filter: IssueFilter) async throws -> [Issue]
    /// Throws an error of kind `.conflict` when there is none that this account may see.
    func issue(_ reference: IssueReference) async throws -> Issue
    /// Oldest first.
    func comments(on issue: IssueReference) async throws -> [IssueComment]
    /// Posts a comment with a marker, unless one with it is there; answers with the one that is.
    /// Whatever looks like a marker in the text itself is made harmless.
    func post(_ body: String, marker: CommentMarker, on issue: IssueReference) async throws
        -> IssueComment
    func labels(in repository: RepositoryName) async throws -> [TrackerLabel]
    /// Creates a label unless it is there.
    func createLabel(_ label: NewLabel, in repository: RepositoryName) async throws
    func addLabels(_ labels: [String], to issue: IssueReference) async throws
    func removeLabel(_ label: String, from issue: IssueReference) async throws
    /// Opens a pull request, or finds the open one of the same head and base.
    func openPullRequest(_ new: NewPullRequest) async throws -> PullRequest
    func pullRequest(_ reference: IssueReference) async throws -> PullRequest
    /// Whether a user may write to a repository.
    func canWrite(_ user: LoginName, to repository: RepositoryName) async throws -> Bool
    /// What git needs to fetch from and push to a repository.
    func gitAccess(to repository: RepositoryName) async throws -> GitAccess

    // What happened

    /// Issues and pull requests, open or closed, that changed at or after a moment; the one that
    /// changed last comes last. A comment, a label, an assignment, a review are changes. Where
    /// nothing happened this is one request.
    ///
    /// - Parameter since: A tracker's own time, as `Issue.updatedAt` says it; to the second.
    func changes(in repository: RepositoryName, since: Timestamp) async throws -> [Issue]
    /// Comments of a repository made or edited at or after a moment, on issues and on pull requests;
    /// oldest first.
    func comments(in repository: RepositoryName, since: Timestamp) async throws -> [PlacedComment]
    /// The issues that have to be closed before this one may be; empty where the tracker knows of no
    /// dependencies.
    func dependencies(of issue: IssueReference) async throws -> [Issue]

    // Issues

    /// Puts a reaction on a comment, once.
    func react(_ reaction: Reaction, toComment comment: Int64, in repository: RepositoryName)
        async throws
    /// Closes or reopens an issue, or closes a pull request.
    func setOpen(_ isOpen: Bool, _ reference: IssueReference) async throws
    /// Opens an issue with a marker, unless one with it is there; answers with the one that is.
    func openIssue(_ new: NewIssue, marker: CommentMarker) async throws -> Issue

    // Pull requests

    /// - Parameter state: All pages of these.
    func pullRequests(in repository: RepositoryName, state: IssueFilter.State) async throws
        -> [PullRequest]
    /// Submitted reviews with their inline comments, oldest first.
    func reviews(of pullRequest: IssueReference) async throws -> [Review]
    /// Posts a review with a marker in its text, unless one with it is there.
    ///
    /// Where the tracker refuses this account that verdict, it is posted as a comment review whose
    /// text begins with the verdict.
    func post(_ review: NewReview, marker: CommentMarker, on pullRequest: IssueReference)
        async throws -> Review
    func requestReviews(from logins: [LoginName], on pullRequest: IssueReference) async throws
    /// The newest status of each context at a commit.
    func statuses(at commit: CommitID, in repository: RepositoryName) async throws -> [CommitStatus]
    /// Sets a status, unless the newest of its context says the same.
    func setStatus(_ status: NewCommitStatus, at commit: CommitID, in repository: RepositoryName)
        async throws
    /// Merges a pull request whose head is this commit.
    ///
    /// - Throws: An error of kind `.conflict` when it can't be merged, or has another head.
    func merge(_ pullRequest: IssueReference, head: CommitID, style: MergeStyle) async throws

    // Who asks

    /// The same tracker, seen and written to by another account.
    func signedIn(with token: Secret) -> any Tracker
    /// What this account may do in a repository, and what each is needed for. Changes nothing.
    func rights(in repository: RepositoryName) async throws -> [TrackerRight]
}

/// What a tracker says of itself.
public struct TrackerProbe: Sendable, Hashable {
    /// For people, such as "Forgejo".
    public let product: String
    public let version: String
    /// Whose token it is; `nil` when the token may not ask.
    public let login: LoginName?

    public init(product: String, version: String, login: LoginName?) {
        self.product = product
        self.version = version
        self.login = login
    }
}

public struct TrackerLabel: Sendable, Hashable {
    public let name: String
    /// Six hexadecimal digits.
    public let color: String

    public init(name: String, color: String) {
        self.name = name
        self.color = color
    }
}

public struct NewLabel: Sendable, Hashable {
    public var name: String
    /// Six hexadecimal digits.
    public var color: String
    public var description: String
    /// Whether it drives out others with the same "scope/".
    public var isExclusive: Bool

    public init(name: String, color: String, description: String, isExclusive: Bool = false) {
        self.name = name
        self.color = color
        self.description = description
        self.isExclusive = isExclusive
    }
}

/// A remote and the credentials for it. The token never goes into a repository's configuration.
public struct GitAccess: Sendable, Hashable {
    /// A local path, or an http or https address without credentials.
    public let remote: String
    public let user: String?
    public let token: Secret?

    public init(remote: String, user: String? = nil, token: Secret? = nil) {
        self.remote = remote
        self.user = user
        self.token = token
    }
}

/// A text that is never printed.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself. Give it to what needs it and to nothing else.
    public let value: String

    public init(_ value: String) { self.value = value }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
