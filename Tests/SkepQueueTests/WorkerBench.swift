import Logging
import SkepQueue
import SkepTestSupport
import Synchronization

/// A queue, a clock turned by hand, and a worker to try out.
struct WorkerBench: Sendable {
    let store: FaultyQueueStore
    let clock: ManualClock
    let log = RecordedLog()

    static func with(_ body: (WorkerBench) async throws -> Void) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                try await body(WorkerBench(store: FaultyQueueStore(store), clock: clock))
            }
        }
    }

    /// Lets a worker run until `isDone`, stops it, and waits for its end.
    func working(
        slots: Int = 2, _ change: (inout QueueWorker.Configuration) -> Void = { _ in },
        middleware: [any JobMiddleware] = [], _ handler: @escaping QueueWorker.Handler,
        until isDone: @escaping @Sendable () async throws -> Bool
    ) async throws {
        let worker = worker(slots: slots, change, middleware: middleware, handler)
        // Awaited below, unless it isn't done: its handlers may wait for what doesn't come.
        let work = Task { try await worker.run() }
        let result = await Task { try await self.eventually("it is done", isDone) }.result
        work.cancel()
        try result.get()
        // Time goes on while it ends: it may be waiting to try something again.
        let time = Task {
            while !Task.isCancelled {
                clock.advance(by: .milliseconds(10))
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        let end = await work.result
        time.cancel()
        try end.get()
    }

    func worker(
        slots: Int = 2, _ change: (inout QueueWorker.Configuration) -> Void = { _ in },
        middleware: [any JobMiddleware] = [], _ handler: @escaping QueueWorker.Handler
    ) -> QueueWorker {
        var configuration = QueueWorker.Configuration(slots: ["default": slots])
        change(&configuration)
        return QueueWorker(
            store: store, configuration: configuration, middleware: middleware, clock: clock,
            random: { 0.5 }, logger: log.logger, handler: handler)
    }

    func eventually(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        try await SkepTestSupport.eventually(what, isTrue)
    }

    /// Lets time pass in small steps until something has happened, each when so many tasks sleep.
    ///
    /// A worker at rest has four: it waits to sweep, to renew, for leases' ends, and to maintain.
    func advance(
        _ step: Duration, sleepers: Int = 1, until isTrue: () async throws -> Bool
    ) async throws {
        try await eventually("it happens as time passes") {
            if try await isTrue() { return true }
            if clock.sleeperCount >= sleepers { clock.advance(by: step) }
            return false
        }
    }

    func states(_ ids: [JobID]) async throws -> [Job.State] {
        var states: [Job.State] = []
        for id in ids { states += try await store.job(id).map { [$0.state] } ?? [] }
        return states
    }

    func becomes(_ state: Job.State, _ id: JobID) async throws -> Bool {
        try await eventually("job \(id) is \(state)") { try await states([id]) == [state] }
        return true
    }
}

struct Unhappy: Error {}

/// Counts how many are inside at once.
actor Meter {
    private(set) var most = 0
    private var inside = 0

    func enter() {
        inside += 1
        most = max(most, inside)
    }

    func leave() { inside -= 1 }
}

/// Keeps those who come waiting until it is opened.
final class Gate: Sendable {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]?>([])

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = waiting.withLock { waiting in
                waiting?.append(continuation)
                return waiting == nil
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let all = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
        for continuation in all { continuation.resume() }
    }
}

/// Why handlers were stopped.
actor Stops {
    private(set) var begun = 0
    private(set) var reasons: [StopReason?] = []

    /// Runs until it is cancelled.
    func untilStopped(_ context: any AttemptContext) async throws -> Disposition {
        begun += 1
        // Nothing ever comes of it: it ends with the task.
        for await _ in AsyncStream(Void.self, { _ in }) {}
        reasons.append(context.stopReason)
        throw CancellationError()
    }
}

extension QueueError {
    static let gone = QueueError.unavailable(what: "Gone.", why: "A test.", advice: "Wait.")
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Keeps what was logged.
final class RecordedLog: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let all = Mutex<[Line]>([])

    var logger: Logger { Logger(label: "test") { _ in RecordingLogHandler(log: self) } }

    func lines(_ message: String) -> [Line] {
        all.withLock { $0.filter { $0.message == message } }
    }

    /// All of it, to be shown when a test fails.
    var everything: String {
        all.withLock { $0.map { "\($0.message) \($0.metadata)" }.joined(separator: "\n") }
    }

    fileprivate func add(_ line: Line) { all.withLock { $0.append(line) } }
}

private struct RecordingLogHandler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.add(
            RecordedLog.Line(
                level: event.level, message: "\(event.message)",
                metadata: metadata.merging(event.metadata ?? [:]) { $1 }))
    }
}

/// Carries a value out of a closure.
final class Box<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)

    var value: Value? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}
