internal import Foundation
internal import SkepQueue

/// A file that is appended to line by line, each with one call, so that none is torn.
///
/// A line that says that something is so is written after the store has acknowledged it; one that
/// something ends ("ending", "leaving") before the store is told.
///
/// | Line of the storm | Says |
/// | --- | --- |
/// | enqueued JOB [UNIQUE-KEY] | the store has it, or had it already |
/// | sent JOB, cancelled JOB | its event is kept; it was cancelled while it waited |
/// | began JOB ATTEMPT [KEY] | its handler runs; ending JOB ATTEMPT: it is through |
/// | settled JOB ATTEMPT HOW | succeeded, dead, cancelled, or again |
/// | runs JOB ATTEMPT STEP, recorded JOB ATTEMPT STEP | a durable step |
/// | entered NUMBER, leaving NUMBER | a permit of the semaphore |
/// | poison JOB ATTEMPT | the job kills this process |
final class Journal: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The same, with the microseconds of the machine's uptime before it.
    func note(_ line: String) {
        let (seconds, attoseconds) = SystemClock().uptime.components
        write("\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) \(line)")
    }
}
