#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A user and a group that files are given to.
public struct FileOwner: Sendable, Hashable {
    public let user: UInt32
    public let group: UInt32

    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}

/// What an entry of a folder is.
public struct FileStatus: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case file, folder, link
        /// A socket, a named pipe, a device.
        case special
    }

    /// A point in time, as the file system has it.
    public struct Time: Sendable, Hashable, Comparable {
        let seconds: Int64
        let nanoseconds: Int64

        public static func < (left: Time, right: Time) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    public let kind: Kind
    public let size: Int64
    public let isExecutable: Bool
    public let modified: Time
    public let changed: Time
    public let user: UInt32
    let group: UInt32
    let inode: UInt64
    let device: UInt64

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .special
            }
        size = Int64(raw.st_size)
        isExecutable = raw.st_mode & S_IXUSR != 0
        #if os(Linux)
            let (modified, changed) = (raw.st_mtim, raw.st_ctim)
        #else
            let (modified, changed) = (raw.st_mtimespec, raw.st_ctimespec)
        #endif
        self.modified = Time(
            seconds: Int64(modified.tv_sec), nanoseconds: Int64(modified.tv_nsec))
        self.changed = Time(seconds: Int64(changed.tv_sec), nanoseconds: Int64(changed.tv_nsec))
        user = raw.st_uid
        group = raw.st_gid
        inode = UInt64(raw.st_ino)
        device = UInt64(truncatingIfNeeded: raw.st_dev)
    }
}
