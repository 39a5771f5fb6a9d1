import GRDB
import SkepQueue
import Synchronization

/// What git says of a pull request now.
struct PullState: Sendable, Equatable {
    /// The commit of the head, read from its branch while the pull request is open.
    let head: String
    let base: String
    /// Whether the head's branch is still there.
    let isHeadThere: Bool
    /// `nil` without the git program.
    let facts: PullFacts?
}

/// What follows from two commits alone.
struct PullFacts: Sendable, Equatable {
    let mergeBase: String
    /// Whether the two can be merged without conflict.
    let isClean: Bool
    let additions: Int
    let deletions: Int
    let changedFiles: Int
}

/// Remembers facts of pairs of commits, which never change.
final class PullInspector: Sendable {
    private struct Pair: Hashable {
        let path: String
        let base: String
        let head: String
    }

    private static let capacity = 1000
    private let known = Mutex<[Pair: PullFacts]>([:])

    /// What is remembered of a pair.
    func known(_ repository: BareRepository, base: String, head: String) -> PullFacts? {
        let pair = Pair(path: repository.path, base: base, head: head)
        return known.withLock { $0[pair] }
    }

    func facts(_ repository: BareRepository, base: String, head: String) async throws -> PullFacts {
        let pair = Pair(path: repository.path, base: base, head: head)
        if let facts = known.withLock({ $0[pair] }) { return facts }
        let mergeBase = try await repository.mergeBase(base, head)
        let changes = try await repository.changes(from: mergeBase ?? base, to: head)
        let isClean =
            if mergeBase == nil { false } else {
                try await repository.mergeTree(base, head) != nil
            }
        let facts = PullFacts(
            mergeBase: mergeBase ?? "", isClean: isClean,
            additions: changes.reduce(0) { $0 + $1.additions },
            deletions: changes.reduce(0) { $0 + $1.deletions }, changedFiles: changes.count)
        known.withLock {
            if $0.count >= Self.capacity { $0.removeAll() }
            $0[pair] = facts
        }
        return facts
    }
}

/// A pull request with all that is known of it.
struct LoadedPull: Sendable {
    let repository: RepositoryRow
    let issue: IssueRow
    let pull: PullRow
    let state: PullState
    let bare: BareRepository

    /// Where its commits begin.
    var mergeBase: String {
        let base = state.facts?.mergeBase ?? ""
        return base.isEmpty ? state.base : base
    }
}

extension Forge {
    /// Finds out what git says of a pull request now.
    func load(_ issue: IssueRow, _ pull: PullRow, in repository: RepositoryRow) async throws
        -> LoadedPull
    {
        LoadedPull(
            repository: repository, issue: issue, pull: pull,
            state: try await state(of: issue, pull, in: repository),
            bare: bareRepository(repository))
    }

    /// The name that keeps a pull request's commits, also when its branch is gone.
    static func pullReference(_ number: Int) -> String { "refs/pull/\(number)/head" }

    /// Reads what git says of pull requests, and keeps their heads.
    ///
    /// - Parameter pusher: Who moved the heads; the repository's owner if `nil`.
    func states(
        of pulls: [(IssueRow, PullRow)], in repository: RepositoryRow, by pusher: UserRow? = nil
    ) async throws -> [Int64: PullState] {
        guard git.isInstalled else {
            return Dictionary(
                uniqueKeysWithValues: pulls.map {
                    (
                        $0.0.id,
                        PullState(
                            head: $0.1.headCommit, base: $0.1.baseCommit, isHeadThere: true,
                            facts: nil)
                    )
                })
        }
        let bare = bareRepository(repository)
        let branches = Dictionary(
            try await bare.branches().map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        var states: [Int64: PullState] = [:]
        for (issue, pull) in pulls {
            let branchHead = branches[pull.headBranch]
            var head = pull.headCommit
            if issue.isOpen, let branchHead, branchHead != head {
                head = branchHead
                // Who is pushing it tells of it, by name.
                if pusher != nil || !refActivity.isBusy(repository) {
                    try await keepHead(branchHead, of: issue, pull, in: repository, by: pusher)
                }
            }
            let base = issue.isOpen ? branches[pull.baseBranch] ?? pull.baseCommit : pull.baseCommit
            states[issue.id] = PullState(
                head: head, base: base, isHeadThere: branchHead != nil,
                facts: try await self.pulls.facts(bare, base: base, head: head))
        }
        return states
    }

    func state(of issue: IssueRow, _ pull: PullRow, in repository: RepositoryRow) async throws
        -> PullState
    {
        guard let state = try await states(of: [(issue, pull)], in: repository)[issue.id] else {
            throw Refusal.notFound
        }
        return state
    }

    private func keepHead(
        _ commit: String, of issue: IssueRow, _ pull: PullRow, in repository: RepositoryRow,
        by pusher: UserRow?
    ) async throws {
        let bare = bareRepository(repository)
        _ = try await bare.update(Self.pullReference(issue.number), to: commit)
        let old = pull.headCommit
        let isThere = try await bare.resolve(old) != nil
        let isForced = isThere ? try await !bare.isAncestor(old, of: commit) : true
        let added = isThere ? try await bare.commits("\(old)..\(commit)", limit: 250) : []
        try await store.write { db, now in
            // Another reader may have taken it over meanwhile.
            guard let current = try IssueRow.find(db, id: issue.id), current.isOpen,
                let stored = try PullRow.find(db, issue: issue.id), stored.headCommit == old
            else { return }
            let actor = try pusher ?? UserRow.find(db, id: repository.ownerId)
            try self.editor(db, in: repository, by: actor, now: now).moveHead(
                current, stored, to: commit, commits: added.reversed().map(\.id),
                isForced: isForced)
        }
    }

    /// Takes over the heads of all open pull requests, after a push and before a branch goes.
    func keepHeads(in repository: RepositoryRow, by pusher: UserRow? = nil) async throws {
        guard git.isInstalled else { return }
        let open = try await store.read { db in
            try PullRow.open(db, repository: repository.id).map(OpenPull.init)
        }
        guard !open.isEmpty else { return }
        _ = try await states(
            of: open.map { ($0.issue, $0.pull) }, in: repository, by: pusher)
    }

    /// Takes over the base as it is, before a pull request is closed.
    func keepBase(of issue: IssueRow, _ pull: PullRow, in repository: RepositoryRow) async throws {
        guard git.isInstalled, issue.isOpen else { return }
        let base = try await bareRepository(repository).commit(ofBranch: pull.baseBranch)
        guard let base else { return }
        try await store.write { db, _ in
            try pull.setBase(db, branch: pull.baseBranch, commit: base)
        }
    }

    private struct OpenPull: Sendable {
        let issue: IssueRow
        let pull: PullRow
        init(_ pair: (IssueRow, PullRow)) { (issue, pull) = pair }
    }
}
