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
