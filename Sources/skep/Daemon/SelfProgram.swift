import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program that is running, as a file.
struct SelfProgram: Sendable {
    /// Absolute. Asked at the start: an upgrade may replace the file later, and the new one is meant
    /// then.
    let path: String

    static func current() -> SelfProgram {
        #if os(Linux)
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { bytes in
                // A buffer of that size has an address.
                readlink(
                    "/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
                    bytes.count)
            }
            if count > 0 {
                return SelfProgram(path: String(decoding: buffer[..<count], as: UTF8.self))
            }
        #else
            if let path = realpath(CommandLine.arguments[0], nil) {
                defer { free(path) }
                return SelfProgram(path: String(cString: path))
            }
        #endif
        return SelfProgram(path: CommandLine.arguments[0])
    }

    var folder: String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// The program that keeps sessions, which stands beside this one.
    var sessionHost: String { folder + "/skep-host" }

    /// Becomes the program anew, in the same process, with the same arguments. Returns only with the
    /// reason why that failed.
    func execute() -> ProgramError {
        closeAllOnExec()
        // Threads of Swift's tasks have signals blocked, and the new program would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv(path, arguments)
        return ProgramError(
            .unavailable, "Can't start \"\(path)\" again.", why: StateFolder.reason(errno) + ".",
            advice: "Start \"skep serve\" by hand; it goes on with the sessions that run.")
    }

    /// Nothing that a library left open goes over into the next program.
    private func closeAllOnExec() {
        let limit = Int32(clamping: min(sysconf(Int32(_SC_OPEN_MAX)), 65536))
        for descriptor in 3..<max(limit, 3) {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}
