import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of a workspace, for somebody who may reach nothing beside them.
///
/// Paths are walked one name at a time, from folder to folder by open descriptors, and links are
/// followed by hand: whatever is moved or replaced meanwhile, the walk doesn't leave the workspace.
struct WorkspaceFiles: Sendable {
    let root: String
    /// Whose the files are that are written; `nil`: Skep's user's.
    let owner: AgentUser?
    static let largest = 8 << 20

    /// The whole of a text file.
    func read(_ path: String) throws(ACPError) -> String {
        let place = try walk(path, makesFolders: false)
        defer { close(place.folder) }
        let file = openat(place.folder, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw Self.error(path) }
        defer { close(file) }
        try Self.checkRegular(file, path)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(file, &buffer, buffer.count)
            #else
                let count = Darwin.read(file, &buffer, buffer.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.error(path) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= Self.largest else { throw Self.tooLarge(path) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .refused("\"\(path)\" isn't a text in UTF-8.")
        }
        return text
    }

    /// Puts a text in a file's place, all of it or nothing; folders above it are made. An existing
    /// file keeps its mode.
    ///
    /// - Parameter draft: A name that nobody else uses; what a crash leaves behind has it.
    func write(_ text: String, to path: String, draft: String) throws(ACPError) {
        guard text.utf8.count <= Self.largest else { throw Self.tooLarge(path) }
        let place = try walk(path, makesFolders: true)
        defer { close(place.folder) }
        if place.isInGit { throw .refused("\"\(path)\" belongs to git; use git to change it.") }
        var mode: mode_t = 0o644
        var status = stat()
        if fstatat(place.folder, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw .refused("\"\(path)\" isn't a file.")
            }
            mode = status.st_mode & 0o777
        }
        unlinkat(place.folder, draft, 0)
        let file = openat(
            place.folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw Self.error(path) }
        defer { close(file) }
        do throws(WireError) {
            try Files.write(Array(text.utf8), to: file, path: path)
        } catch {
            unlinkat(place.folder, draft, 0)
            throw .failed(error.description)
        }
        if let owner, geteuid() == 0 { fchown(file, owner.uid, owner.gid) }
        guard fchmod(file, mode) == 0,
            renameat(place.folder, draft, place.folder, place.name) == 0
        else {
            let error = Self.error(path)
            unlinkat(place.folder, draft, 0)
            throw error
        }
    }

    /// Whether it is a folder of the workspace; throws why not.
    func checkFolder(_ path: String) throws(ACPError) {
        let place = try walk(path, makesFolders: false)
        defer { close(place.folder) }
        let folder = openat(
            place.folder, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw Self.error(path) }
        close(folder)
    }

    private struct Place {
        /// Open; to be closed.
        var folder: Int32
        /// No link, as far as one can know: whoever opens it doesn't follow links. "." for the root.
        var name: String
        var isInGit: Bool
    }

    private func walk(_ path: String, makesFolders: Bool) throws(ACPError) -> Place {
        var left = try parts(below: path)
        var names: [String] = []
        var folders = [open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)]
        guard folders[0] >= 0 else { throw Self.error(root) }
        var isDone = false
        defer { for folder in isDone ? folders.dropLast()[...] : folders[...] { close(folder) } }
        var links = 0
        while let name = left.popLast() {
            // There is always the root's.
            let here = folders[folders.count - 1]
            if name == ".." {
                guard folders.count > 1 else { throw Self.outside(path) }
                close(folders.removeLast())
                names.removeLast()
                continue
            }
            if let target = Self.link(name, in: here) {
                links += 1
                guard links <= 40 else { throw .refused("\"\(path)\" goes round in circles.") }
                if target.hasPrefix("/") {
                    while folders.count > 1 { close(folders.removeLast()) }
                    names = []
                    left += try parts(below: target)
                } else {
                    left += target.split(separator: "/").filter { $0 != "." }.reversed().map(
                        String.init)
                }
                continue
            }
            if left.isEmpty {
                isDone = true
                return Place(folder: here, name: name, isInGit: Self.isGit(names + [name]))
            }
            folders.append(
                try enter(name, in: here, path, makes: makesFolders && !Self.isGit(names + [name])))
            names.append(name)
        }
        isDone = true
        return Place(folder: folders[folders.count - 1], name: ".", isInGit: Self.isGit(names))
    }

    private func enter(
        _ name: String, in here: Int32, _ path: String, makes: Bool
    ) throws(ACPError) -> Int32 {
        if makes, mkdirat(here, name, 0o755) == 0, let owner, geteuid() == 0 {
            fchownat(here, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW)
        }
        let folder = openat(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw Self.error(path) }
        return folder
    }

    /// The names below the workspace, the last one first.
    private func parts(below path: String) throws(ACPError) -> [String] {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw .refused("\"\(path)\" isn't an absolute path.")
        }
        let parts = path.split(separator: "/").filter { $0 != "." }
        for root in [root, Self.resolved(root)] {
            let above = root.split(separator: "/")
            if parts.starts(with: above) {
                return parts.dropFirst(above.count).reversed().map(String.init)
            }
        }
        throw Self.outside(path)
    }

    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func link(_ name: String, in folder: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlinkat(folder, name, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isGit(_ names: [String]) -> Bool {
        names.contains { $0.lowercased() == ".git" }
    }

    private static func checkRegular(_ file: Int32, _ path: String) throws(ACPError) {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .refused("\"\(path)\" isn't a file.")
        }
        guard status.st_size <= largest else { throw tooLarge(path) }
    }

    private static func outside(_ path: String) -> ACPError {
        .refused("\"\(path)\" is outside of the workspace.")
    }

    private static func tooLarge(_ path: String) -> ACPError {
        .refused("\"\(path)\" has more than \(largest >> 20) MiB.")
    }

    private static func error(_ path: String) -> ACPError {
        let number = errno
        let text = "\"\(path)\": \(describe(errno: number))"
        return number == ENOENT ? .notFound(text) : .failed(text)
    }
}
