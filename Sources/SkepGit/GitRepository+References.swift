import CGit2

extension GitRepository {
    /// Whether git allows the name of a branch, given without "refs/heads/".
    public static func isValid(branch: String) -> Bool {
        var isValid: Int32 = 0
        return git_reference_name_is_valid(&isValid, "refs/heads/" + branch) == 0 && isValid == 1
            && !branch.hasPrefix("-") && branch != "HEAD"
    }

    /// The object that a reference or HEAD leads to; `nil` when there is none.
    public func resolve(_ name: String) throws(GitError) -> GitObjectID? {
        var id = git_oid()
        let code = git_reference_name_to_id(&id, pointer, name)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try git(code, "Can't read \"\(name)\"", subject: name)
        return GitObjectID(id)
    }

    /// Whether a commit is there.
    public func hasCommit(_ id: GitObjectID) -> Bool {
        var commit: OpaquePointer?
        var raw = id.raw
        defer { git_commit_free(commit) }
        return git_commit_lookup(&commit, pointer, &raw) == 0
    }

    /// The references whose names match a pattern such as "refs/heads/*", in order of their names.
    /// The "*" also stands for "/". Those that lead nowhere are left out.
    public func references(matching pattern: String) throws(GitError) -> [GitReference] {
        var iterator: OpaquePointer?
        try git(
            git_reference_iterator_glob_new(&iterator, pointer, pattern), "Can't list references")
        defer { git_reference_iterator_free(iterator) }
        var found: [GitReference] = []
        var name: UnsafePointer<CChar>?
        while true {
            let code = git_reference_next_name(&name, iterator)
            if code == GIT_ITEROVER.rawValue { break }
            try git(code, "Can't list references")
            guard let name else { break }
            let text = String(cString: name)
            if let target = try resolve(text) {
                found.append(GitReference(name: text, target: target))
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Makes a reference or moves it, if it is where it is thought to be.
    ///
    /// - Parameter old: What it leads to now; `nil`: it doesn't exist.
    /// - Throws: `GitError.staleReference` when it is somewhere else.
    public func setReference(_ name: String, to target: GitObjectID, replacing old: GitObjectID?)
        throws(GitError)
    {
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        var id = target.raw
        if let old {
            var expected = old.raw
            let code = git_reference_create_matching(
                &reference, pointer, name, &id, 1, &expected, nil)
            if code == GIT_ENOTFOUND.rawValue { throw .staleReference(name) }
            try git(code, "Can't set \"\(name)\"", subject: name)
        } else {
            let code = git_reference_create(&reference, pointer, name, &id, 0, nil)
            if code == GIT_EEXISTS.rawValue {
                if try resolve(name) == target { return }
                throw .staleReference(name)
            }
            try git(code, "Can't set \"\(name)\"", subject: name)
        }
    }

    /// Makes a reference or moves it, wherever it is.
    public func forceReference(_ name: String, to target: GitObjectID) throws(GitError) {
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        var id = target.raw
        try git(
            git_reference_create(&reference, pointer, name, &id, 1, nil),
            "Can't set \"\(name)\"", subject: name)
    }

    /// Deletes a reference if it is where it is thought to be; one that is gone is fine.
    public func deleteReference(_ name: String, expecting old: GitObjectID) throws(GitError) {
        var reference: OpaquePointer?
        let code = git_reference_lookup(&reference, pointer, name)
        if code == GIT_ENOTFOUND.rawValue { return }
        try git(code, "Can't read \"\(name)\"", subject: name)
        defer { git_reference_free(reference) }
        guard let target = git_reference_target(reference), GitObjectID(target.pointee) == old
        else { throw .staleReference(name) }
        try git(git_reference_delete(reference), "Can't delete \"\(name)\"", subject: name)
    }

    /// Points HEAD, or another symbolic reference, at a reference, which needn't exist.
    public func setHead(_ head: String = "HEAD", to name: String) throws(GitError) {
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        try git(
            git_reference_symbolic_create(&reference, pointer, head, name, 1, nil),
            "Can't set \(head) to \"\(name)\"", subject: name)
    }

    /// The reference that HEAD names; `nil` when HEAD names a commit.
    public func headTarget() throws(GitError) -> String? {
        var reference: OpaquePointer?
        try git(git_reference_lookup(&reference, pointer, "HEAD"), "Can't read HEAD")
        defer { git_reference_free(reference) }
        return git_reference_symbolic_target(reference).map { String(cString: $0) }
    }
}
