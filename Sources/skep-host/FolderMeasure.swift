import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What some folders take up on the disk, counted a few milliseconds at a time.
///
/// Links aren't followed, and other file systems not entered. It goes 128 folders deep, so that no
/// tree, whatever its shape, takes much memory or many descriptors.
struct FolderMeasure: ~Copyable {
    private struct Level {
        let folder: OpaquePointer
        let device: dev_t
    }

    private let roots: [String]
    private var left: ArraySlice<String> = []
    private var levels: [Level] = []
    private var bytes: Int64 = 0
    private var spentUS: Int64 = 0
    private var nextAtMS: Int64 = 0

    private static let deepest = 128
    private static let sliceUS: Int64 = 2000
    private static let pauseMS: Int64 = 5000

    init(_ roots: [String]) { self.roots = roots }

    deinit { for level in levels { closedir(level.folder) } }

    var isUnderWay: Bool { !left.isEmpty || !levels.isEmpty }

    /// Counts on, or begins anew when it is time to; the sum when it is whole.
    mutating func goOn(_ now: Moment) -> Int64? {
        if !isUnderWay {
            guard now.uptimeMS >= nextAtMS else { return nil }
            left = roots[...]
            bytes = 0
            spentUS = 0
        }
        let start = Self.nowUS()
        var entries = 0
        while isUnderWay {
            step()
            entries += 1
            if entries % 64 == 0, Self.nowUS() - start >= Self.sliceUS { break }
        }
        spentUS += Self.nowUS() - start
        guard !isUnderWay else { return nil }
        // At most a twentieth of the time.
        nextAtMS = now.uptimeMS + max(Self.pauseMS, spentUS / 50)
        return bytes
    }

    private mutating func step() {
        guard let level = levels.last else {
            if let root = left.popFirst() { enter(root, in: AT_FDCWD, device: nil) }
            return
        }
        guard let found = readdir(level.folder) else {
            closedir(level.folder)
            levels.removeLast()
            return
        }
        let name = withUnsafePointer(to: &found.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != ".", name != ".." else { return }
        var status = stat()
        let folder = dirfd(level.folder)
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        // A file with several names counts for its share at each.
        bytes +=
            Int64(status.st_blocks) * 512 / Int64(max(1, isFolder(status) ? 1 : status.st_nlink))
        if isFolder(status), status.st_dev == level.device, levels.count < Self.deepest {
            enter(name, in: folder, device: level.device)
        }
    }

    private func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// - Parameter device: `nil` takes whatever it is on.
    private mutating func enter(_ name: String, in parent: Int32, device: dev_t?) {
        let file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return }
        var status = stat()
        guard fstat(file, &status) == 0, device == nil || device == status.st_dev,
            let folder = fdopendir(file)
        else {
            close(file)
            return
        }
        levels.append(Level(folder: folder, device: status.st_dev))
    }

    private static func nowUS() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
