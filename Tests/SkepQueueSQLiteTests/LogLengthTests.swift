import Foundation
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Synchronization
import Testing

/// Many cycles of enqueue, lease and settle: a short form here, and as many as one likes with
/// SKEP_QUEUE_CYCLES, which then says what it has measured.
@Suite("The length of the files")
struct LogLengthTests {
    private static let environment = ProcessInfo.processInfo.environment["SKEP_QUEUE_CYCLES"]
    private static let cycles = environment.flatMap(Int.init) ?? 3000
    /// Its snapshot lasts by its own work, for about a second.
    private static let longQuery = """
        WITH RECURSIVE number (value) AS (
            SELECT COUNT(*)
              FROM job
             UNION ALL
            SELECT value + 1
              FROM number
             LIMIT 3000000
        )
        SELECT MAX(value)
          FROM number
        """

    @Test("They stay short beside a reader that never pauses, when what is old is pruned")
    func files() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let peak = Peak()
                let reading = Task {
                    while !Task.isCancelled {
                        let reader = try DatabaseQueue(path: queue.path)
                        _ = try await reader.read { try Int.fetchOne($0, sql: Self.longQuery) }
                        try reader.close()
                    }
                }
                let batch = Self.environment == nil ? 50 : 200
                var firstFile = 0
                for cycle in stride(from: 0, to: Self.cycles, by: batch) {
                    try await Self.cycle(batch, store)
                    peak.note(Self.size(queue.path + "-wal"))
                    guard cycle / batch % 20 == 19 else { continue }
                    _ = try await store.prune(matching: JobFilter(limit: 20 * batch))
                    _ = try await store.maintain()
                    if firstFile == 0 { firstFile = Self.size(queue.path) }
                }
                reading.cancel()
                _ = try? await reading.value

                let (log, file) = (peak.value, Self.size(queue.path))
                if Self.environment != nil {
                    print("\(Self.cycles) cycles: log \(log >> 10) KiB at most,", terminator: " ")
                    print(
                        "file \(firstFile >> 10) KiB after the first prune, \(file >> 10) at the end"
                    )
                }
                #expect(log < 64 << 20)
                #expect(file < firstFile + (8 << 20))
                try await store.expectConsistent()
            }
        }
    }

    private static func cycle(_ count: Int, _ store: SQLiteQueueStore) async throws {
        let payload = [UInt8](repeating: 1, count: 200)
        _ = try await store.enqueue(
            Array(repeating: NewJob("step", payload: payload), count: count))
        let leases = try await store.lease(
            LeaseRequest(queue: "default", limit: count, worker: "w"))
        _ = try await store.exchange(
            leases.map { SettledLease($0.token, as: .succeeded(result: [1], next: [])) }, for: [])
    }

    private static func size(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}

private final class Peak: Sendable {
    private let highest = Mutex(0)
    var value: Int { highest.withLock { $0 } }
    func note(_ size: Int) { highest.withLock { $0 = max($0, size) } }
}
