import CGit2

extension GitRepository {
    /// Makes the working tree exactly a commit's tree: changed files are written anew, and what
    /// isn't in the commit is removed, ignored files and nested repositories included. `.git` at
    /// its top is left alone.
    ///
    /// Files that are as they were after the last checkout aren't touched, so that a warm tree
    /// costs only what differs. Save what is there before: nothing is asked.
    ///
    /// - Parameters:
    ///   - keepsIgnored: Whether files that the commit's `.gitignore` names may stay.
    ///   - kept: Folders that stay even so, where it names them; paths without "/" at the end.
    ///   - owner: Who new files and folders are given to.
    public func checkOut(
        _ commit: GitObjectID, keepsIgnored: Bool = false, keeping kept: Set<String> = [],
        owner: FileOwner? = nil
    ) throws(GitError) {
        let commitTree = try tree(of: commit)
        defer { git_tree_free(commitTree) }
        let files = try files(of: commitTree)
        let checkout = try GitCheckout(pointer, files, owner: owner)
        try checkout.write()
        try checkout.clean(keepsIgnored: keepsIgnored, kept)
    }

    /// All files of a tree by path.
    ///
    /// - Parameter skipsForeign: Whether those whose names aren't UTF-8 are left out, and no error.
    func files(
        of tree: OpaquePointer?, skipsForeign: Bool = false
    ) throws(GitError) -> [String: GitFile] {
        var files: [String: GitFile] = [:]
        try collect(tree, "", 0, skipsForeign, into: &files)
        return files
    }

    private func collect(
        _ tree: OpaquePointer?, _ prefix: String, _ depth: Int, _ skipsForeign: Bool,
        into files: inout [String: GitFile]
    ) throws(GitError) {
        guard depth < 200 else { throw .corrupt("folders nested more than 200 deep") }
        for position in 0..<git_tree_entrycount(tree) {
            guard let entry = git_tree_entry_byindex(tree, position),
                let raw = git_tree_entry_name(entry), let id = git_tree_entry_id(entry)
            else { throw .corrupt("a file in \"\(prefix)\" without a name") }
            guard let name = String(validatingCString: raw) else {
                if skipsForeign { continue }
                let path = prefix + String(cString: raw)
                throw .conflict("The name of \"\(path)\" isn't UTF-8; Skep can't work with it.")
            }
            guard isUsableEntryName(name) else {
                throw .corrupt("a name in \"\(prefix)\" that can't be a file")
            }
            let object = GitObjectID(id.pointee)
            if git_tree_entry_type(entry) == GIT_OBJECT_TREE {
                let child = try lookUp(tree: object)
                defer { git_tree_free(child) }
                try collect(child, "\(prefix)\(name)/", depth + 1, skipsForeign, into: &files)
            } else {
                let raw = UInt32(git_tree_entry_filemode(entry).rawValue)
                files[prefix + name] = GitFile(
                    id: object, mode: GitFile.Mode(rawValue: raw) ?? .file)
            }
        }
    }
}

/// One change of a working tree to what a commit has.
private final class GitCheckout {
    private let repository: OpaquePointer
    private let tree: GitWorkTree
    private let index: GitIndex
    private let files: [String: GitFile]
    private let folders: Set<String>
    private let owner: FileOwner?

    init(_ repository: OpaquePointer, _ files: [String: GitFile], owner: FileOwner?)
        throws(GitError)
    {
        self.repository = repository
        self.files = files
        self.owner = owner
        tree = try GitWorkTree(repository)
        index = try GitIndex(of: repository)
        var folders: Set<String> = []
        for path in files.keys {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                if !folders.insert(String(rest)).inserted { break }
            }
        }
        self.folders = folders
    }

    /// Writes what differs. Rule files come first, as they decide about the form of the others.
    func write() throws(GitError) {
        let rules = files.keys.filter { $0.hasSuffix(".gitattributes") }
        var open: (path: String, folder: Folder) = ("", tree.root)
        for path in rules.sorted() + files.keys.sorted() {
            guard let file = files[path] else { continue }
            let slash = path.lastIndex(of: "/")
            let parent = slash.map { String(path[..<$0]) } ?? ""
            if parent != open.path { open = (parent, try folder(at: parent)) }
            let name = String(slash.map { path[path.index(after: $0)...] } ?? path[...])
            try write(name, at: path, file, in: open.folder)
        }
        for path in Array(index.paths) where files[path] == nil { try index.remove(path) }
        try index.write()
    }

    private func folder(at path: String) throws(GitError) -> Folder {
        var folder = tree.root
        for name in path.split(separator: "/") {
            folder = try folder.makeFolder(String(name), owner: owner)
        }
        return folder
    }

    private func write(_ name: String, at path: String, _ file: GitFile, in folder: Folder)
        throws(GitError)
    {
        if file.mode == .submodule {
            _ = try folder.makeFolder(name, owner: owner)
            try index.set(path, file, nil)
            return
        }
        if index.file(at: path) == file, let status = folder.status(name),
            index.isUnchanged(path, status)
        {
            return
        }
        try folder.remove(name)
        let bytes = try content(of: file.id)
        let status =
            if file.mode == .link {
                try folder.writeLink(name, to: bytes, owner: owner)
            } else {
                try folder.write(
                    name, try tree.filter(bytes, path, GIT_FILTER_TO_WORKTREE),
                    mode: file.mode == .executable ? 0o755 : 0o644, owner: owner)
            }
        try index.set(path, file, status)
    }

    private func content(of id: GitObjectID) throws(GitError) -> [UInt8] {
        var blob: OpaquePointer?
        var raw = id.raw
        try git(
            git_blob_lookup(&blob, repository, &raw), "Can't read file \(id)", subject: "file \(id)"
        )
        defer { git_blob_free(blob) }
        return Array(
            UnsafeRawBufferPointer(
                start: git_blob_rawcontent(blob), count: Int(git_blob_rawsize(blob))))
    }

    /// Removes what the commit doesn't have. What is ignored is decided after the commit's own
    /// rules are in place, and after rules that somebody else left are gone.
    func clean(keepsIgnored: Bool, _ kept: Set<String>) throws(GitError) {
        try clean(tree.root, "", keepsIgnored, kept)
    }

    private func clean(
        _ folder: Folder, _ prefix: String, _ keepsIgnored: Bool, _ kept: Set<String>
    ) throws(GitError) {
        for name in [".gitignore", ".gitattributes"] where files[prefix + name] == nil {
            try folder.remove(name)
        }
        let (names, odd) = try folder.names()
        for name in odd { try folder.removeEntry(name) }
        for name in names {
            let path = prefix + name
            if path == ".git" { continue }
            if let file = files[path] {
                if file.mode == .submodule { try folder.folder(name).removeAll() }
            } else if folders.contains(path) {
                try clean(folder.folder(name), path + "/", keepsIgnored, kept)
            } else {
                let isFolder = folder.status(name)?.kind == .folder
                let isWanted = keepsIgnored || isFolder && kept.contains(path)
                if isWanted, tree.isIgnored(isFolder ? path + "/" : path) { continue }
                try folder.remove(name)
            }
        }
    }
}
