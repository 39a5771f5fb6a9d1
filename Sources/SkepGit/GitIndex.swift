import CGit2

/// A file as the index, or a tree, has it.
struct GitFile: Hashable {
    let id: GitObjectID
    let mode: Mode

    enum Mode: UInt32 {
        case file = 0o100644
        case executable = 0o100755
        case link = 0o120000
        /// A commit of another repository.
        case submodule = 0o160000
    }
}

/// The index of a repository: what its working tree held when we last looked, and how the files
/// looked then, so that those that look the same needn't be read again.
final class GitIndex {
    private let pointer: OpaquePointer
    private let repository: OpaquePointer
    private var files: [String: GitFile] = [:]
    private var signs: [String: Sign] = [:]
    /// When the index was written. What changed at that very moment may have changed again.
    private let written: FileStatus.Time?

    /// How a file looked: if all of it is the same, the content is.
    private struct Sign: Hashable {
        let modified: FileStatus.Time
        let changed: FileStatus.Time
        let size: UInt32
        let inode: UInt32

        init(_ status: FileStatus) {
            modified = Self.cut(status.modified)
            changed = Self.cut(status.changed)
            size = UInt32(truncatingIfNeeded: status.size)
            inode = UInt32(truncatingIfNeeded: status.inode)
        }

        init(_ entry: git_index_entry) {
            modified = Self.time(entry.mtime)
            changed = Self.time(entry.ctime)
            size = entry.file_size
            inode = entry.ino
        }

        private static func time(_ raw: git_index_time) -> FileStatus.Time {
            FileStatus.Time(
                seconds: Int64(raw.seconds), nanoseconds: Int64(raw.nanoseconds))
        }

        /// The index has 32 bits for seconds.
        private static func cut(_ time: FileStatus.Time) -> FileStatus.Time {
            FileStatus.Time(
                seconds: Int64(Int32(truncatingIfNeeded: time.seconds)),
                nanoseconds: time.nanoseconds)
        }
    }

    init(of repository: OpaquePointer) throws(GitError) {
        var index: OpaquePointer?
        try git(git_repository_index(&index, repository), "Can't open the index")
        guard let index else { throw .corrupt("no index") }
        pointer = index
        self.repository = repository
        // A damaged index is only lost time.
        if git_index_read(index, 1) < 0 { git_index_clear(index) }
        let folder = git_repository_path(repository).flatMap { try? Folder(String(cString: $0)) }
        written = folder?.status("index")?.modified
        for position in 0..<git_index_entrycount(index) {
            guard let entry = git_index_get_byindex(index, position)?.pointee,
                let path = entry.path.map({ String(cString: $0) }),
                let mode = GitFile.Mode(rawValue: entry.mode)
            else { continue }
            files[path] = GitFile(id: GitObjectID(entry.id), mode: mode)
            signs[path] = Sign(entry)
        }
    }

    deinit { git_index_free(pointer) }

    var paths: some Collection<String> { files.keys }

    func file(at path: String) -> GitFile? { files[path] }

    /// Whether a file is surely as it was when it was put into the index.
    func isUnchanged(_ path: String, _ status: FileStatus) -> Bool {
        guard let sign = signs[path], let written, let file = files[path] else { return false }
        let isSameKind =
            switch file.mode {
            case .file: status.kind == .file && !status.isExecutable
            case .executable: status.kind == .file && status.isExecutable
            case .link: status.kind == .link
            case .submodule: false
            }
        return isSameKind && sign == Sign(status) && status.changed < written
    }

    /// Puts a file into the index.
    func set(_ path: String, _ file: GitFile, _ status: FileStatus?) throws(GitError) {
        var entry = git_index_entry()
        entry.id = file.id.raw
        entry.mode = file.mode.rawValue
        if let status {
            entry.mtime = Self.time(status.modified)
            entry.ctime = Self.time(status.changed)
            entry.file_size = UInt32(truncatingIfNeeded: status.size)
            entry.ino = UInt32(truncatingIfNeeded: status.inode)
            entry.dev = UInt32(truncatingIfNeeded: status.device)
            entry.uid = status.user
            entry.gid = status.group
        }
        let code = path.withCString {
            entry.path = $0
            return git_index_add(pointer, &entry)
        }
        try git(code, "Can't take \"\(path)\"", subject: path)
        files[path] = file
    }

    func remove(_ path: String) throws(GitError) {
        let code = git_index_remove(pointer, path, 0)
        if code != GIT_ENOTFOUND.rawValue { try git(code, "Can't drop \"\(path)\"") }
        files[path] = nil
    }

    func write() throws(GitError) { try git(git_index_write(pointer), "Can't write the index") }

    func writeTree() throws(GitError) -> GitObjectID {
        var id = git_oid()
        let code = git_index_write_tree_to(&id, pointer, repository)
        // An object that the index names is gone; libgit2 has no code for that.
        if code == GIT_ERROR.rawValue, GitError.lastClass() != GIT_ERROR_OS {
            throw .corrupt(GitError.lastMessage())
        }
        try git(code, "Can't write a tree")
        return GitObjectID(id)
    }

    private static func time(_ time: FileStatus.Time) -> git_index_time {
        git_index_time(
            seconds: Int32(truncatingIfNeeded: time.seconds),
            nanoseconds: UInt32(truncatingIfNeeded: time.nanoseconds))
    }
}
