public import SkepCore
import SkepGit
import SkepQueue

extension LocalWorkspaces {
    public func collect(
        _ workspace: Workspace, attempt: Int, message: String, author: CommitAuthor
    ) async throws -> Collection {
        try await repairing(workspace) { slot in
            try await self.collect(workspace, slot, attempt, message, author)
        }
    }

    private func collect(
        _ workspace: Workspace, _ slot: Slot, _ attempt: Int, _ message: String,
        _ author: CommitAuthor
    ) async throws -> Collection {
        let mirror = mirror(of: workspace.repository)
        let harvest = try await Harvest(workspace, slot, mirror)
        var notes = harvest.notes
        if harvest.tree != nil { notes += harvest.island.notes(expecting: workspace.branch) }

        let head = try await result(harvest, message, author, &notes)
        let known = [harvest.base] + (head.map { [$0] } ?? [])
        let others = try await harvest.commits(notIn: known)
        if !others.isEmpty {
            let name = try await save(
                harvest, others, tree: nil, workspace, reason: References.beside(attempt))
            notes.append(
                "\(others.count == 1 ? "A commit" : "\(others.count) branches") of its own that"
                    + " the result doesn't contain can be found at \(name).")
        }
        if let head {
            try await mirror.locked {
                try await mirror.open().forceReference(
                    References.attempt(attempt, of: workspace.run), to: head)
                try Folder(mirror.path).syncFileSystem()
            }
        }
        return Collection(
            head: try head?.commit, notes: notes, isTreeGone: harvest.tree == nil)
    }

    /// The agent's commits, and one more with what it left uncommitted; `nil` when all that is no
    /// change.
    private func result(
        _ harvest: Harvest, _ message: String, _ author: CommitAuthor, _ notes: inout [String]
    ) async throws -> GitObjectID? {
        guard let tree = harvest.tree else { return nil }
        let git = harvest.repository
        var head = harvest.base
        if let made = harvest.head {
            if try await git.isAncestor(harvest.base, of: made) {
                head = made
            } else {
                notes.append(
                    "It rewrote the history below its base; its files were taken as one commit.")
            }
        }
        if try await git.commit(head).tree != tree {
            head = try await harvest.commit(
                tree: tree, parents: [head], message: message, author: author, at: clock.now)
        }
        let changes = try await git.comparison(of: head, with: harvest.base)
        if changes.files.isEmpty {
            // A merge that keeps the files as they are says how a conflict is to be resolved.
            let commits = try await git.log(from: harvest.base, to: head, limit: 1000)
            if commits.contains(where: { $0.parents.count > 1 }) { return head }
            if head != harvest.base { notes.append("Its commits change nothing.") }
            return nil
        }
        if changes.files.allSatisfy(\.isModeOnly) {
            notes.append("Only modes of files were changed, which counts as nothing.")
            return nil
        }
        return head
    }

    public func left(
        by attempts: Range<Int>, of run: RunID, above base: CommitID, in repository: RepositoryName
    ) async throws -> CommitID? {
        let git = try await mirror(of: repository).open()
        let base = try base.object
        for attempt in attempts.reversed() {
            let name = References.attempt(attempt, of: run)
            guard let head = try await git.references(matching: name).first?.target, head != base,
                try await git.isAncestor(base, of: head)
            else { continue }
            return try head.commit
        }
        return nil
    }

    public func rescue(_ workspace: Workspace, reason: String) async throws -> String? {
        try await repairing(workspace) { slot in
            try await self.rescue(workspace, slot, reason)
        }
    }

    private func rescue(_ workspace: Workspace, _ slot: Slot, _ reason: String) async throws
        -> String?
    {
        let mirror = mirror(of: workspace.repository)
        let harvest = try await Harvest(workspace, slot, mirror)
        let git = try await mirror.open()
        let attempts = try await git.references(matching: References.attempts(of: workspace.run))
        let known = [harvest.base] + attempts.map(\.target)
        var trees: Set<GitObjectID> = []
        for id in known + harvest.imported { trees.insert(try await git.commit(id).tree) }

        let commits = try await harvest.commits(notIn: known)
        let tree = harvest.tree.flatMap { trees.contains($0) ? nil : $0 }
        if let tree { trees.insert(tree) }
        let staged = harvest.indexTree.flatMap { trees.contains($0) ? nil : $0 }
        guard !commits.isEmpty || tree != nil || staged != nil else { return nil }
        return try await save(
            harvest, commits, tree: tree, staged: staged, workspace, reason: reason)
    }

    /// Runs `body`; when it finds damage, once more with a new repository of Skep's own. That one
    /// isn't flushed to the disk, as it holds nothing that the files don't: all is read again.
    private func repairing<R: Sendable>(
        _ workspace: Workspace, _ body: (Slot) async throws -> R
    ) async throws -> R {
        let slot = try Slot(of: workspace, in: stateFolder)
        do {
            return try await body(slot)
        } catch GitError.corrupt {
            try slot.folder.remove("skep.git")
            return try await body(slot)
        }
    }

    /// Makes one commit whose tree is the files and whose parents are all there is to save, and a
    /// reference to it. One that says the same is used again.
    private func save(
        _ harvest: Harvest, _ commits: [GitObjectID], tree: GitObjectID?,
        staged: GitObjectID? = nil, _ workspace: Workspace, reason: String
    ) async throws -> String {
        let git = try await harvest.mirror.open()
        var parents = commits
        if let head = harvest.head, let place = parents.firstIndex(of: head) {
            parents.swapAt(0, place)
        } else {
            parents.insert(harvest.head ?? harvest.base, at: 0)
        }
        if let staged {
            // Not the time of now: the same things saved again make the same commit.
            let seconds = try await git.commit(parents[0]).committer.seconds
            let id = try await harvest.commit(
                tree: staged, parents: [parents[0]], message: "What was staged", author: .skep,
                at: Timestamp(milliseconds: seconds.multipliedOrMax(by: 1000)))
            parents.append(id)
        }
        let whole = try await tree.orTree(of: parents[0], in: git)
        for old in try await git.references(matching: References.rescues(of: workspace.run)) {
            let commit = try await git.commit(old.target)
            if commit.tree == whole, commit.parents == parents { return old.name }
        }
        let now = clock.now
        let id = try await harvest.commit(
            tree: whole, parents: parents,
            message: "Saved from run \(workspace.run): \(reason)", author: .skep, at: now)
        let name = References.rescue(of: workspace.run, at: now, reason: reason)
        try await harvest.mirror.locked {
            try await git.setReference(name, to: id, replacing: nil)
            try Folder(harvest.mirror.path).syncFileSystem()
        }
        return name
    }
}

extension GitObjectID? {
    /// The tree, or that of a commit.
    fileprivate func orTree(of commit: GitObjectID, in repository: GitRepository) async throws
        -> GitObjectID
    {
        if let self { return self }
        return try await repository.commit(commit).tree
    }
}
