import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs the `git` program: the second opinion on what Skep does through libgit2.
///
/// Neither the person's nor the system's configuration counts, and times are fixed.
public enum GitCommand {
    public struct Failure: Error, CustomStringConvertible {
        public let command: String
        public let status: Int32
        public let output: String
        public var description: String { "\(command): status \(status)\n\(output)" }
    }

    static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
        "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
    ]

    /// Runs `git` with these arguments and gives what it printed, without white space at the end.
    @discardableResult
    public static func run(
        _ arguments: String..., in folder: String, environment: [String: String] = [:]
    ) async throws -> String {
        try await run(program: "git", arguments, in: folder, environment: environment)
    }

    /// Runs a line with `sh -c`.
    @discardableResult
    public static func shell(_ line: String, in folder: String) async throws -> String {
        try await run(program: "sh", ["-c", line], in: folder, environment: [:])
    }

    private static func run(
        program: String, _ arguments: [String], in folder: String, environment: [String: String]
    ) async throws -> String {
        let merged = Self.environment.merging(environment) { _, new in new }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try runSync(
                            "/usr/bin/env", ["-C", folder, program] + arguments, in: folder,
                            environment: merged)
                    })
            }
        }
    }

    /// Starts a program and waits for its end; blocks.
    static func runSync(
        _ path: String, _ arguments: [String], in folder: String, environment: [String: String]
    ) throws -> String {
        var pipeEnds: [Int32] = [0, 0]
        guard pipe(&pipeEnds) == 0 else { throw Failure(command: path, status: -1, output: "pipe") }
        for end in pipeEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child = try spawn(
            path, arguments, environment: environment, input: nil, output: pipeEnds[1])
        close(pipeEnds[1])
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = read(pipeEnds[0], &buffer, buffer.count)
            if got < 0, errno == EINTR { continue }
            if got <= 0 { break }
            bytes += buffer.prefix(got)
        }
        close(pipeEnds[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let text = String(decoding: bytes, as: UTF8.self)
        guard status == 0 else {
            let command = ([path] + arguments).joined(separator: " ")
            throw Failure(command: command, status: status, output: text)
        }
        let end = text.lastIndex { !$0.isWhitespace }
        return end.map { String(text[...$0]) } ?? ""
    }

    /// Starts a program with standard output and error going to `output`; `input` nil: empty.
    static func spawn(
        _ path: String, _ arguments: [String], environment: [String: String], input: Int32?,
        output: Int32?
    ) throws -> pid_t {
        #if os(Linux)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, output, 2)
        }
        // Threads of the cooperative pool block signals, and a child would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, path, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw Failure(command: path, status: code, output: String(cString: strerror(code)))
        }
        return child
    }
}
