public import SkepQueue

/// A comment with the issue or pull request it stands on.
public struct PlacedComment: Sendable, Hashable {
    public let place: IssueReference
    public let isOnPullRequest: Bool
    public let comment: IssueComment

    public init(place: IssueReference, isOnPullRequest: Bool, comment: IssueComment) {
        self.place = place
        self.isOnPullRequest = isOnPullRequest
        self.comment = comment
    }
}

/// A short answer to a comment. The words are Gitea's.
public enum Reaction: String, Sendable, Hashable, CaseIterable, Codable {
    case eyes
    case thumbsUp = "+1"
    case thumbsDown = "-1"
    case rocket
    case confused
}

/// What a reviewer says of a pull request.
public enum Verdict: String, Sendable, Hashable, CaseIterable, Codable {
    case approved
    case changesRequested = "changes_requested"
    /// Neither: something was said.
    case commented
}

/// A review as the tracker shows it. What is written in it is untrusted.
public struct Review: Sendable, Hashable {
    public let id: Int64
    public let author: LoginName
    public let verdict: Verdict
    public let body: String
    /// The commit it was made at.
    public let commit: CommitID?
    /// Whether commits were pushed since.
    public let isStale: Bool
    public let isDismissed: Bool
    public let comments: [ReviewComment]
    public let submittedAt: Timestamp
    public let url: String

    public init(
        id: Int64, author: LoginName, verdict: Verdict, body: String, commit: CommitID?,
        isStale: Bool, isDismissed: Bool, comments: [ReviewComment], submittedAt: Timestamp,
        url: String
    ) {
        self.id = id
        self.author = author
        self.verdict = verdict
        self.body = body
        self.commit = commit
        self.isStale = isStale
        self.isDismissed = isDismissed
        self.comments = comments
        self.submittedAt = submittedAt
        self.url = url
    }
}

/// A remark on a line of a pull request.
public struct ReviewComment: Sendable, Hashable {
    public let id: Int64
    public let path: String
    /// The line of the new file, from 1; `nil` for the file as a whole or a line that is gone.
    public let line: Int?
    public let body: String

    public init(id: Int64, path: String, line: Int?, body: String) {
        self.id = id
        self.path = path
        self.line = line
        self.body = body
    }
}

/// A review to be posted.
public struct NewReview: Sendable, Hashable, Codable {
    public var verdict: Verdict
    public var body: String
    public var findings: [Finding]
    /// The commit that was looked at.
    public var commit: CommitID

    public init(verdict: Verdict, body: String, findings: [Finding], commit: CommitID) {
        self.verdict = verdict
        self.body = body
        self.findings = findings
        self.commit = commit
    }
}

/// Something a reviewer found.
public struct Finding: Sendable, Hashable, Codable {
    /// The file it is about; `nil`: the change as a whole.
    public var path: String?
    /// The line of the new file, from 1.
    public var line: Int?
    public var message: String

    public init(path: String? = nil, line: Int? = nil, message: String) {
        self.path = path
        self.line = line
        self.message = message
    }
}

/// What somebody's checks say of a commit.
public struct CommitStatus: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable, Codable {
        case pending, success, error, failure, warning, skipped

        /// Whether it stands in the way.
        public var hasFailed: Bool { self == .error || self == .failure }
    }

    public let context: String
    public let state: State
    public let description: String
    public let url: String?

    public init(context: String, state: State, description: String, url: String?) {
        self.context = context
        self.state = state
        self.description = description
        self.url = url
    }
}

public struct NewCommitStatus: Sendable, Hashable, Codable {
    public var context: String
    public var state: CommitStatus.State
    public var description: String
    public var url: String?

    public init(
        context: String, state: CommitStatus.State, description: String, url: String? = nil
    ) {
        self.context = context
        self.state = state
        self.description = description
        self.url = url
    }
}

public enum MergeStyle: String, Sendable, Hashable, CaseIterable, Codable {
    case merge, rebase, squash
    case rebaseMerge = "rebase-merge"
    case fastForwardOnly = "fast-forward-only"
}

/// Something an account needs to be allowed to do.
public struct TrackerRight: Sendable, Hashable {
    /// What it is, in the tracker's words: "write:issue", "write access to ann/larder".
    public let name: String
    /// What Skep needs it for: "to post comments and labels".
    public let purpose: String
    /// `nil` when that can't be found out without using it.
    public let isGranted: Bool?
    /// What the tracker said, and how to get it.
    public let advice: String?

    public init(name: String, purpose: String, isGranted: Bool?, advice: String? = nil) {
        self.name = name
        self.purpose = purpose
        self.isGranted = isGranted
        self.advice = advice
    }
}
