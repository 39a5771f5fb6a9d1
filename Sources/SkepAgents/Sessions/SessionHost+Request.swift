import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

// The launch request is what a session's processes are known by, also after a crash. So it is written
// and taken away only while no host can begin: what a host has read stays as it is.
extension SessionHost {
    /// - Throws: `AgentsError.hostFailed` when the session has or had a host, or was ended.
    func put(_ request: LaunchRequest) async throws(AgentsError) {
        let locks = try await keepHostsOut()
        defer { locks.forEach(Self.giveBack) }
        guard try !wasBegun() else {
            throw .hostFailed(folder: folder, text: "The session was begun before, or ended.")
        }
        try wrapping { () throws(WireError) in try request.write(to: files) }
    }

    /// Forgets the request, which holds secrets, of a start that came to nothing.
    func withdraw(_ request: LaunchRequest) async throws(AgentsError) {
        let locks = try await keepHostsOut()
        defer { locks.forEach(Self.giveBack) }
        // Another's may have come after it, and a host keeps what it was started with.
        guard try !wasBegun(), try self.request()?.session == request.session else { return }
        unlink(files.launch)
    }

    private func wasBegun() throws(AgentsError) -> Bool {
        if try exitRecord() != nil { return true }
        return try hostRecord() != nil
    }

    /// The session's lock is shared with those who only look, who would take a holder of it for a host;
    /// so those who write requests have one of their own beside it.
    ///
    /// - Returns: Descriptors, to be given back.
    private func keepHostsOut() async throws(AgentsError) -> [Int32] {
        let writing = try await take(files.launch + ".lock", LOCK_EX)
        do throws(AgentsError) {
            return [writing, try await take(files.lock, LOCK_SH)]
        } catch {
            Self.giveBack(writing)
            throw error
        }
    }

    /// Lets go of a lock. Closing alone isn't enough: a process that is being started has the
    /// descriptor, too.
    static func giveBack(_ lock: Int32) {
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// The lock that a host has while it lives, to be given back.
    func takeLock() async throws(AgentsError) -> Int32 { try await take(files.lock, LOCK_EX) }

    /// Others look at the lock, or write, for moments; a host would hold on to it.
    private func take(_ path: String, _ kind: Int32) async throws(AgentsError) -> Int32 {
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw .sessionFiles(text: "\(path): \(describe(errno: errno))")
        }
        for _ in 0..<200 {
            if flock(lock, kind | LOCK_NB) == 0 { return lock }
            try? await Task.sleep(for: .milliseconds(5))
        }
        close(lock)
        throw .hostFailed(folder: folder, text: "Another host keeps the session.")
    }
}
