internal import Foundation
internal import Logging
internal import SkepQueue
internal import SkepQueueSQLite

/// What every job carries: as many bytes as the tasks of the others.
let payload = [UInt8](repeating: 0x2A, count: 200)

let silent = Logger(label: "queue-bench") { _ in SwiftLogNoOpLogHandler() }

func open(_ database: String) async throws -> SQLiteQueueStore {
    try await SQLiteQueueStore(path: database, runFolder: database + ".run")
}

/// Prints a measurement as a line of JSON.
func report(_ values: KeyValuePairs<String, Double>) {
    let fields = values.map { "\"\($0.key)\": \($0.value)" }
    say("{\(fields.joined(separator: ", "))}")
}

/// Prints a line at once, though nobody sits at a terminal.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// Nanoseconds of a clock that all processes of the machine share, Python's `monotonic_ns` too.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

/// A file that is appended to line by line, each with one call, so that none is torn.
final class Journal: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = Foundation.open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }
}
