/// A branch or a tag that was made, moved or taken away.
struct RefChange: Sendable {
    /// Such as "refs/heads/main".
    let name: String
    /// Forty zeros for one that is new.
    let before: String
    /// Forty zeros for one that is gone.
    let after: String
    /// What a branch got, the newest first; cut at `commitLimit`.
    var commits: [PushedCommit] = []
    /// How many there are in all.
    var total = 0

    /// Commits of a push whose messages are read.
    static let commitLimit = 250
    /// Commits that hooks are told, with their files.
    static let toldLimit = 30
    /// Branches of a push whose commits are looked at.
    static let branchLimit = 50

    var isNew: Bool { before == BareRepository.noCommit }
    var isGone: Bool { after == BareRepository.noCommit }
    var isTag: Bool { name.hasPrefix("refs/tags/") }
    var shortName: String {
        String(name.dropFirst(isTag ? "refs/tags/".count : "refs/heads/".count))
    }
}

/// A commit with the files that it changed, as far as somebody wants to know.
struct PushedCommit: Sendable {
    let commit: GitCommit
    var changes: [GitFileChange] = []
}
