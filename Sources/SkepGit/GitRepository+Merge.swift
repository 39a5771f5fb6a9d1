import CGit2

extension GitRepository {
    /// Merges two commits in memory; neither a reference nor a working tree is touched.
    public func merge(_ ours: GitObjectID, with theirs: GitObjectID) throws(GitError) -> GitMerge {
        let left = try lookUp(commit: ours)
        defer { git_commit_free(left) }
        let right = try lookUp(commit: theirs)
        defer { git_commit_free(right) }
        var index: OpaquePointer?
        try git(
            git_merge_commits(&index, pointer, left, right, nil),
            "Can't merge \(ours.short) and \(theirs.short)")
        defer { git_index_free(index) }
        guard git_index_has_conflicts(index) == 0 else {
            return .conflict(paths: try conflictPaths(of: index))
        }
        var tree = git_oid()
        try git(git_index_write_tree_to(&tree, index, pointer), "Can't write the merged tree")
        return .clean(tree: GitObjectID(tree))
    }

    private func conflictPaths(of index: OpaquePointer?) throws(GitError) -> [String] {
        var iterator: OpaquePointer?
        try git(git_index_conflict_iterator_new(&iterator, index), "Can't list conflicts")
        defer { git_index_conflict_iterator_free(iterator) }
        var paths: Set<String> = []
        var (ancestor, ours, theirs): Sides = (nil, nil, nil)
        while git_index_conflict_next(&ancestor, &ours, &theirs, iterator) == 0 {
            for side in [ancestor, ours, theirs] {
                if let path = side?.pointee.path { paths.insert(String(cString: path)) }
            }
        }
        return paths.sorted()
    }

    private typealias Sides = (
        UnsafePointer<git_index_entry>?, UnsafePointer<git_index_entry>?,
        UnsafePointer<git_index_entry>?
    )
}
