internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that processes lock around their writes.
///
/// The kernel keeps those who wait in order and wakes them. SQLite's own lock would do, but those
/// who wait for it look again after ever longer sleeps, so newcomers go first. It is released by
/// the kernel when its holder dies.
final class WriteGate: Sendable {
    private let descriptor: Int32

    /// - Throws: `POSIXError`.
    init(path: String) throws {
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError.last }
    }

    deinit { close(descriptor) }

    /// Blocks the thread while another process, or another gate of this one, is inside.
    func withLock<R>(_ body: () throws -> R) throws -> R {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw POSIXError.last }
        }
        defer { flock(descriptor, LOCK_UN) }
        return try body()
    }
}

extension POSIXError {
    /// What the last system call of this thread failed with.
    static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }

    /// The system's words for it.
    var reason: String { String(cString: strerror(code.rawValue)) }
}
