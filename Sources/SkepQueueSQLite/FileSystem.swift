internal import Foundation
internal import SkepQueue

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a queue can't be.
enum FileSystem {
    /// A write-ahead log doesn't work there: its index is memory that all processes share
    /// (https://sqlite.org/wal.html).
    private static let networkKinds: Set<String> = [
        "nfs", "nfs4", "smb3", "smbfs", "cifs", "afs", "ceph", "coda", "gfs2", "glusterfs",
        "fuse.glusterfs", "fuse.sshfs", "lustre", "ncpfs", "ocfs2",
    ]

    static func refuseNetwork(path: String) throws {
        guard let kind = kind(ofFolder: folder(of: path)), networkKinds.contains(kind) else {
            return
        }
        throw QueueError.unsuitable(
            path: path, why: "It is on a network file system (\(kind)), where it can't be shared.")
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// - Throws: `POSIXError` when the file is there and may not be written.
    static func refuseReadOnly(path: String) throws {
        guard access(path, F_OK) == 0, access(path, W_OK) != 0 else { return }
        throw POSIXError.last
    }

    private static func kind(ofFolder folder: String) -> String? {
        #if canImport(Darwin)
            var system = statfs()
            guard statfs(folder, &system) == 0 else { return nil }
            return withUnsafeBytes(of: &system.f_fstypename) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        #else
            var folderStatus = stat()
            guard stat(folder, &folderStatus) == 0,
                let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            else { return nil }
            return kind(ofDevice: UInt64(folderStatus.st_dev), inMountInfo: mounts)
        #endif
    }

    /// Finds a device in the text of /proc/self/mountinfo (see proc(5)).
    static func kind(ofDevice device: UInt64, inMountInfo text: String) -> String? {
        // The encoding of makedev(3), which Swift doesn't import.
        let major = (device >> 8 & 0xFFF) | (device >> 32 & ~0xFFF)
        let minor = (device & 0xFF) | (device >> 12 & ~0xFF)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, fields[2] == "\(major):\(minor)",
                let separator = fields.firstIndex(of: "-"), separator + 1 < fields.count
            else { continue }
            return String(fields[separator + 1])
        }
        return nil
    }
}
