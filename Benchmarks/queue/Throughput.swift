internal import Logging
internal import SkepQueue
internal import SkepQueueSQLite
internal import Synchronization

extension QueueBench {
    static func fill(_ database: String, count: Int) async throws {
        let store = try await open(database)
        try await store.enqueue(NewJob("bench", payload: [1, 2, 3]), times: count)
        await store.close()
    }

    static func enqueue(
        into database: String, callers: Int, for length: Duration
    ) async throws {
        let store = try await open(database)
        let begin = ContinuousClock.now
        let count = try await enqueue(into: store, callers: callers, until: begin + length)
        report(["count": Double(count), "seconds": begin.duration(to: .now).inSeconds])
        await store.close()
    }

    /// From before the first job is enqueued until the last one is settled and durable.
    static func passThrough(
        _ database: String, callers: Int, slots: Int, for length: Duration
    ) async throws {
        let store = try await open(database)
        let tally = Tally()
        let worker = QueueWorker(
            store: store, configuration: .init(slots: ["default": slots]), logger: silent
        ) { _, _ in
            tally.add()
            return .settle(.succeeded(result: nil, next: []))
        }
        let begin = ContinuousClock.now
        // Awaited below: cancelled, a worker settles what it has and returns.
        let working = Task { try await worker.run() }
        let count = try await enqueue(into: store, callers: callers, until: begin + length)
        await tally.reaches(count)
        working.cancel()
        try await working.value
        let seconds = begin.duration(to: .now).inSeconds
        let succeeded = try await store.status().first?.counts[.succeeded] ?? 0
        report(["count": Double(succeeded), "seconds": seconds, "enqueued": Double(count)])
        await store.close()
    }

    /// - Returns: How many were enqueued.
    private static func enqueue(
        into store: SQLiteQueueStore, callers: Int, until end: ContinuousClock.Instant
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<callers {
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
    }
}

extension SQLiteQueueStore {
    /// Enqueues the same job many times, in large batches.
    func enqueue(_ job: NewJob, times count: Int) async throws {
        let batch = Array(repeating: job, count: min(count, 1000))
        for start in stride(from: 0, to: count, by: 1000) {
            _ = try await enqueue(Array(batch.prefix(count - start)))
        }
    }
}

/// Counts what was done, and tells one who waits for a number.
private final class Tally: Sendable {
    private struct State {
        var count = 0
        var target: (count: Int, waiter: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    func add() {
        let waiter = state.withLock { state in
            state.count += 1
            return Self.takeWaiter(&state)
        }
        waiter?.resume()
    }

    func reaches(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let waiter = state.withLock { state in
                state.target = (count, continuation)
                return Self.takeWaiter(&state)
            }
            waiter?.resume()
        }
    }

    private static func takeWaiter(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        guard let target = state.target, state.count >= target.count else { return nil }
        state.target = nil
        return target.waiter
    }
}
