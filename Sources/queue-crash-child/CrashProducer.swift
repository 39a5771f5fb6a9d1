internal import Foundation
internal import SkepQueue
internal import SkepQueueSQLite

/// Enqueues jobs of all sorts as long as not too many are waiting.
struct CrashProducer: Sendable {
    /// With more jobs ready than this it waits.
    private static let enough = 150

    let store: SQLiteQueueStore
    let journal: Journal

    /// Three callers at the same time, so that they share commits.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<3 {
                group.addTask {
                    for number in 0... {
                        if number.isMultiple(of: 8) { try await waitForWorkers() }
                        try await produce(number &+ 5 * caller)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func waitForWorkers() async throws {
        while try await store.status().reduce(0, { $0 + ($1.counts[.ready] ?? 0) }) > Self.enough {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func produce(_ number: Int) async throws {
        let now = SystemClock().now
        switch number % 15 {
        case 0, 1:
            try await enqueue([job("plain", payload: number % 3000), job("plain")])
        case 2, 3, 4:
            try await enqueue([job("keyed", key: "key-\(number % 2)")])
        case 5:
            try await enqueue([job("steps")])
        case 6:
            let ids = try await enqueue([job("waiting")])
            try await store.send(EventKey("go", for: ids[0]), payload: [7])
            journal.note("sent \(ids[0])")
        case 7:
            try await enqueue([job("parent")])
        case 8:
            try await enqueue([job("flaky"), job("guarded"), job("long")])
        case 9, 10:
            try await enqueueFlow(after: number.isMultiple(of: 2) ? "plain" : "hopeless")
        case 11:
            var expiring = job("plain")
            expiring.expiresAt = now + .milliseconds(30)
            // On a busy machine it is too late before it is enqueued.
            do { try await enqueue([expiring]) } catch QueueError.invalidJob {}
        case 12:
            var delayed = job("delayed")
            delayed.notBefore = now + .milliseconds(40)
            try await enqueue([delayed])
            // Whoever comes in the same tenth of a second uses the same key.
            try await enqueue(unique: "window-\(now.milliseconds / 100)", .window(.seconds(3600)))
        case 13:
            try await enqueue(unique: "one", .unfinished)
        default:
            let ids = try await enqueue([job("plain")])
            if try await store.cancel(ids[0]) == .cancelled { journal.note("cancelled \(ids[0])") }
        }
    }

    /// One that must have succeeded, one that must be finished, and one that waits for both.
    private func enqueueFlow(after kind: JobKind) async throws {
        var (second, third) = (job("second"), job("third"))
        second.dependencies = [.earlier(0)]
        third.dependencies = [.earlier(0), .earlier(1)]
        third.condition = .finished
        try await enqueue([job(kind), second, third])
    }

    private func enqueue(unique key: String, _ scope: UniqueScope) async throws {
        var unique = job("plain")
        unique.uniqueKey = key
        unique.uniqueScope = scope
        let answer = try await store.enqueue([unique])[0]
        if case .window = scope {
            journal.note("enqueued \(answer.id) \(key)")
        } else {
            journal.note("enqueued \(answer.id)")
        }
    }

    @discardableResult
    private func enqueue(_ jobs: [NewJob]) async throws -> [JobID] {
        let ids = try await store.enqueue(jobs).map(\.id)
        for id in ids { journal.note("enqueued \(id)") }
        return ids
    }

    /// However often its holder is killed, it goes on.
    private func job(
        _ kind: JobKind, payload: Int = 0, key: ConcurrencyKey? = nil
    ) -> NewJob {
        NewJob(
            kind, payload: Array(repeating: 1, count: payload), concurrencyKey: key,
            maxFailures: 1000)
    }
}
