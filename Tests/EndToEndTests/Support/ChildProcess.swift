import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A program that a test started, in a process group of its own, with its output in a file.
final class ChildProcess: Sendable {
    enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let pid: pid_t
    /// The file that has both of its output streams.
    let output: String
    private let command: String
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program with signals as a shell would set them: Swift's threads block most of them,
    /// and a child would inherit that.
    init(
        _ program: String, _ arguments: [String], in folder: String,
        environment: [String: String], input: String = "/dev/null", output: String
    ) throws {
        self.output = output
        command = ([program.split(separator: "/").last.map(String.init) ?? program] + arguments)
            .joined(separator: " ")
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // The shell changes the folder and becomes the program; posix_spawn can't, portably.
        let words = (["sh", "-c", "cd \"$0\" && exec \"$@\"", folder, program] + arguments)
            .map { strdup($0) }
        let variables = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(
            &pid, "/bin/sh", &actions, &attributes, words + [nil], variables + [nil])
        guard code == 0 else {
            throw Failed(
                description: "\(program) can't be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    /// How it ended; `nil` while it runs.
    func poll() -> Ending? {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            let signal = status & 0x7f
            ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
            return ending
        }
    }

    /// Waits for its end; kills it and throws when that takes too long.
    func end(within limit: Duration = .seconds(60)) async throws -> Ending {
        guard await hasEnded(within: limit), let ending = poll() else {
            signal(SIGKILL)
            throw Failed(description: "\"\(command)\" didn't end within \(limit):\n\(text)")
        }
        return ending
    }

    /// Waits for its end, but no longer than that.
    func hasEnded(within limit: Duration) async -> Bool {
        let end: Void? = try? await wait(for: "its end", within: limit, every: .milliseconds(10)) {
            poll() != nil
        }
        return end != nil
    }

    /// Sends a signal to the process alone, as `kill` does; not once it has been waited for.
    func signal(_ number: Int32) {
        ending.withLock { if $0 == nil { kill(pid, number) } }
    }

    /// Asks it to end, and insists after a while.
    func stop(within limit: Duration = .seconds(30)) async {
        signal(SIGTERM)
        if (try? await end(within: limit)) == nil {
            signal(SIGKILL)
            _ = try? await end(within: .seconds(5))
        }
    }

    /// What it has printed so far.
    var text: String {
        String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
    }
}

/// Waits until a condition holds; fails with what there was to see when it doesn't in time.
func wait(
    for what: String, within limit: Duration = .seconds(60),
    every interval: Duration = .milliseconds(50),
    seeing: () -> String = { "" }, _ condition: () async throws -> Bool
) async throws {
    let start = ContinuousClock.now
    while try await !condition() {
        guard start.duration(to: .now) < limit else {
            throw ChildProcess.Failed(
                description: "waited \(limit) in vain for \(what)\n\(seeing())")
        }
        try await Task.sleep(for: interval)
    }
}
