#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A folder that an agent may write, held open. Its entries are reached by name, one step at a
/// time, and links are never followed: what was put there can't lead anywhere else.
final class OpenFolder: Sendable {
    private let descriptor: Int32

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// `nil` when there is no such folder.
    init?(_ path: String) {
        descriptor = open(path, Self.flags)
        if descriptor < 0 { return nil }
    }

    private init?(_ parent: OpenFolder, _ name: String) {
        descriptor = openat(parent.descriptor, name, Self.flags)
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func folder(_ name: String) -> OpenFolder? { OpenFolder(self, name) }

    /// The folder that a path of names leads to.
    func folder(_ names: some Sequence<Substring>) -> OpenFolder? {
        var current: OpenFolder? = self
        for name in names where name != "." {
            guard name != ".." else { return nil }
            current = current?.folder(String(name))
        }
        return current
    }

    /// What tells a file, as it is now, from what it was before.
    struct Fingerprint: Sendable, Hashable {
        let inode: UInt64
        let size: Int64
        let changedSeconds: Int
        let changedNanoseconds: Int
    }

    enum Entry: Sendable {
        case folder
        case file(Fingerprint)
    }

    /// What has this name; `nil` for nothing, links and the like.
    func entry(_ name: String) -> Entry? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return .file(Fingerprint(status))
        default: return nil
        }
    }

    /// The names in it, in order; at most `limit`. Those that aren't UTF-8 are left out.
    func names(atMost limit: Int) -> [String] {
        let copy = openat(descriptor, ".", Self.flags)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != ".."
            else { continue }
            names.append(name)
        }
        return names.sorted()
    }

    enum Reading: Sendable {
        case bytes([UInt8])
        /// There is no such thing.
        case missing
        /// Why it isn't read.
        case refused(String)
    }

    /// Reads an ordinary file with one name.
    func read(_ name: String, atMost limit: Int) -> Reading {
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            return errno == ENOENT ? .missing : .refused("it can't be opened")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return .refused("it isn't an ordinary file")
        }
        // A second name may be that of a file the agent couldn't read itself.
        guard status.st_nlink <= 1 else { return .refused("it is a link to another file") }
        guard status.st_size <= limit else {
            return .refused("it has more than \(limit >> 10) KiB")
        }
        return bytes(of: file, atMost: limit)
    }

    private func bytes(of file: Int32, atMost limit: Int) -> Reading {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = chunk.withUnsafeMutableBytes { Glue.read(file, $0) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return .refused("it can't be read") }
            if got == 0 { return .bytes(bytes) }
            bytes += chunk.prefix(got)
            // It grew meanwhile.
            guard bytes.count <= limit else {
                return .refused("it has more than \(limit >> 10) KiB")
            }
        }
    }
}

/// The system's function, apart from the method of the same name.
private enum Glue {
    static func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }
}

extension OpenFolder.Fingerprint {
    fileprivate init(_ status: stat) {
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        self.init(
            inode: UInt64(status.st_ino), size: Int64(status.st_size),
            changedSeconds: time.tv_sec, changedNanoseconds: time.tv_nsec)
    }
}
