import CGit2

extension GitRepository {
    /// Lets the repository also read objects from another `objects` folder, until it is closed.
    /// Nothing is written there. Each object is checked against its name when it is read.
    public func addObjects(at folder: String) throws(GitError) {
        var database: OpaquePointer?
        try git(git_repository_odb(&database, pointer), "Can't open the objects")
        defer { git_odb_free(database) }
        try git(git_odb_add_disk_alternate(database, folder), "Can't read \"\(folder)\"")
    }

    /// Copies a commit and everything it needs into another repository, from the oldest to the
    /// newest object: whatever is there is there with all that it needs, also after a crash.
    ///
    /// The objects may be a stranger's: those that are damaged, and trees with names that lead out
    /// of a working tree, are refused.
    ///
    /// - Parameter destination: The folder of the other repository.
    /// - Throws: `GitError.corrupt`, and then nothing leads to what was copied.
    public func copyCommit(_ id: GitObjectID, to destination: String) throws(GitError) {
        let objects = destination + "/objects"
        try GitObjectCopy(from: pointer, to: objects).commits(to: id)
        try Folder(objects).syncFileSystem()
    }

    /// The same for a tree.
    public func copyTree(_ id: GitObjectID, to destination: String) throws(GitError) {
        let objects = destination + "/objects"
        try GitObjectCopy(from: pointer, to: objects).tree(id, depth: 0)
        try Folder(objects).syncFileSystem()
    }
}

/// One copying of objects.
private final class GitObjectCopy {
    private let source: Database
    private let target: Database

    private final class Database {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        deinit { git_odb_free(pointer) }

        func has(_ id: GitObjectID) -> Bool {
            var raw = id.raw
            return git_odb_exists(pointer, &raw) == 1
        }
    }

    init(from repository: OpaquePointer, to objects: String) throws(GitError) {
        var database: OpaquePointer?
        try git(git_repository_odb(&database, repository), "Can't open the objects")
        guard let database else { throw .corrupt("no objects") }
        source = Database(database)
        var other: OpaquePointer?
        try git(git_odb_open(&other, objects), "Can't open \"\(objects)\"")
        guard let other else { throw .corrupt("no objects") }
        target = Database(other)
    }

    /// Copies the commits that lead to `head` and aren't there yet.
    func commits(to head: GitObjectID) throws(GitError) {
        var waiting = [head]
        var found: Set<GitObjectID> = []
        // Each commit before those it was made from; the last copied first.
        var order: [(id: GitObjectID, tree: GitObjectID)] = []
        var parents: [GitObjectID: [GitObjectID]] = [:]
        while let id = waiting.popLast() {
            guard !target.has(id), found.insert(id).inserted else { continue }
            let commit = try read(id, GIT_OBJECT_COMMIT)
            let (tree, above) = try Self.parse(commit, id)
            order.append((id, tree))
            parents[id] = above
            waiting += above
        }
        let trees = Dictionary(order.map { ($0.id, $0.tree) }, uniquingKeysWith: { one, _ in one })
        var done: Set<GitObjectID> = []
        for (id, _) in order.reversed() {
            // Parents first, without recursion: histories are long.
            var stack = [id]
            while let top = stack.last {
                let missing = (parents[top] ?? []).filter { trees[$0] != nil && !done.contains($0) }
                if done.contains(top) {
                    stack.removeLast()
                } else if missing.isEmpty, let tree = trees[top] {
                    try self.tree(tree, depth: 0)
                    try copy(top, GIT_OBJECT_COMMIT)
                    done.insert(top)
                    stack.removeLast()
                } else {
                    stack += missing
                }
            }
        }
    }

    func tree(_ id: GitObjectID, depth: Int) throws(GitError) {
        guard !target.has(id) else { return }
        guard depth < 200 else { throw .corrupt("folders nested more than 200 deep") }
        let bytes = try read(id, GIT_OBJECT_TREE)
        for entry in try Self.entries(of: bytes, id) {
            switch entry.mode {
            case 0o40000: try tree(entry.id, depth: depth + 1)
            case 0o160000: break
            case 0o100644, 0o100755, 0o100664, 0o120000: try copy(entry.id, GIT_OBJECT_BLOB)
            default: throw .corrupt("tree \(id) has an entry of mode \(entry.mode)")
            }
        }
        try copy(id, GIT_OBJECT_TREE)
    }

    private func copy(_ id: GitObjectID, _ type: git_object_t) throws(GitError) {
        guard !target.has(id) else { return }
        let bytes = try read(id, type)
        var written = git_oid()
        let code = bytes.withUnsafeBytes {
            git_odb_write(&written, target.pointer, $0.baseAddress, $0.count, type)
        }
        try git(code, "Can't write object \(id)")
        guard GitObjectID(written) == id else { throw .corrupt("object \(id) has another name") }
    }

    private func read(_ id: GitObjectID, _ type: git_object_t) throws(GitError) -> [UInt8] {
        var object: OpaquePointer?
        var raw = id.raw
        guard git_odb_read(&object, source.pointer, &raw) == 0 else {
            throw .corrupt("object \(id) is missing or damaged")
        }
        defer { git_odb_object_free(object) }
        guard git_odb_object_type(object) == type else {
            throw .corrupt("object \(id) isn't what its user takes it for")
        }
        return Array(
            UnsafeRawBufferPointer(
                start: git_odb_object_data(object), count: git_odb_object_size(object)))
    }

    /// "tree <id>", then any number of "parent <id>", each on a line.
    private static func parse(_ bytes: [UInt8], _ id: GitObjectID) throws(GitError) -> (
        tree: GitObjectID, parents: [GitObjectID]
    ) {
        var tree: GitObjectID?
        var parents: [GitObjectID] = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = String(decoding: line.prefix(60), as: UTF8.self)
            if tree == nil {
                guard text.hasPrefix("tree ") else { break }
                tree = GitObjectID(String(text.dropFirst(5)))
            } else if text.hasPrefix("parent ") {
                guard let parent = GitObjectID(String(text.dropFirst(7))) else { break }
                parents.append(parent)
            } else {
                break
            }
        }
        guard let tree else { throw .corrupt("commit \(id) can't be read") }
        return (tree, parents)
    }

    /// "<mode> <name>", a zero byte, 20 bytes of id; again and again.
    private static func entries(of bytes: [UInt8], _ id: GitObjectID) throws(GitError) -> [(
        mode: UInt32, id: GitObjectID
    )] {
        var rest = bytes[...]
        var entries: [(mode: UInt32, id: GitObjectID)] = []
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                let zero = rest[space...].firstIndex(of: 0), rest.endIndex - zero > 20,
                let mode = UInt32(String(decoding: rest[..<space], as: UTF8.self), radix: 8)
            else { throw .corrupt("tree \(id) can't be read") }
            let name = String(decoding: rest[(space + 1)..<zero], as: UTF8.self)
            guard isUsableEntryName(name) else {
                throw .corrupt("tree \(id) has an entry \"\(name)\"")
            }
            var raw = git_oid()
            withUnsafeMutableBytes(of: &raw.id) {
                $0.copyBytes(from: rest[(zero + 1)...].prefix(20))
            }
            entries.append((mode, GitObjectID(raw)))
            rest = rest[(zero + 21)...]
        }
        return entries
    }
}
