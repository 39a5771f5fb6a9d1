import CGit2

/// Joins `GitSocket` to libgit2's table of functions; TLS, which is libgit2's own, runs over it.
enum GitStream {
    /// Makes libgit2 use our sockets. Returns its error code.
    static func register() -> Int32 {
        var registration = git_stream_registration()
        registration.version = GIT_STREAM_VERSION
        registration.`init` = { out, host, port in
            guard let out, let host, let port else { return GIT_ERROR.rawValue }
            out.pointee = GitStream.make(String(cString: host), String(cString: port))
            return 0
        }
        return git_stream_register(GIT_STREAM_STANDARD, &registration)
    }

    private static func make(_ host: String, _ port: String) -> UnsafeMutablePointer<git_stream> {
        let outer = UnsafeMutablePointer<skep_git_stream>.allocate(capacity: 1)
        outer.initialize(to: skep_git_stream())
        outer.pointee.socket =
            Unmanaged.passRetained(GitSocket(host: host, port: port)).toOpaque()
        outer.pointee.stream.version = GIT_STREAM_VERSION
        outer.pointee.stream.connect = { raw in
            let code = GitStream.call(raw) { socket throws(GitSocket.Failure) in
                try socket.connect()
                return 0
            }
            return Int32(code)
        }
        outer.pointee.stream.read = { raw, buffer, length in
            GitStream.call(raw) { socket throws(GitSocket.Failure) in
                try socket.read(into: buffer, count: length)
            }
        }
        outer.pointee.stream.write = { raw, bytes, length, _ in
            GitStream.call(raw) { socket throws(GitSocket.Failure) in
                try socket.write(bytes, count: length)
            }
        }
        outer.pointee.stream.close = { raw in
            GitStream.socket(raw)?.close()
            return 0
        }
        outer.pointee.stream.free = { raw in GitStream.free(raw) }
        return UnsafeMutableRawPointer(outer).assumingMemoryBound(to: git_stream.self)
    }

    /// `git_stream` is the first member of our struct, so both have the same address.
    private static func outer(_ raw: UnsafeMutablePointer<git_stream>?)
        -> UnsafeMutablePointer<skep_git_stream>?
    {
        raw.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: skep_git_stream.self) }
    }

    private static func socket(_ raw: UnsafeMutablePointer<git_stream>?) -> GitSocket? {
        outer(raw)?.pointee.socket.map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
    }

    private static func free(_ raw: UnsafeMutablePointer<git_stream>?) {
        guard let outer = outer(raw) else { return }
        if let socket = outer.pointee.socket {
            Unmanaged<GitSocket>.fromOpaque(socket).release()
        }
        outer.deinitialize(count: 1)
        outer.deallocate()
    }

    /// What `body` gives, or -1 with its reason as libgit2's error.
    private static func call(
        _ raw: UnsafeMutablePointer<git_stream>?,
        _ body: (GitSocket) throws(GitSocket.Failure) -> Int
    ) -> Int {
        guard let socket = socket(raw) else { return -1 }
        do {
            return try body(socket)
        } catch {
            _ = git_error_set_str(Int32(GIT_ERROR_NET.rawValue), error.reason)
            return -1
        }
    }
}
