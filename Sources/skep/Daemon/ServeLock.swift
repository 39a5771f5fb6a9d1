import SkepCore
import SkepQueue

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lock that one `skep serve` holds on a state folder, with a line on who holds it.
///
/// A lock of the kernel, so it is gone whenever its holder is.
final class ServeLock: Sendable {
    /// Who holds the lock.
    struct Holder: Sendable, Hashable {
        let processID: Int32
        let startedAt: Timestamp
        /// Whether it has begun to work.
        let isReady: Bool
        /// Whether it is a demo, which has the tracker in it as well and can't begin anew.
        var isDemo = false
    }

    private let descriptor: Int32
    private let startedAt: Timestamp
    private let isDemo: Bool

    /// Takes the lock.
    ///
    /// - Throws: `ProgramError` with the process that holds it.
    init(_ state: StateFolder, isDemo: Bool = false, clock: any Clock) async throws {
        _ = mkdir(state.run, 0o700)
        let descriptor = open(state.serveLock, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ProgramError(
                .configuration, "Can't open \"\(state.serveLock)\".",
                why: StateFolder.reason(errno) + ".")
        }
        // "skep status" holds the lock for an instant too, to see whether it is free.
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            tries += 1
            guard tries < 20, errno == EWOULDBLOCK || errno == EINTR else {
                close(descriptor)
                throw Self.refusal(state)
            }
            do {
                try await clock.sleep(for: .milliseconds(25))
            } catch {
                close(descriptor)
                throw error
            }
        }
        self.descriptor = descriptor
        startedAt = clock.now
        self.isDemo = isDemo
        write(isReady: false)
    }

    deinit { Self.letGo(descriptor) }

    /// Closing alone isn't enough: a process that is being started has the descriptor, too, until it
    /// executes its program.
    private static func letGo(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Says that work has begun: "skep restart" waits for it.
    func markReady() { write(isReady: true) }

    private func write(isReady: Bool) {
        let words = [
            "\(getpid())", "\(startedAt.milliseconds)", isReady ? "ready" : "starting",
            isDemo ? "demo" : "serve",
        ]
        let line = words.joined(separator: " ") + "\n"
        // Never empty in between: who reads at that moment would find nobody.
        _ = Array(line.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        ftruncate(descriptor, off_t(line.utf8.count))
    }

    /// Why it can't be told who holds the lock; `nil` where it can.
    static func obstacle(_ state: StateFolder) -> String? {
        guard access(state.serveLock, R_OK) != 0, errno != ENOENT, errno != ENOTDIR else {
            return nil
        }
        return StateFolder.reason(errno)
    }

    /// Who holds the lock of a state folder; `nil` when nobody does.
    static func holder(_ state: StateFolder) -> Holder? {
        let descriptor = open(state.serveLock, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { letGo(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        // The end of a longer line may still stand below.
        let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .prefix { !$0.isNewline }.split(whereSeparator: \.isWhitespace)
        guard words.count >= 3, let process = Int32(words[0]), let started = Int64(words[1]) else {
            return Holder(
                processID: 0, startedAt: Timestamp(milliseconds: 0), isReady: false)
        }
        return Holder(
            processID: process, startedAt: Timestamp(milliseconds: started),
            isReady: words[2] == "ready", isDemo: words.last == "demo")
    }

    private static func refusal(_ state: StateFolder) -> ProgramError {
        let holder = holder(state)
        let process = holder?.processID ?? 0
        let isDemo = holder?.isDemo == true
        return ProgramError(
            .conflict,
            "\(isDemo ? "A demo" : "Another \"skep serve\"") works on \"\(state.path)\".",
            why: process > 0 ? "It is process \(process)." : nil,
            advice: isDemo
                ? "End it with Ctrl-C."
                : "Stop it, or use \"skep restart\"; \"skep work\" adds workers beside it.")
    }
}
