import CGit2

/// Something in a working tree that couldn't be taken as it is.
public enum GitNote: Sendable, Hashable {
    /// A socket, a named pipe or a device.
    case special(path: String)
    case unreadable(path: String)
    /// A repository within the working tree; nothing in it was taken.
    case nestedRepository(path: String)
    /// A `.git` among tracked files; they were taken, it wasn't.
    case nestedGit(path: String)
    /// A name that git doesn't allow.
    case unusableName(path: String)
    /// A name that isn't UTF-8. Git takes such names, Skep can't.
    case foreignName(path: String)
    case tooLarge(path: String)

    /// A sentence for people.
    public var text: String {
        switch self {
        case .special(let path): "\"\(path)\" is a socket, pipe or device and wasn't taken."
        case .unreadable(let path): "\"\(path)\" can't be read and was left as it was."
        case .nestedRepository(let path):
            "\"\(path)\" is a repository of its own; its files weren't taken."
        case .nestedGit(let path): "\"\(path)\" has a repository of its own, which wasn't taken."
        case .unusableName(let path): "\"\(path)\" isn't a name for git; it wasn't taken."
        case .foreignName(let path): "\"\(path)\" wasn't taken: its name isn't UTF-8."
        case .tooLarge(let path): "\"\(path)\" is too large and wasn't taken."
        }
    }
}

/// A working tree as it is now.
public struct GitSnapshot: Sendable, Hashable {
    /// In the repository; no reference leads there.
    public let tree: GitObjectID
    public let notes: [GitNote]
}

/// A repository's working tree. All access goes through `Folder`: who owns the tree may have put
/// links, pipes and repositories anywhere in it.
struct GitWorkTree {
    let repository: OpaquePointer
    let root: Folder

    init(_ repository: OpaquePointer) throws(GitError) {
        guard let path = git_repository_workdir(repository) else {
            throw .conflict("The repository has no working tree.")
        }
        self.repository = repository
        // Without the slash at its end, which would follow a link.
        let text = String(cString: path)
        root = try Folder(text.hasSuffix("/") ? String(text.dropLast()) : text)
    }

    /// Whether a path that isn't tracked is ignored; ask for folders with "/" at the end.
    func isIgnored(_ path: String) -> Bool {
        var ignored: Int32 = 0
        return git_ignore_path_is_ignored(&ignored, repository, path) == 0 && ignored == 1
    }

    /// Makes a folder's rule files safe for libgit2, which opens them by path: one that is, or
    /// leads to, anything but an ordinary file could hold us up for ever and is removed.
    func secureRules(of folder: Folder, _ prefix: String) throws(GitError) -> [GitNote] {
        var notes: [GitNote] = []
        for name in [".gitignore", ".gitattributes"] {
            guard let status = folder.status(name), status.kind != .file, status.kind != .folder
            else { continue }
            if status.kind == .link {
                let target = folder.targetStatus(name)?.kind
                if target == nil || target == .file || target == .folder { continue }
            }
            try folder.remove(name)
            notes.append(.special(path: prefix + name))
        }
        return notes
    }

    /// Converts between the working tree's and the repository's form of a file (line ends, `$Id$`).
    func filter(_ bytes: [UInt8], _ path: String, _ direction: git_filter_mode_t)
        throws(GitError) -> [UInt8]
    {
        var filters: OpaquePointer?
        try git(
            git_filter_list_load(
                &filters, repository, nil, path, direction,
                GIT_FILTER_ALLOW_UNSAFE.rawValue | GIT_FILTER_NO_SYSTEM_ATTRIBUTES.rawValue),
            "Can't read the attributes of \"\(path)\"")
        guard let filters else { return bytes }
        defer { git_filter_list_free(filters) }
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        let code = bytes.withUnsafeBytes {
            git_filter_list_apply_to_buffer(
                &buffer, filters, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        try git(code, "Can't convert \"\(path)\"")
        return Array(UnsafeRawBufferPointer(start: buffer.ptr, count: buffer.size))
    }
}

/// Whether a name may stand in a tree: no way out of it, and not git's own.
func isUsableEntryName(_ name: String) -> Bool {
    let folded = name.lowercased()
    return !name.isEmpty && name != "." && name != ".." && folded != ".git" && folded != "git~1"
        && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
}
