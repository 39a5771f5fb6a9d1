import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct StartFailure: Error {
    let stage: StartStage
    let errno: Int32
}

/// The agent and everything it started.
///
/// The host is a subreaper: whoever loses its parent becomes its child, whatever session it is
/// in. So "no child left to wait for" proves that all are gone; /proc is asked only for whom to
/// signal.
struct AgentProcess {
    /// The host's ends of the agent's streams.
    struct Pipes {
        /// `nil` unless there is a dialogue.
        let input: Int32?
        let output: Int32
        let error: Int32
    }

    /// `nil` before it is started and after it was waited for.
    private(set) var pid: pid_t?
    private(set) var allGone = true
    private(set) var peakMemoryBytes: Int64?
    /// How it is shut in, for the log; `nil` when it isn't.
    private(set) var sandboxNote: Fields?
    /// Whom its relay let through to nobody.
    var refusals: RefusalReader?
    private var launched = skep_agent()
    private var group: pid_t?
    private var status: Int32?

    var hasEnded: Bool { status != nil }

    /// How it ended by itself.
    var ownEnd: ExitRecord.How {
        let status = status ?? 0
        let signal = status & 0x7F
        return signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .signalled(signal)
    }

    mutating func start(_ request: LaunchRequest) throws(StartFailure) -> Pipes {
        let input = try Self.input(request)
        defer { close(input.reading) }
        let output = try Self.pipe()
        let error = try Self.pipe()
        _ = fcntl(output.reading, F_SETFL, O_NONBLOCK)
        _ = fcntl(error.reading, F_SETFL, O_NONBLOCK)
        defer {
            close(output.writing)
            close(error.writing)
        }
        let sandbox = SandboxGlue(request.sandbox, memoryBytes: request.limits.memoryBytes)
        launched = try Self.launch(
            request, sandbox, input: input.reading, output: output.writing, error: error.writing)
        pid = launched.child
        group = launched.child
        allGone = false
        sandboxNote = sandbox?.note(launched.report)
        refusals = try sandbox?.startRelay(launched)
        return Pipes(input: input.writing, output: output.reading, error: error.reading)
    }

    /// Waits for whoever has ended, without waiting for anybody to end.
    mutating func reap() {
        while true {
            var ended: Int32 = 0
            var usage = rusage()
            let child = wait4(-1, &ended, WNOHANG, &usage)
            if child < 0 && errno == EINTR { continue }
            if child < 0 { allGone = true }
            guard child > 0 else { return }
            #if os(Linux)
                let memory = Int64(usage.ru_maxrss) * 1024
            #else
                let memory = Int64(usage.ru_maxrss)
            #endif
            peakMemoryBytes = max(peakMemoryBytes ?? 0, memory)
            if child == pid {
                status = skep_agent_status(&launched, ended)
                pid = nil
            }
        }
    }

    /// Sends a signal to the agent, its process group, and all descendants.
    func signalAll(_ signal: Int32) {
        #if os(Linux)
            let all = Descendants.alive()
            // By groups first, each in one go: whoever forks and ends faster than we look is still
            // in its group. They are all the agent's, since it leads a session of its own.
            for group in Set(all.map(\.group)) where group > 1 { kill(-group, signal) }
            // Once is enough where a request may be counted.
            guard signal == SIGKILL else { return }
            for descendant in all { kill(descendant.pid, signal) }
        #else
            if let group { killpg(group, signal) }
        #endif
    }

    /// Kills until nobody is left, for up to ten seconds; false when somebody is.
    ///
    /// - Parameter meanwhile: Called between the rounds; whoever dies may have printed something.
    mutating func killAll(_ meanwhile: () -> Void) -> Bool {
        guard group != nil else { return true }
        let deadline = Moment.now.uptimeMS + 10_000
        meanwhile()
        while true {
            reap()
            if isEveryoneGone { return true }
            signalAll(SIGKILL)
            meanwhile()
            guard Moment.now.uptimeMS < deadline else { return false }
            usleep(1000)
        }
    }

    private var isEveryoneGone: Bool {
        #if os(Linux)
            return allGone
        #else
            guard allGone, let group else { return allGone }
            return killpg(group, 0) != 0 && errno == ESRCH
        #endif
    }

    private static func pipe() throws(StartFailure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let result = Glibc.pipe(&ends)
        #else
            let result = Darwin.pipe(&ends)
        #endif
        guard result == 0 else { throw StartFailure(stage: .pipe, errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func input(
        _ request: LaunchRequest
    ) throws(StartFailure) -> (reading: Int32, writing: Int32?) {
        guard request.hasDialogue else {
            let file = open(request.input ?? "/dev/null", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw StartFailure(stage: .input, errno: errno) }
            return (file, nil)
        }
        let ends = try pipe()
        _ = fcntl(ends.writing, F_SETFL, O_NONBLOCK)
        return ends
    }

    static func launch(
        _ request: LaunchRequest, _ sandbox: SandboxGlue?, input: Int32, output: Int32,
        error: Int32
    ) throws(StartFailure) -> skep_agent {
        var environment = request.environment
        environment.merge(sandbox?.environment ?? [:]) { _, ours in ours }
        environment[LaunchRequest.marker] = request.session
        let temporary = sandbox?.temporaryFolder(environment)
        var failure = skep_failure()
        var agent = skep_agent()
        let result = withCStrings(request.arguments) { arguments in
            withEnvironment(environment, temporary) { environment, further in
                request.program.withCString { program in
                    request.directory.withCString { directory in
                        var launch = skep_launch(
                            path: program, arguments: arguments, environment: environment,
                            directory: directory, input: input, output: output, error: error,
                            changes_user: request.user == nil ? 0 : 1,
                            user: request.user?.uid ?? 0, group: request.user?.gid ?? 0,
                            max_open_files: request.limits.openFiles ?? UInt64.max,
                            max_processes: request.limits.processes ?? UInt64.max,
                            max_file_bytes: request.limits.fileBytes ?? UInt64.max,
                            sandbox: nil, temporary: further?.folder,
                            temporary_environment: further?.environment)
                        guard let sandbox else {
                            return skep_launch_agent(&launch, &agent, &failure)
                        }
                        return sandbox.withLaunch {
                            launch.sandbox = $0
                            return skep_launch_agent(&launch, &agent, &failure)
                        }
                    }
                }
            }
        }
        guard result == 0 else {
            throw StartFailure(
                stage: StartStage(rawValue: failure.stage) ?? .execute, errno: failure.error)
        }
        return agent
    }
}

private typealias Words = UnsafePointer<UnsafeMutablePointer<CChar>?>

/// Calls with the environment, and with another that has its temporary files in a folder, if any.
private func withEnvironment<R>(
    _ variables: [String: String], _ temporary: String?,
    _ body: (Words, (folder: UnsafePointer<CChar>, environment: Words)?) -> R
) -> R {
    func pairs(_ variables: [String: String]) -> [String] {
        variables.map { $0.key + "=" + $0.value }.sorted()
    }
    return withCStrings(pairs(variables)) { environment in
        guard let temporary else { return body(environment, nil) }
        var further = variables
        further["TMPDIR"] = temporary
        return withCStrings(pairs(further)) { further in
            temporary.withCString { body(environment, ($0, further)) }
        }
    }
}

/// Calls with a NULL-terminated array of C strings.
private func withCStrings<R>(
    _ strings: [String], _ body: (Words) -> R
) -> R {
    var pointers = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }  // holds NULL at least
}
