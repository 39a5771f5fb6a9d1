import CGit2

extension GitRepository {
    /// A commit's facts.
    public func commit(_ id: GitObjectID) throws(GitError) -> GitCommit {
        let commit = try lookUp(commit: id)
        defer { git_commit_free(commit) }
        let parents = (0..<git_commit_parentcount(commit)).compactMap {
            git_commit_parent_id(commit, $0).map { GitObjectID($0.pointee) }
        }
        guard let tree = git_commit_tree_id(commit), let author = git_commit_author(commit),
            let committer = git_commit_committer(commit)
        else { throw .corrupt("commit \(id) has no tree or no author") }
        return GitCommit(
            id: id, tree: GitObjectID(tree.pointee), parents: parents,
            author: GitSignature(author.pointee), committer: GitSignature(committer.pointee),
            message: git_commit_message_raw(commit).map { String(cString: $0) } ?? "")
    }

    /// The commits that lead to `head` and not to `base`, newest first, at most `limit`.
    public func log(from base: GitObjectID?, to head: GitObjectID, limit: Int = .max)
        throws(GitError) -> [GitCommit]
    {
        var walk: OpaquePointer?
        try git(git_revwalk_new(&walk, pointer), "Can't walk the history")
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_TIME.rawValue)
        var id = head.raw
        try git(git_revwalk_push(walk, &id), "Can't walk the history", subject: "commit \(head)")
        if let base {
            var hidden = base.raw
            try git(
                git_revwalk_hide(walk, &hidden), "Can't walk the history",
                subject: "commit \(base)")
        }
        var found: [GitCommit] = []
        while found.count < limit {
            let code = git_revwalk_next(&id, walk)
            if code == GIT_ITEROVER.rawValue { break }
            try git(code, "Can't walk the history")
            found.append(try commit(GitObjectID(id)))
        }
        return found
    }

    /// Whether `head` is `base` or descends from it.
    public func isAncestor(_ base: GitObjectID, of head: GitObjectID) throws(GitError) -> Bool {
        if base == head { return hasCommit(head) }
        var older = base.raw
        var newer = head.raw
        return try git(
            git_graph_descendant_of(pointer, &newer, &older),
            "Can't compare \(base.short) with \(head.short)") == 1
    }

    /// The best common ancestor; `nil` when they share none.
    public func mergeBase(_ one: GitObjectID, _ other: GitObjectID) throws(GitError)
        -> GitObjectID?
    {
        var found = git_oid()
        var left = one.raw
        var right = other.raw
        let code = git_merge_base(&found, pointer, &left, &right)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try git(code, "Can't find what \(one.short) and \(other.short) share")
        return GitObjectID(found)
    }

    /// Writes a commit; no reference is changed.
    public func createCommit(
        tree: GitObjectID, parents: [GitObjectID], message: String, author: GitSignature,
        committer: GitSignature
    ) throws(GitError) -> GitObjectID {
        let tree = try lookUp(tree: tree)
        defer { git_tree_free(tree) }
        var commits: [OpaquePointer?] = []
        defer { for commit in commits { git_commit_free(commit) } }
        for parent in parents { commits.append(try lookUp(commit: parent)) }
        let authorPointer = try author.make()
        defer { git_signature_free(authorPointer) }
        let committerPointer = try committer.make()
        defer { git_signature_free(committerPointer) }
        var id = git_oid()
        try git(
            skep_git_commit_create(
                &id, pointer, authorPointer, committerPointer, message, tree, commits.count,
                commits),
            "Can't write a commit")
        return GitObjectID(id)
    }

    func lookUp(commit id: GitObjectID) throws(GitError) -> OpaquePointer? {
        var found: OpaquePointer?
        var raw = id.raw
        try git(
            git_commit_lookup(&found, pointer, &raw), "Can't read commit \(id)",
            subject: "commit \(id)")
        return found
    }

    func lookUp(tree id: GitObjectID) throws(GitError) -> OpaquePointer? {
        var found: OpaquePointer?
        var raw = id.raw
        try git(
            git_tree_lookup(&found, pointer, &raw), "Can't read tree \(id)", subject: "tree \(id)")
        return found
    }

    /// The tree of a commit; `nil` gives no tree, which compares as an empty one.
    func tree(of commit: GitObjectID?) throws(GitError) -> OpaquePointer? {
        guard let commit else { return nil }
        let found = try lookUp(commit: commit)
        defer { git_commit_free(found) }
        var tree: OpaquePointer?
        try git(git_commit_tree(&tree, found), "Can't read the tree of \(commit)")
        return tree
    }
}

extension GitSignature {
    init(_ raw: git_signature) {
        self.init(
            name: raw.name.map { String(cString: $0) } ?? "",
            email: raw.email.map { String(cString: $0) } ?? "",
            seconds: raw.when.time, offset: raw.when.offset)
    }

    /// libgit2's form; the caller frees it.
    func make() throws(GitError) -> UnsafeMutablePointer<git_signature>? {
        var made: UnsafeMutablePointer<git_signature>?
        try git(
            git_signature_new(&made, name, email, seconds, offset),
            "Can't sign as \"\(name)\" <\(email)>")
        return made
    }
}
