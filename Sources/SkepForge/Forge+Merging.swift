import GRDB
public import SkepCore

/// What a merge is asked to be.
struct MergeWish: Sendable {
    let style: MergeStyle
    /// The commit's first line; the usual one if `nil` or empty.
    var title: String?
    var message: String?
    /// The head that is meant; any if `nil` or empty.
    var head: String?
    var deletesBranch = false
    /// Over what the base branch's protection asks for; administrators only.
    var isForced = false
}

/// Why a pull request isn't merged.
public enum MergeObstacle: Sendable, Equatable {
    case isMerged
    case isClosed
    case isDraft
    /// The head isn't the one that was meant; names the head that is there.
    case headMoved(String)
    case baseMissing(branch: String)
    case baseMoved(branch: String)
    case conflict
    /// The base has commits that the head lacks.
    case notFastForward
    /// What the base branch's protection asks for isn't there; says what.
    case isProtected(String)
}

/// What a merge did.
public struct ForgeMerge: Sendable, Equatable {
    public let pull: IssueReference
    /// The base branch's commit now.
    public let commit: String
    public let baseBranch: BranchName
    /// The issues that were closed by it.
    public let closed: [IssueReference]
}

extension Forge {
    /// Merges a pull request, and closes the issues that it says it closes.
    ///
    /// - Parameter user: In whose name; the repository's owner if `nil`.
    /// - Throws: `ForgeError.notMerged` with what is in the way; `.noSuchPull`, `.gitMissing`.
    @discardableResult
    public func mergePull(
        _ pull: IssueReference, style: MergeStyle = .merge, by user: LoginName? = nil
    ) async throws -> ForgeMerge {
        guard git.isInstalled else { throw ForgeError.gitMissing(purpose: "merge") }
        let repository = try await find(pull.repository)
        let (found, merger) = try await store.read { db -> (FoundPull?, UserRow) in
            let issue = try IssueRow.find(db, repository: repository.id, number: pull.number)
            let found = try issue.flatMap { issue in
                try PullRow.find(db, issue: issue.id).map { FoundPull(issue: issue, pull: $0) }
            }
            return (found, try self.person(user, in: repository, db))
        }
        guard let found else { throw ForgeError.noSuchPull(pull) }
        let loaded = try await load(found.issue, found.pull, in: repository)
        return try await merge(loaded, MergeWish(style: style), by: merger, page: nil)
    }

    private struct FoundPull: Sendable {
        let issue: IssueRow
        let pull: PullRow
    }

    /// - Parameter page: The pull request's address, for the commit's message.
    func merge(_ loaded: LoadedPull, _ wish: MergeWish, by user: UserRow, page: String?)
        async throws -> ForgeMerge
    {
        try check(loaded, wish)
        try await checkProtection(of: loaded, wish, by: user)
        let branch = loaded.pull.baseBranch
        guard let base = try await loaded.bare.commit(ofBranch: branch) else {
            throw loaded.refusal(.baseMissing(branch: branch))
        }
        let head = loaded.state.head
        let author = try await store.read { db in try UserRow.find(db, id: loaded.issue.authorId) }
        let commit: String?
        if try await loaded.bare.isAncestor(head, of: base) {
            // All of it is there already; so it is when a merge's end was cut off.
            commit = base
        } else {
            commit = try await loaded.bare.makeMerge(
                wish.style, base: base, head: head, message: message(wish, loaded, page: page),
                author: Signature(name: author.name, email: author.email),
                by: Signature(name: user.name, email: user.email))
        }
        guard let commit else {
            throw loaded.refusal(wish.style == .fastForwardOnly ? .notFastForward : .conflict)
        }
        let closed = try await changingRefs(of: loaded.repository, by: user) {
            let isMoved = try await loaded.bare.update(
                "refs/heads/" + branch, to: commit, from: base)
            guard isMoved else { throw loaded.refusal(.baseMoved(branch: branch)) }
            let closed = try await record(loaded, base: base, commit: commit, by: user)
            _ = try await loaded.bare.update(Forge.pullReference(loaded.issue.number), to: head)
            if wish.deletesBranch { try await deleteHead(of: loaded, by: user) }
            return closed
        }
        let name = loaded.reference.repository
        return ForgeMerge(
            pull: loaded.reference, commit: commit, baseBranch: BranchName(rawValue: branch),
            closed: closed.map { IssueReference(repository: name, number: $0) })
    }

    private func record(_ loaded: LoadedPull, base: String, commit: String, by user: UserRow)
        async throws -> [Int]
    {
        try await store.write { db, now in
            try self.editor(db, in: loaded.repository, by: user, now: now).merge(
                loaded, base: base, commit: commit)
        }
    }

    /// Takes a merged pull request's branch away, unless it has moved on or is needed.
    private func deleteHead(of loaded: LoadedPull, by user: UserRow) async throws {
        let branch = loaded.pull.headBranch
        guard branch != loaded.repository.defaultBranch,
            try await loaded.bare.delete("refs/heads/" + branch, at: loaded.state.head)
        else { return }
        try await store.write { db, now in
            try self.editor(db, in: loaded.repository, by: user, now: now).record(
                .deleteBranch, on: loaded.issue, EventFacts(oldRef: branch))
        }
    }

    private func check(_ loaded: LoadedPull, _ wish: MergeWish) throws {
        if loaded.pull.isMerged { throw loaded.refusal(.isMerged) }
        guard loaded.issue.isOpen else { throw loaded.refusal(.isClosed) }
        if loaded.issue.isDraft { throw loaded.refusal(.isDraft) }
        if let head = wish.head, !head.isEmpty, head.lowercased() != loaded.state.head {
            throw loaded.refusal(.headMoved(loaded.state.head))
        }
    }

    private func message(_ wish: MergeWish, _ loaded: LoadedPull, page: String?) -> String {
        let (issue, pull) = (loaded.issue, loaded.pull)
        let standard =
            wish.style == .squash
            ? "\(issue.title) (#\(issue.number))"
            : "Merge pull request '\(issue.title)' (#\(issue.number)) from \(pull.headBranch) into \(pull.baseBranch)"
        let title = wish.title.flatMap { $0.isEmpty ? nil : $0 } ?? standard
        let body = wish.message.flatMap { $0.isEmpty ? nil : $0 }
        return [title, body, page.map { "Reviewed-on: \($0)" }].compactMap { $0 }
            .joined(separator: "\n\n") + "\n"
    }
}

extension LoadedPull {
    var reference: IssueReference {
        // A row's names were checked when it was made.
        IssueReference(
            repository: RepositoryName(repository.fullName)!, number: issue.number)
    }

    fileprivate func refusal(_ obstacle: MergeObstacle) -> ForgeError {
        .notMerged(reference, obstacle)
    }
}
