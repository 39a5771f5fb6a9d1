import GRDB
import SkepQueue

extension Forge {
    /// Compares branches and tags with what was last seen of them: what differs was pushed.
    ///
    /// Called after a push over HTTP, after each change over the API, and by the server's look at
    /// its repositories, which finds what was pushed to a repository's folder. The difference is
    /// taken within the transaction that tells of it, so nothing is told twice, whoever looks.
    ///
    /// - Parameter pusher: The repository's owner if `nil`: a folder doesn't say who pushed to it.
    func noticePushes(in repository: RepositoryRow, by pusher: UserRow? = nil) async throws {
        guard git.isInstalled else { return }
        // Somebody else who looks at the same time may be first; then it's looked at anew.
        for _ in 0..<5 {
            if try await lookForPushes(in: repository, by: pusher) { return }
        }
    }

    /// - Returns: Whether nobody else came in between.
    private func lookForPushes(in repository: RepositoryRow, by pusher: UserRow?) async throws
        -> Bool
    {
        let bare = bareRepository(repository)
        let (isFilled, known, isTold) = try await store.read { db in
            (
                try KnownRefs.areKnown(db, repository: repository.id),
                try KnownRefs.of(db, repository: repository.id),
                try HookRow.of(db, repository: repository.id).contains {
                    $0.isActive && $0.subscriptions.contains(.push)
                }
            )
        }
        // Read after what is known of them, so that they're never older than that.
        let present = try await bare.references("refs/heads/", "refs/tags/")
        guard isFilled else {
            return try await store.write { db, _ in
                guard try !KnownRefs.areKnown(db, repository: repository.id) else { return false }
                try KnownRefs.fill(db, repository: repository.id, with: present)
                return true
            }
        }
        var changes = Self.changes(from: known, to: present)
        guard !changes.isEmpty else { return true }
        let standard = present.first { $0.name == "refs/heads/" + repository.defaultBranch }
        try await bare.addCommits(to: &changes, beyond: standard?.commit, withFiles: isTold)
        let isWhole = try await record(changes, in: repository, by: pusher)
        try await keepHeads(in: repository, by: pusher)
        return isWhole
    }

    /// What is there before anybody pushes isn't news.
    func fillKnownRefs(of repository: RepositoryRow) async throws {
        let bare = bareRepository(repository)
        let present = try await bare.references("refs/heads/", "refs/tags/")
        try await store.write { db, _ in
            try KnownRefs.fill(db, repository: repository.id, with: present)
        }
    }

    private static func changes(
        from known: [String: String], to present: [(name: String, commit: String)]
    ) -> [RefChange] {
        let none = BareRepository.noCommit
        let names = Set(present.map(\.name))
        let gone = known.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
        return gone.map { RefChange(name: $0.key, before: $0.value, after: none) }
            + present.filter { known[$0.name] != $0.commit }.map {
                RefChange(name: $0.name, before: known[$0.name] ?? none, after: $0.commit)
            }
    }

    /// - Returns: Whether all of it was news.
    private func record(
        _ changes: [RefChange], in repository: RepositoryRow, by pusher: UserRow?
    ) async throws -> Bool {
        try await store.write { db, now in
            let actor = try pusher ?? UserRow.find(db, id: repository.ownerId)
            let editor = try self.editor(db, in: repository, by: actor, now: now)
            var count = 0
            for change in changes {
                let known = try KnownRefs.commit(
                    db, repository: repository.id, name: change.name)
                guard known ?? BareRepository.noCommit == change.before else { continue }
                try KnownRefs.set(
                    db, repository: repository.id, name: change.name,
                    commit: change.isGone ? nil : change.after)
                try editor.announce(change)
                count += 1
            }
            if count > 0 { try repository.touch(db, now: now) }
            return count == changes.count
        }
    }
}

extension Editor {
    func announce(_ change: RefChange) throws {
        let presenter = presenter
        let branch = change.isTag ? nil : change.shortName
        if change.isNew {
            try tell(.create, branch: branch) {
                try presenter.createPayload(change, in: repository, by: actor)
            }
        }
        if change.isGone {
            try tell(.delete, branch: branch) {
                try presenter.deletePayload(change, in: repository, by: actor)
            }
        }
        try tell(.push, branch: branch) {
            try presenter.pushPayload(change, in: repository, by: actor)
        }
        for pushed in change.commits.reversed() {
            try noteCommit(
                pushed.commit.id, message: pushed.commit.message,
                isOnDefaultBranch: branch == repository.defaultBranch)
        }
    }
}

extension BareRepository {
    /// Looks up what branches got: since they were seen, or beyond the default branch if they're
    /// new.
    fileprivate func addCommits(
        to changes: inout [RefChange], beyond standard: String?, withFiles: Bool
    ) async throws {
        // Several new branches often are the same.
        var found: [String: (commits: [PushedCommit], total: Int)] = [:]
        let branches = changes.indices.filter { !changes[$0].isTag && !changes[$0].isGone }
        for index in branches.prefix(RefChange.branchLimit) {
            let change = changes[index]
            let start = change.isNew ? standard : change.before
            var range = change.after
            // What was forced away may be gone.
            if let start, start != change.after, try await resolve(start) != nil {
                range = "\(start)..\(change.after)"
            }
            if found[range] == nil {
                found[range] = (
                    try await pushedCommits(range, withFiles: withFiles),
                    try await countCommits(range)
                )
            }
            changes[index].commits = found[range]?.commits ?? []
            changes[index].total = found[range]?.total ?? 0
        }
    }

    private func pushedCommits(_ range: String, withFiles: Bool) async throws -> [PushedCommit] {
        var pushed = try await commits(range, limit: RefChange.commitLimit)
            .map { PushedCommit(commit: $0) }
        guard withFiles else { return pushed }
        for index in pushed.indices.prefix(RefChange.toldLimit) {
            pushed[index].changes = try await self.changes(of: pushed[index].commit)
        }
        return pushed
    }
}
