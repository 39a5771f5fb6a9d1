import CGit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder that is held open; its entries are reached by name, one step at a time, and links are
/// never followed. So what someone else has put there can't lead us anywhere else.
public final class Folder: Sendable {
    /// Where it was opened, for messages.
    public let path: String
    let descriptor: Int32

    /// Opens a folder. The links on the way to it are followed; it mustn't be one itself.
    public convenience init(_ path: String) throws(GitError) {
        try self.init(open(path, Self.flags), path: path)
    }

    private init(_ descriptor: Int32, path: String) throws(GitError) {
        guard descriptor >= 0 else { throw .file(path: path, reason: Self.reason()) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    static func reason() -> String { String(cString: strerror(errno)) + "." }

    private func fail(_ name: String) -> GitError {
        .file(path: "\(path)/\(name)", reason: Self.reason())
    }

    /// Opens a folder in it.
    public func folder(_ name: String) throws(GitError) -> Folder {
        try Folder(openat(descriptor, name, Self.flags), path: "\(path)/\(name)")
    }

    /// The names in it, in order, without "." and "..".
    ///
    /// - Returns: Those that are UTF-8, and how many aren't.
    public func names() throws(GitError) -> (names: [String], odd: [[CChar]]) {
        let copy = openat(descriptor, ".", Self.flags)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            throw fail("")
        }
        defer { closedir(stream) }
        var names: [String] = []
        var odd: [[CChar]] = []
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                raw.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            guard
                let name = String(
                    validating: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            else {
                odd.append(bytes)
                continue
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return (names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, odd)
    }

    /// What an entry is; `nil` when there is none.
    public func status(_ name: String) -> FileStatus? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return FileStatus(status)
    }

    /// What an entry is at the end of all links.
    func targetStatus(_ name: String) -> FileStatus? {
        var status = stat()
        guard fstatat(descriptor, name, &status, 0) == 0 else { return nil }
        return FileStatus(status)
    }

    /// Reads an ordinary file; anything else is an error.
    public func read(_ name: String, atMost limit: Int) throws(GitError) -> [UInt8] {
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw fail(name) }
        defer { close(file) }
        var raw = stat()
        guard fstat(file, &raw) == 0 else { throw fail(name) }
        let status = FileStatus(raw)
        guard status.kind == .file else {
            throw .file(path: "\(path)/\(name)", reason: "It isn't an ordinary file.")
        }
        guard status.size <= limit else {
            throw .file(path: "\(path)/\(name)", reason: "It has more than \(limit) bytes.")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.size))
        var length = 0
        while length < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                systemRead(file, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw fail(name) }
            if got == 0 { break }
            length += got
        }
        bytes.removeLast(bytes.count - length)
        return bytes
    }

    /// Where a symbolic link points.
    public func readLink(_ name: String) throws(GitError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.map { readlinkat(descriptor, name, $0, buffer.count) } ?? -1
            }
        }
        guard length >= 0 else { throw fail(name) }
        return Array(bytes.prefix(length))
    }

    /// Makes a file; what has the name already is an error.
    @discardableResult
    public func write(
        _ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: FileOwner? = nil
    ) throws(GitError) -> FileStatus {
        let file = openat(
            descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(mode))
        guard file >= 0 else { throw fail(name) }
        defer { close(file) }
        var sent = 0
        while sent < bytes.count {
            let wrote = bytes.withUnsafeBytes {
                systemWrite(file, $0.baseAddress.map { $0 + sent }, $0.count - sent)
            }
            if wrote < 0, errno == EINTR { continue }
            guard wrote >= 0 else { throw fail(name) }
            sent += wrote
        }
        if let owner, fchown(file, owner.user, owner.group) != 0 { throw fail(name) }
        var raw = stat()
        guard fstat(file, &raw) == 0 else { throw fail(name) }
        return FileStatus(raw)
    }

    /// Makes a file or puts a new one in its place; readers see the old one or the new.
    ///
    /// - Parameter modified: When it was written, where that isn't now; never later than that.
    public func replace(
        _ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644, owner: FileOwner? = nil,
        modified: FileStatus.Time? = nil
    ) throws(GitError) {
        try remove(name + ".new")
        let status = try write(name + ".new", bytes, mode: mode, owner: owner)
        if let modified, modified < status.modified { try date(name + ".new", modified) }
        guard renameat(descriptor, name + ".new", descriptor, name) == 0 else { throw fail(name) }
    }

    private func date(_ name: String, _ time: FileStatus.Time) throws(GitError) {
        let written = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        // The time of the last access, and this one.
        var times = [written, written]
        guard utimensat(descriptor, name, &times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw fail(name)
        }
    }

    /// Does something while nobody else does who locks the folder, in this process or another. Where
    /// folders can't be locked (NFS), it is done all the same.
    ///
    /// - Throws: Also when somebody holds the lock for a second.
    public func locked<R>(_ body: () throws(GitError) -> R) throws(GitError) -> R {
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0,
            errno == EWOULDBLOCK || errno == EINTR
        {
            tries += 1
            guard tries < 100 else { throw .file(path: path, reason: "Its lock is held.") }
            usleep(10_000)
        }
        // Closing alone isn't enough: a process that is being started has the descriptor, too.
        defer { flock(descriptor, LOCK_UN) }
        return try body()
    }

    /// Gives an entry another name; a file that has it already is replaced.
    public func rename(_ name: String, to other: String) throws(GitError) {
        guard renameat(descriptor, name, descriptor, other) == 0 else { throw fail(name) }
    }

    /// Makes a symbolic link; what has the name already is an error.
    @discardableResult
    public func writeLink(_ name: String, to target: [UInt8], owner: FileOwner? = nil)
        throws(GitError) -> FileStatus
    {
        let text = target.map { CChar(bitPattern: $0) } + [0]
        guard symlinkat(text, descriptor, name) == 0 else { throw fail(name) }
        try give(name, to: owner)
        guard let status = status(name) else { throw fail(name) }
        return status
    }

    /// Makes a folder, or opens the one that is there. What else has the name is removed first.
    public func makeFolder(_ name: String, mode: UInt32 = 0o755, owner: FileOwner? = nil)
        throws(GitError) -> Folder
    {
        if let status = status(name), status.kind != .folder { try remove(name) }
        if mkdirat(descriptor, name, mode_t(mode)) == 0 {
            try give(name, to: owner)
        } else if errno != EEXIST {
            throw fail(name)
        }
        return try folder(name)
    }

    /// Gives an entry to another user.
    public func give(_ name: String, to owner: FileOwner?) throws(GitError) {
        guard let owner else { return }
        guard fchownat(descriptor, name, owner.user, owner.group, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw fail(name)
        }
    }

    /// Removes an entry and all that is in it; one that isn't there is fine.
    public func remove(_ name: String) throws(GitError) {
        try removeEntry(Array(name.utf8CString))
    }

    /// Removes all that is in it.
    public func removeAll() throws(GitError) {
        let (names, odd) = try names()
        for name in names { try remove(name) }
        for name in odd { try removeEntry(name) }
    }

    func removeEntry(_ name: [CChar]) throws(GitError) {
        if unlinkat(descriptor, name, 0) == 0 || errno == ENOENT { return }
        // Linux says EISDIR for a folder, POSIX and macOS EPERM.
        let shown = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard errno == EISDIR || errno == EPERM else { throw fail(shown) }
        // A folder that its owner has locked himself out of.
        var child = openat(descriptor, name, Self.flags)
        if child < 0, errno == EACCES {
            fchmodat(descriptor, name, 0o700, 0)
            child = openat(descriptor, name, Self.flags)
        }
        let folder = try Folder(child, path: "\(path)/\(shown)")
        fchmod(folder.descriptor, 0o700)
        try folder.removeAll()
        guard unlinkat(descriptor, name, AT_REMOVEDIR) == 0 else { throw fail(shown) }
    }

    /// Waits until everything written to its file system is on the disk.
    public func syncFileSystem() {
        skep_git_sync_file_system(descriptor)
    }
}

// The methods above have the names of the system's functions.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, buffer, count)
}

private func systemWrite(_ file: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, buffer, count)
}
