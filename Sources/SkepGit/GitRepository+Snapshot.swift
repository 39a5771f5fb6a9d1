import CGit2

extension GitRepository {
    /// Writes the working tree as it is now into the repository, as a tree.
    ///
    /// Ignored files are left out unless the index or one of `trees` has them. Files that look as
    /// the index has them aren't read. Nothing in the working tree can make this run a program,
    /// follow a link or wait.
    ///
    /// - Parameters:
    ///   - trees: Trees whose files count as tracked.
    ///   - maxFileBytes: Larger files are left as the index has them, and noted.
    public func snapshot(trackedIn trees: [GitObjectID] = [], maxFileBytes: Int = 256 << 20)
        throws(GitError) -> GitSnapshot
    {
        var tracked: Set<String> = []
        for id in trees {
            let tree = try lookUp(tree: id)
            defer { git_tree_free(tree) }
            tracked.formUnion(try files(of: tree, skipsForeign: true).keys)
        }
        let scan = try GitScan(pointer, tracked: tracked, maxFileBytes: maxFileBytes)
        try scan.run()
        return GitSnapshot(tree: try scan.finish(), notes: scan.notes)
    }

    /// Writes the tree of another index, read from a file; its objects must be in the repository.
    public func writeTree(ofIndexAt path: String) throws(GitError) -> GitObjectID {
        var index: OpaquePointer?
        try git(git_index_open(&index, path), "Can't read the index \"\(path)\"")
        defer { git_index_free(index) }
        guard git_index_has_conflicts(index) == 0 else {
            throw .conflict("The index \"\(path)\" has conflicts.")
        }
        var id = git_oid()
        try git(git_index_write_tree_to(&id, index, pointer), "Can't write the tree of an index")
        return GitObjectID(id)
    }
}

/// One walk through a working tree that brings the index up to date.
private final class GitScan {
    private let repository: OpaquePointer
    private let tree: GitWorkTree
    private let index: GitIndex
    private let maxFileBytes: Int
    private let tracked: Set<String>
    private let trackedFolders: Set<String>
    private var seen: Set<String> = []
    /// Folders that couldn't be looked into; what the index has there stays.
    private var unseen: [String] = []
    private(set) var notes: [GitNote] = []

    init(_ repository: OpaquePointer, tracked: Set<String>, maxFileBytes: Int) throws(GitError) {
        self.repository = repository
        self.maxFileBytes = maxFileBytes
        tree = try GitWorkTree(repository)
        index = try GitIndex(of: repository)
        self.tracked = tracked.union(index.paths)
        var folders: Set<String> = []
        for path in self.tracked {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                if !folders.insert(String(rest)).inserted { break }
            }
        }
        trackedFolders = folders
    }

    func run() throws(GitError) { try walk(tree.root, "", depth: 0) }

    func finish() throws(GitError) -> GitObjectID {
        let gone = index.paths.filter { path in
            !seen.contains(path) && !unseen.contains { path.hasPrefix($0) }
        }
        for path in gone { try index.remove(path) }
        try index.write()
        return try index.writeTree()
    }

    private func walk(_ folder: Folder, _ prefix: String, depth: Int) throws(GitError) {
        notes += try tree.secureRules(of: folder, prefix)
        let (names, odd) = try folder.names()
        for name in odd {
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            notes.append(.foreignName(path: prefix + String(decoding: bytes, as: UTF8.self)))
        }
        for name in names {
            let path = prefix + name
            guard name.lowercased() != ".git" else {
                if !prefix.isEmpty { notes.append(.nestedGit(path: String(prefix.dropLast()))) }
                continue
            }
            guard isUsableEntryName(name) else {
                notes.append(.unusableName(path: path))
                continue
            }
            guard let status = folder.status(name) else { continue }
            if status.kind == .folder {
                try enter(folder, name, path, depth)
            } else {
                try take(folder, name, path, status)
            }
        }
    }

    private func enter(_ parent: Folder, _ name: String, _ path: String, _ depth: Int)
        throws(GitError)
    {
        if index.file(at: path)?.mode == .submodule {
            seen.insert(path)
            return
        }
        let isTracked = trackedFolders.contains(path)
        if !isTracked, tree.isIgnored(path + "/") { return }
        guard depth < 200 else {
            notes.append(.unreadable(path: path))
            return
        }
        do throws(GitError) {
            let folder = try parent.folder(name)
            if !isTracked, folder.status(".git") != nil {
                notes.append(.nestedRepository(path: path))
                return
            }
            try walk(folder, path + "/", depth: depth + 1)
        } catch .file {
            notes.append(.unreadable(path: path))
            unseen.append(path + "/")
        }
    }

    private func take(_ folder: Folder, _ name: String, _ path: String, _ status: FileStatus)
        throws(GitError)
    {
        let isTracked = tracked.contains(path)
        if !isTracked, tree.isIgnored(path) { return }
        if index.isUnchanged(path, status) {
            seen.insert(path)
            return
        }
        do throws(GitError) {
            switch status.kind {
            case .file:
                guard status.size <= maxFileBytes else {
                    notes.append(.tooLarge(path: path))
                    if isTracked { seen.insert(path) }
                    return
                }
                let bytes = try folder.read(name, atMost: maxFileBytes)
                let content = try tree.filter(bytes, path, GIT_FILTER_TO_ODB)
                let mode: GitFile.Mode = status.isExecutable ? .executable : .file
                try index.set(path, GitFile(id: try blob(content), mode: mode), status)
            case .link:
                let target = try folder.readLink(name)
                try index.set(path, GitFile(id: try blob(target), mode: .link), status)
            case .special, .folder:
                notes.append(.special(path: path))
                return
            }
            seen.insert(path)
        } catch {
            switch error {
            case .file:
                notes.append(.unreadable(path: path))
                if isTracked { seen.insert(path) }
            case .invalidName: notes.append(.unusableName(path: path))
            default: throw error
            }
        }
    }

    private func blob(_ bytes: [UInt8]) throws(GitError) -> GitObjectID {
        var id = git_oid()
        let code = bytes.withUnsafeBytes {
            git_blob_create_from_buffer(&id, repository, $0.baseAddress, $0.count)
        }
        try git(code, "Can't write an object")
        return GitObjectID(id)
    }
}
