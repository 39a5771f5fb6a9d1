import SkepCore
public import SkepWire
import Subprocess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A session's folder and the host that keeps it, seen from Skep.
///
/// All of it can be done from any process and after any crash: what a session is stands in its
/// folder and nowhere else.
public struct SessionHost: Sendable, Hashable {
    /// How a session stands.
    public enum State: Sendable, Hashable {
        /// No host was ever started. One may be starting right now.
        case notStarted
        case alive
        case ended(ExitRecord)
        /// Its host died and left no exit record; processes of the agent may live on.
        case dead
    }

    public let folder: String
    let program: String

    /// - Parameters:
    ///   - folder: Absolute; used for one session only.
    ///   - program: The file of `skep-host`, absolute.
    public init(folder: String, program: String) {
        self.folder = folder
        self.program = program
    }

    public var files: SessionFiles { SessionFiles(folder) }

    /// Writes the request and starts a host, which goes on without us.
    ///
    /// - Parameter patience: Returns when the host has had time enough; a minute by default. Then it is
    ///   ended with all it has started, so that whether there is a host is still told by its lock.
    /// - Returns: When the host holds the session. The agent may not have started yet; a failure
    ///   of that is told by the exit record.
    /// - Throws: `AgentsError.hostFailed`, also when the session has or had a host;
    ///   `AgentsError.hostHangs`; `AgentsError.processesRemain` when it can't even be killed.
    public func start(
        _ request: LaunchRequest,
        patience: @escaping @Sendable () async -> Void = {
            try? await Task.sleep(for: .seconds(60))
        }
    ) async throws(AgentsError) {
        guard access(program, X_OK) == 0 else { throw .hostMissing(path: program) }
        try await put(request)
        do throws(AgentsError) {
            try await launch(request, patience: patience)
        } catch {
            // Waited for right here, whoever is cancelled; what can't be forgotten now is at the end.
            await Task { try? await withdraw(request) }.value
            throw error
        }
    }

    /// Starts it, unless somebody else did, of whom this worker doesn't know. False: so it was.
    @discardableResult
    func startUnlessBegun(_ request: LaunchRequest) async throws(AgentsError) -> Bool {
        do throws(AgentsError) {
            try await start(request)
            return true
        } catch {
            guard try state() != .notStarted else { throw error }
            return false
        }
    }

    private func launch(
        _ request: LaunchRequest, patience: @escaping @Sendable () async -> Void
    ) async throws(AgentsError) {
        let (news, teller) = AsyncStream<Result<String?, any Error>>.makeStream()
        // Not cancelled with the caller: a start that is broken off halfway leaves it open whether there
        // is a host. It ends with its process, for which nobody waits that can't be killed.
        let starting = Task { _ = teller.yield(await runHost(request.session)) }
        // Ended below, or with its patience.
        let waiting = Task {
            await patience()
            teller.finish()
        }
        defer { waiting.cancel() }
        let started = await Task { await news.first { _ in true } }.value
        guard let started else {
            starting.cancel()
            try await SessionRemains.killHosts(of: request.session, folder: folder)
            throw .hostHangs(folder: folder, program: program)
        }
        guard case .success(let complaint) = started else {
            throw .hostFailed(folder: folder, text: "\"\(program)\" can't be run.")
        }
        guard let complaint else { return }
        throw .hostFailed(folder: folder, text: complaint)
    }

    /// Looks at the folder; changes nothing.
    public func state() throws(AgentsError) -> State {
        try state(isLocked: isLocked)
    }

    /// - Parameter isLocked: Whether there is a host now.
    func state(
        isLocked: () throws(AgentsError) -> Bool
    ) throws(AgentsError) -> State {
        if let exit = try exitRecord() { return .ended(exit) }
        // Before the lock: one that begins after that was looked at isn't dead.
        let host = try hostRecord()
        if try isLocked() { return .alive }
        // It may have ended between the two looks.
        if let exit = try exitRecord() { return .ended(exit) }
        return host == nil ? .notStarted : .dead
    }

    /// The request it was started with; `nil` when nothing was begun.
    public func request() throws(AgentsError) -> LaunchRequest? {
        try wrapping { () throws(WireError) in try LaunchRequest.read(from: files) }
    }

    /// Waits until the session is no longer alive.
    ///
    /// - Throws: `CancellationError`; the session goes on then.
    public func waitUntilOver() async throws -> State {
        while true {
            let growth = growth()
            let state = try state()
            if state != .alive { return state }
            for await _ in growth {}
            guard try self.state() == .alive else { continue }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// How often files are looked at while a host starts or ends.
    static let pollInterval = Duration.milliseconds(25)

    func exitRecord() throws(AgentsError) -> ExitRecord? {
        try wrapping { () throws(WireError) in try ExitRecord.read(from: files) }
    }

    func hostRecord() throws(AgentsError) -> HostRecord? {
        try wrapping { () throws(WireError) in try HostRecord.read(from: files) }
    }

    /// Whether a host is there. A shared lock, held for a moment: hosts that start try again.
    private func isLocked() throws(AgentsError) -> Bool {
        let lock = open(files.lock, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else {
            if errno == ENOENT { return false }
            throw .sessionFiles(text: "\(files.lock): \(describe(errno: errno))")
        }
        defer { Self.giveBack(lock) }
        if flock(lock, LOCK_SH | LOCK_NB) == 0 { return false }
        guard errno == EWOULDBLOCK || errno == EINTR else {
            throw .sessionFiles(text: "\(files.lock): \(describe(errno: errno))")
        }
        return true
    }

    /// The host's complaint, if it has one.
    ///
    /// - Parameter session: By that it can be found when it has to be killed before it said who it is.
    private func runHost(_ session: String) async -> Result<String?, any Error> {
        // By name with a path of one folder: what is run is still exactly `program`.
        let slash = program.lastIndex(of: "/") ?? program.startIndex
        let name = String(program[program.index(after: slash)...])
        var environment: [Environment.Key: String] = ["PATH": String(program[..<slash])]
        environment[Environment.Key(stringLiteral: SessionRemains.hostMarker)] = session
        if let libraries = getenv("LD_LIBRARY_PATH") {
            environment["LD_LIBRARY_PATH"] = String(cString: libraries)
        }
        do {
            let result = try await run(
                .name(name), arguments: ["--session", folder], environment: .custom(environment),
                input: .none, output: .discarded, error: .string(limit: 8192))
            if case .exited(0) = result.terminationStatus { return .success(nil) }
            let text = result.standardError.split(separator: "\n").joined(separator: " ")
            return .success(text.isEmpty ? "It ended with \(result.terminationStatus)." : text)
        } catch {
            return .failure(error)
        }
    }
}

/// Turns an error about files into ours.
func wrapping<R>(_ body: () throws(WireError) -> R) throws(AgentsError) -> R {
    do throws(WireError) { return try body() } catch {
        throw .sessionFiles(text: error.description)
    }
}
