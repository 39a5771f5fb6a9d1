import CGit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where in commits something was found.
public enum GitFinding: Sendable, Hashable {
    /// In a file of this commit, or in its path.
    case file(path: String, commit: GitObjectID)
    /// In the commit itself: its message, its author.
    case commit(GitObjectID)
}

extension GitRepository {
    /// Searches all that the commits bring which lead to `head` and not to `base`: each commit as it
    /// is stored, and the path and the content of each file that one adds or changes, also where a
    /// later one takes it back.
    ///
    /// - Parameter isWanted: Gets the bytes of one thing, whole. Called on the repository's thread.
    public func search(
        from base: GitObjectID, to head: GitObjectID, for isWanted: @Sendable ([UInt8]) -> Bool
    ) throws(GitError) -> [GitFinding] {
        var found: [GitFinding] = []
        var searched: Set<GitObjectID> = []
        for commit in try log(from: base, to: head) {
            if isWanted(try stored(commit.id)) { found.append(.commit(commit.id)) }
            for file in try additions(of: commit) {
                let isNew = file.content.map { searched.insert($0).inserted } ?? false
                if isWanted(Array(file.path.utf8)) {
                    found.append(.file(path: file.path, commit: commit.id))
                } else if isNew, let content = file.content, isWanted(try stored(content)) {
                    found.append(.file(path: file.path, commit: commit.id))
                }
            }
        }
        return found
    }

    /// Those of some texts that stand in a file of a commit. Reads no more files than it needs to find
    /// each of them.
    public func texts(_ texts: Set<String>, heldBy commit: GitObjectID) throws(GitError)
        -> Set<String>
    {
        let tree = try tree(of: commit)
        defer { git_tree_free(tree) }
        var missing = texts
        for file in try files(of: tree).values where file.mode != .submodule && !missing.isEmpty {
            let content = try stored(file.id)
            missing = missing.filter { !content.holds(Array($0.utf8)) }
        }
        return texts.subtracting(missing)
    }

    /// The files that a commit has otherwise than its first parent. Those of submodules have no
    /// content here.
    private func additions(of commit: GitCommit) throws(GitError) -> [(
        path: String, content: GitObjectID?
    )] {
        let old = try tree(of: commit.parents.first)
        defer { git_tree_free(old) }
        let new = try tree(of: commit.id)
        defer { git_tree_free(new) }
        var diff: OpaquePointer?
        try git(git_diff_tree_to_tree(&diff, pointer, old, new, nil), "Can't compare trees")
        defer { git_diff_free(diff) }
        var files: [(path: String, content: GitObjectID?)] = []
        for index in 0..<git_diff_num_deltas(diff) {
            guard let delta = git_diff_get_delta(diff, index)?.pointee,
                delta.status != GIT_DELTA_DELETED, let path = delta.new_file.path
            else { continue }
            let isSubmodule = UInt32(delta.new_file.mode) == GIT_FILEMODE_COMMIT.rawValue
            files.append(
                (String(cString: path), isSubmodule ? nil : GitObjectID(delta.new_file.id)))
        }
        return files
    }

    /// An object's bytes, as they are stored.
    private func stored(_ id: GitObjectID) throws(GitError) -> [UInt8] {
        var database: OpaquePointer?
        try git(git_repository_odb(&database, pointer), "Can't open the objects")
        defer { git_odb_free(database) }
        var object: OpaquePointer?
        var raw = id.raw
        try git(git_odb_read(&object, database, &raw), "Can't read object \(id)")
        defer { git_odb_object_free(object) }
        return Array(
            UnsafeRawBufferPointer(
                start: git_odb_object_data(object), count: git_odb_object_size(object)))
    }
}

extension [UInt8] {
    fileprivate func holds(_ text: [UInt8]) -> Bool {
        guard let first = text.first else { return true }
        return withUnsafeBytes { bytes in
            var rest = bytes[...]
            while rest.count >= text.count, let start = rest.baseAddress,
                let hit = memchr(start, Int32(first), rest.count - text.count + 1)
            {
                if memcmp(hit, text, text.count) == 0 { return true }
                rest = rest.dropFirst(UnsafeRawPointer(hit) - start + 1)
            }
            return false
        }
    }
}

extension Slice where Base == UnsafeRawBufferPointer {
    fileprivate var baseAddress: UnsafeRawPointer? {
        base.baseAddress.map { $0 + startIndex }
    }
}
