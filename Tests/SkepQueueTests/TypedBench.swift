import Logging
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Synchronization

/// A typed queue over a real store, whose jobs run as soon as they are enqueued, by a clock that
/// is turned by hand.
struct TypedBench: Sendable {
    let store: SQLiteQueueStore
    let clock: ManualClock

    /// A queue that only enqueues.
    var queue: JobQueue { JobQueue(store: store, clock: clock) }

    /// A queue that runs what it is given at once.
    func immediate(_ handlers: JobHandlers) -> JobQueue {
        JobQueue(store: store, clock: clock, immediate: handlers)
    }

    static func with(_ body: (TypedBench) async throws -> Void) async throws {
        try await TemporaryQueue.with { folder in
            let clock = ManualClock()
            try await folder.withStore(clock: clock) { store in
                try await body(TypedBench(store: store, clock: clock))
            }
        }
    }

    /// Runs `body` while a worker runs.
    func working<R: Sendable>(
        _ handlers: JobHandlers, slots: Int = 2, _ body: () async throws -> R
    ) async throws -> R {
        let queue = queue
        // Awaited below, unless `body` fails: its handlers may wait for what doesn't come.
        let work = Task {
            try await queue.work(handlers, slots: slots, logger: .silent)
        }
        defer { work.cancel() }
        let result = try await body()
        work.cancel()
        try await work.value
        return result
    }
}

struct Count: JobPayload, Hashable {
    static let kind: JobKind = "count"
    typealias Output = Int

    var number: Int
}

struct Sum: JobPayload {
    static let kind: JobKind = "sum"
    typealias Output = Int
}

struct Tidy: JobPayload {
    static let kind: JobKind = "tidy"
}

/// JSON has no word for its payload.
struct Unspeakable: JobPayload {
    static let kind: JobKind = "unspeakable"
    typealias Output = Double

    var number = 1.0
}

/// Words in the order in which they were said.
final class Diary: Sendable {
    private let words = Mutex<[String]>([])

    var all: [String] { words.withLock { $0 } }

    func say(_ word: String) { words.withLock { $0.append(word) } }
}
