#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whether another user gets to a path, by the permission bits of the folders above it.
struct Reach {
    let userID: UInt32
    let groupID: UInt32

    /// The first folder on the way that is shut; `nil` when none is, or there is nothing yet.
    func obstacle(to path: String) -> String? {
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/" + part
            var status = stat()
            guard stat(folder, &status) == 0 else { return nil }
            let shift: UInt32 = status.st_uid == userID ? 6 : status.st_gid == groupID ? 3 : 0
            if UInt32(status.st_mode) >> shift & 1 == 0 { return folder }
        }
        return nil
    }
}
