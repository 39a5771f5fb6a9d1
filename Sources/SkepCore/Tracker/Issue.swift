public import SkepQueue

/// An issue as the tracker shows it now. What is written in it is untrusted.
public struct Issue: Sendable, Hashable {
    public let reference: IssueReference
    public let title: String
    public let body: String
    public let isOpen: Bool
    public let labels: [String]
    public let assignees: [LoginName]
    public let author: LoginName
    public let isPullRequest: Bool
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// The page for people.
    public let url: String
    /// The title of its milestone.
    public let milestone: String?
    /// How many comments it has; `nil` when the tracker doesn't say.
    public let commentCount: Int?

    public init(
        reference: IssueReference, title: String, body: String, isOpen: Bool, labels: [String],
        assignees: [LoginName], author: LoginName, isPullRequest: Bool, createdAt: Timestamp,
        updatedAt: Timestamp, url: String, milestone: String? = nil, commentCount: Int? = nil
    ) {
        self.milestone = milestone
        self.commentCount = commentCount
        self.reference = reference
        self.title = title
        self.body = body
        self.isOpen = isOpen
        self.labels = labels
        self.assignees = assignees
        self.author = author
        self.isPullRequest = isPullRequest
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.url = url
    }

    /// Whether it carries a label; trackers compare labels with regard to case.
    public func hasLabel(_ label: String) -> Bool { labels.contains(label) }
}

/// Which issues are meant. Empty parts ask for nothing.
public struct IssueFilter: Sendable, Hashable {
    public enum State: String, Sendable { case open, closed, all }

    public var state: State
    /// All of these.
    public var labels: [String]
    public var assignee: LoginName?
    /// Changed at or after this.
    public var since: Timestamp?

    public init(
        state: State = .open, labels: [String] = [], assignee: LoginName? = nil,
        since: Timestamp? = nil
    ) {
        self.state = state
        self.labels = labels
        self.assignee = assignee
        self.since = since
    }

    /// Whether an issue is meant. Trackers are asked with the filter and their answer is filtered
    /// again with this: Gitea, asked for a label it doesn't know, returns every issue.
    public func matches(_ issue: Issue) -> Bool {
        guard !issue.isPullRequest else { return false }
        switch state {
        case .open where !issue.isOpen: return false
        case .closed where issue.isOpen: return false
        default: break
        }
        guard labels.allSatisfy(issue.hasLabel) else { return false }
        if let assignee, !issue.assignees.contains(assignee) { return false }
        if let since, issue.updatedAt < since { return false }
        return true
    }
}

public struct IssueComment: Sendable, Hashable {
    public let id: Int64
    public let author: LoginName
    public let body: String
    public let createdAt: Timestamp
    public let url: String

    public init(id: Int64, author: LoginName, body: String, createdAt: Timestamp, url: String) {
        self.id = id
        self.author = author
        self.body = body
        self.createdAt = createdAt
        self.url = url
    }
}

public struct PullRequest: Sendable, Hashable {
    public let number: Int
    public let title: String
    public let isOpen: Bool
    public let isMerged: Bool
    public let head: BranchName
    public let base: BranchName
    public let headCommit: CommitID?
    public let url: String
    /// Whether it could be merged as it is. Trackers find that out some time after a push, and say
    /// no until then; `nil` when they don't say.
    public let isMergeable: Bool?
    public let author: LoginName?
    /// Whose review was asked for.
    public let requestedReviewers: [LoginName]
    public let updatedAt: Timestamp?

    public init(
        number: Int, title: String, isOpen: Bool, isMerged: Bool, head: BranchName,
        base: BranchName, headCommit: CommitID?, url: String, isMergeable: Bool? = nil,
        author: LoginName? = nil, requestedReviewers: [LoginName] = [],
        updatedAt: Timestamp? = nil
    ) {
        self.isMergeable = isMergeable
        self.author = author
        self.requestedReviewers = requestedReviewers
        self.updatedAt = updatedAt
        self.number = number
        self.title = title
        self.isOpen = isOpen
        self.isMerged = isMerged
        self.head = head
        self.base = base
        self.headCommit = headCommit
        self.url = url
    }
}

public struct NewIssue: Sendable, Hashable {
    public var repository: RepositoryName
    public var title: String
    public var body: String
    /// Those that don't exist are left out.
    public var labels: [String]

    public init(repository: RepositoryName, title: String, body: String, labels: [String] = []) {
        self.repository = repository
        self.title = title
        self.body = body
        self.labels = labels
    }
}

public struct NewPullRequest: Sendable, Hashable {
    public var repository: RepositoryName
    public var title: String
    public var body: String
    public var head: BranchName
    public var base: BranchName

    public init(
        repository: RepositoryName, title: String, body: String, head: BranchName, base: BranchName
    ) {
        self.repository = repository
        self.title = title
        self.body = body
        self.head = head
        self.base = base
    }
}

/// A repository as the tracker shows it.
public struct TrackerRepository: Sendable, Hashable {
    public let name: RepositoryName
    public let defaultBranch: BranchName
    /// Where it is fetched from and pushed to over http.
    public let cloneURL: String
    public let isEmpty: Bool
    public let isArchived: Bool
    /// Whether this account may push; `nil` when the tracker doesn't say.
    public let canPush: Bool?
    public let url: String

    public init(
        name: RepositoryName, defaultBranch: BranchName, cloneURL: String, isEmpty: Bool,
        isArchived: Bool, canPush: Bool?, url: String
    ) {
        self.name = name
        self.defaultBranch = defaultBranch
        self.cloneURL = cloneURL
        self.isEmpty = isEmpty
        self.isArchived = isArchived
        self.canPush = canPush
        self.url = url
    }
}

/// What stands in a comment, unseen, so that it can be found again: `<!-- skep:report-12 -->`.
///
/// It is looked for before a comment is posted, so that posting can be repeated, and tells Skep's
/// own comments from people's even where both use one account.
public struct CommentMarker: Sendable, Hashable, CustomStringConvertible {
    /// Letters, digits, "-", "." and "=".
    public let value: String

    public init(_ value: String) { self.value = value }

    public static let prefix = "<!-- skep:"
    public var description: String { "\(Self.prefix)\(value) -->" }

    public func isIn(_ text: String) -> Bool { text.contains(description) }

    /// Whether a text carries any marker of Skep's, at the beginning of a line as Skep puts it: who
    /// quotes what Skep said is somebody else.
    public static func isInAny(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix(prefix) }
    }
}
