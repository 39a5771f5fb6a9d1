import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lock that says a session's host is alive; the kernel lets go of it when the host dies.
enum SessionLock {
    /// Takes it for as long as this process lives.
    static func take(_ files: SessionFiles, folder: String) throws -> Int32 {
        let lock = open(files.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw WireError.system(operation: "open", path: files.lock, errno: errno)
        }
        // Somebody who only looks whether there is a host holds it for a moment.
        for _ in 0..<100 {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw WireError.system(operation: "lock", path: files.lock, errno: errno)
            }
            usleep(10_000)
        }
        throw HostError.held(folder)
    }
}
