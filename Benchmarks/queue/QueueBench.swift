internal import Foundation
internal import SkepQueue
internal import SkepQueueSQLite

/// Measures the queue beside the disk it is on.
///
/// Usage: queue-bench [FOLDER] | queue-bench fill DATABASE COUNT
@main
struct QueueBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "fill", arguments.count == 3, let count = Int(arguments[3]) {
            let runFolder = FileManager.default.temporaryDirectory.path + "/queue-bench-run"
            let store = try await SQLiteQueueStore(path: arguments[2], runFolder: runFolder)
            try await fill(store, count)
            return await store.close()
        }
        guard arguments.count <= 1 else {
            FileHandle.standardError.write(
                Data("usage: queue-bench [FOLDER] | queue-bench fill DATABASE COUNT\n".utf8))
            exit(64)
        }

        let parent = arguments.first ?? FileManager.default.temporaryDirectory.path
        let folder = parent + "/queue-bench-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await measureEnqueue(in: folder)
        for ready in [10, 100_000] { try await measureClaim(ready: ready, in: folder) }
    }

    private static func measureEnqueue(in folder: String) async throws {
        let store = try await open(folder, "enqueue")
        // Turn and turn about, since a disk's speed changes from minute to minute.
        var syncs: [Double] = []
        var enqueues: [Double] = []
        for _ in 0..<5 {
            syncs.append(try syncsPerSecond(folder + "/sync"))
            enqueues.append(try await enqueuesPerSecond(store))
        }
        await store.close()
        print("fdatasync            \(median(syncs)) /s")
        print("durable enqueues, 64 \(median(enqueues)) /s")
        print("ratio                \(median(enqueues) / max(median(syncs), 1))")
    }

    private static func measureClaim(ready: Int, in folder: String) async throws {
        let store = try await open(folder, "claim-\(ready)")
        try await fill(store, ready)
        var times: [Double] = []
        for _ in 0..<200 {
            let request = LeaseRequest(queue: "default", limit: 1, worker: "bench")
            // Inside one transaction, so that the disk's speed isn't measured with it.
            let time = try await store.write { transaction in
                let start = ContinuousClock.now
                let leases = try transaction.lease(request)
                let time = start.duration(to: .now)
                for lease in leases { try transaction.settle(lease.token, as: .released) }
                return time
            }
            times.append(Double(time.components.attoseconds) / 1e12)
        }
        await store.close()
        print("claim, \(ready) ready: \(median(times)) us")
    }

    private static func enqueuesPerSecond(_ store: SQLiteQueueStore) async throws -> Double {
        let payload = [UInt8](repeating: 0x2A, count: 200)
        let end = ContinuousClock.now + .seconds(1)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        _ = try await store.enqueue([NewJob("bench", payload: payload)])
                        count += 1
                    }
                    return count
                }
            }
            var sum = 0
            while let count = try await group.next() { sum += count }
            return sum
        }
        return Double(count)
    }

    private static func syncsPerSecond(_ path: String) throws -> Double {
        let descriptor = Foundation.open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        let end = ContinuousClock.now + .milliseconds(500)
        var count = 0
        while ContinuousClock.now < end {
            _ = pwrite(descriptor, block, block.count, 0)
            #if os(Linux)
                fdatasync(descriptor)
            #else
                fsync(descriptor)
            #endif
            count += 1
        }
        return Double(count) * 2
    }

    private static func fill(_ store: SQLiteQueueStore, _ count: Int) async throws {
        let batch = Array(repeating: NewJob("bench", payload: [1, 2, 3]), count: 1000)
        for start in stride(from: 0, to: count, by: 1000) {
            _ = try await store.enqueue(Array(batch.prefix(count - start)))
        }
    }

    private static func open(_ folder: String, _ name: String) async throws -> SQLiteQueueStore {
        try await SQLiteQueueStore(path: "\(folder)/\(name).sqlite", runFolder: folder + "/run")
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
