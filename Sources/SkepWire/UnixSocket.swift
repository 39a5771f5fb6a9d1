#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Sockets with a name in a folder, whose length the system limits to about 100 bytes.
public enum UnixSocket {
    /// Listens at a short name, such as one under the current folder. Replaces what is there.
    public static func listen(at name: String) throws(WireError) -> Int32 {
        unlink(name)
        let listener = try make(name)
        let bound = withAddress(name) { bind(listener, $0, $1) }
        #if canImport(Glibc)
            let result = bound == 0 ? Glibc.listen(listener, 64) : bound
        #else
            let result = bound == 0 ? Darwin.listen(listener, 64) : bound
        #endif
        guard result == 0 else {
            defer { close(listener) }
            throw .system(operation: "listen at", path: name, errno: errno)
        }
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        return listener
    }

    /// Connects to a name in a folder however long its path is. Nothing waits at this socket, not
    /// even connecting: who has too many callers refuses.
    public static func connect(folder: String, name: String) throws(WireError) -> Int32 {
        let path = folder + "/" + name
        let socket = try make(path)
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        #if !os(Linux)
            var one: Int32 = 1
            setsockopt(
                socket, SOL_SOCKET, SO_NOSIGPIPE, &one, socklen_t(MemoryLayout<Int32>.size))
        #endif
        #if os(Linux)
            let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { if directory >= 0 { close(directory) } }
            let short = "/proc/self/fd/\(directory)/\(name)"
            let result = withAddress(short) { Glibc.connect(socket, $0, $1) }
        #else
            let result = withAddress(path) { Darwin.connect(socket, $0, $1) }
        #endif
        guard result == 0 else {
            let number = errno
            close(socket)
            throw .system(operation: "connect to", path: path, errno: number)
        }
        return socket
    }

    private static func make(_ path: String) throws(WireError) -> Int32 {
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        let made = socket(AF_UNIX, type, 0)
        guard made >= 0 else { throw .system(operation: "make", path: path, errno: errno) }
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        return made
    }

    /// Fails with `ENAMETOOLONG` when the name doesn't fit.
    private static func withAddress(
        _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
