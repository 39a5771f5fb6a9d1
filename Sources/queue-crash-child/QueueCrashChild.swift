internal import Foundation
internal import Logging
internal import SkepQueue
internal import SkepQueueSQLite

/// A process to be killed: enqueues and works off jobs until then, and writes down what the store
/// has acknowledged. Only tests run it.
///
/// Usage: queue-crash-child DATABASE RUN-FOLDER JOURNAL [hold | await ID | lock | stop]
///
/// With "hold" it settles nothing, and keeps the leases it took. With "await" it only waits until a
/// job is finished, and ends. With "lock" it takes the semaphore "lock" and keeps it. With "stop" it
/// takes a lease of a second, stops itself, and tries what only a holder may do once it is continued.
///
/// Lines of the journal: "enqueued ID", "began ID ATTEMPT", "settled ID ATTEMPT", "awaits ID",
/// "finished ID STATE", "locked NUMBER", "lost WHAT", "kept WHAT".
@main
struct QueueCrashChild {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4 else {
            FileHandle.standardError.write(
                Data(
                    "usage: queue-crash-child DATABASE RUN-FOLDER JOURNAL [hold | await ID | lock | stop]\n"
                        .utf8))
            exit(64)
        }
        let journal = try Journal(path: arguments[3])
        let store = try await SQLiteQueueStore(path: arguments[1], runFolder: arguments[2])
        if arguments.count == 6, let id = JobID(arguments[5]) {
            async let job = store.finished(id)
            journal.write("awaits \(id)")
            journal.write("finished \(id) \(try await job.state)")
            return await store.close()
        }
        if arguments.contains("lock") {
            return try await store.withPermit(of: "lock") { permit in
                journal.write("locked \(permit.number)")
                try await Task.sleep(for: .seconds(3600))
            }
        }
        if arguments.contains("stop") { return try await stop(store, journal) }
        let worker = QueueWorker(
            store: store, configuration: .init(slots: ["default": 4]),
            logger: Logger(label: "queue-crash-child") { _ in SwiftLogNoOpLogHandler() }
        ) { lease, _ in
            let fact = "\(lease.job.id) \(lease.job.attempt)"
            journal.write("began \(fact)")
            if arguments.contains("hold") { try await Task.sleep(for: .seconds(3600)) }
            // In a transaction of its own, so that the line is written after the acknowledgement.
            try await store.settle(lease.token, as: .succeeded(result: [1], next: []))
            journal.write("settled \(fact)")
            return .settled
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            for producer in 0..<3 {
                group.addTask { try await enqueue(into: store, as: producer, journal) }
            }
            try await group.waitForAll()
        }
    }

    private static func stop(_ store: SQLiteQueueStore, _ journal: Journal) async throws {
        let worker = WorkerID.random()
        _ = try await store.register(worker)
        let leases = try await store.lease(
            LeaseRequest(queue: "default", limit: 1, worker: worker, length: .seconds(1)))
        let token = leases[0].token
        journal.write("began \(token.job) \(token.attempt)")
        raise(SIGSTOP)

        let renewal = try await store.renew([token], length: .seconds(60))[token]
        journal.write("\(renewal == .lost ? "lost" : "kept") renewal")
        let attempts: [(String, @Sendable () async throws -> Void)] = [
            ("step", { try await store.record(step: "late", result: [1], of: token) }),
            (
                "failure",
                { try await store.settle(token, as: .dead(Failure(kind: "k", message: ""))) }
            ),
            (
                "success",
                {
                    try await store.settle(
                        token, as: .succeeded(result: [2], next: [NewJob("child")]))
                }
            ),
        ]
        for (what, attempt) in attempts {
            do {
                try await attempt()
                journal.write("kept \(what)")
            } catch QueueError.leaseLost {
                journal.write("lost \(what)")
            }
        }
        try await Task.sleep(for: .seconds(3600))
    }

    private static func enqueue(
        into store: SQLiteQueueStore, as producer: Int, _ journal: Journal
    ) async throws {
        var number = 0
        while true {
            number += 1
            let job = NewJob(
                "step", payload: Array(repeating: UInt8(producer), count: number % 3000),
                concurrencyKey: number.isMultiple(of: 2)
                    ? ConcurrencyKey(rawValue: "key-\(producer)") : nil,
                maxFailures: 1000)
            for answer in try await store.enqueue([job, job]) {
                journal.write("enqueued \(answer.id)")
            }
        }
    }
}

/// A file that is appended to line by line, each with one call, so that none is torn.
private final class Journal: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }
}
