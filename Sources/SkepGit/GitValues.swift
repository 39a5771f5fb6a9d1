/// Who made a commit, and when.
public struct GitSignature: Sendable, Hashable {
    public var name: String
    public var email: String
    /// Seconds since 1970, UTC.
    public var seconds: Int64
    /// Minutes east of UTC.
    public var offset: Int32

    public init(name: String, email: String, seconds: Int64, offset: Int32 = 0) {
        self.name = name
        self.email = email
        self.seconds = seconds
        self.offset = offset
    }
}

/// A commit's facts.
public struct GitCommit: Sendable, Hashable {
    public let id: GitObjectID
    public let tree: GitObjectID
    public let parents: [GitObjectID]
    public let author: GitSignature
    public let committer: GitSignature
    /// The whole message; bytes that aren't UTF-8 are replaced.
    public let message: String

    /// The message's first line.
    public var summary: String {
        String(message.drop { $0.isNewline }.prefix { !$0.isNewline })
    }
}

/// A reference and the object it leads to.
public struct GitReference: Sendable, Hashable {
    /// The whole name, such as "refs/heads/main".
    public let name: String
    public let target: GitObjectID

    public init(name: String, target: GitObjectID) {
        self.name = name
        self.target = target
    }
}

/// How a tree differs from another.
public struct GitComparison: Sendable, Hashable {
    public struct File: Sendable, Hashable {
        /// As in `git diff --name-status`: "A", "M", "D", "R", "C", "T".
        public let status: Character
        public let path: String
        /// Whether the content is the same and only the file's mode changed.
        public let isModeOnly: Bool
    }

    public let files: [File]
    public let insertions: Int
    public let deletions: Int
}

/// A text that may have been cut.
public struct GitText: Sendable, Hashable {
    public let text: String
    public let isCut: Bool
}

/// What merging two commits in memory gave.
public enum GitMerge: Sendable, Hashable {
    /// The tree of the merge; it is in the repository.
    case clean(tree: GitObjectID)
    /// The paths that both changed, in order.
    case conflict(paths: [String])
}
