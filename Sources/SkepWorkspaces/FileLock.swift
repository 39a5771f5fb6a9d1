import SkepGit
import SkepQueue

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock on a file that other processes respect; let go with the value, or with the process.
final class FileLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        // Closing alone isn't enough: a process that is being started has the descriptor, too,
        // until it executes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Takes the lock; `nil` when somebody has it.
    static func attempt(_ path: String) throws -> FileLock? {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw GitError.file(path: path, reason: String(cString: strerror(errno)) + ".")
        }
        let lock = FileLock(descriptor)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else {
                throw GitError.file(path: path, reason: String(cString: strerror(errno)) + ".")
            }
            return nil
        }
        return lock
    }

    /// Waits for the lock; throws `CancellationError` when the task is cancelled.
    static func wait(_ path: String, clock: any Clock) async throws -> FileLock {
        var pause = Duration.milliseconds(2)
        while true {
            if let lock = try attempt(path) { return lock }
            try await clock.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(100))
        }
    }
}
