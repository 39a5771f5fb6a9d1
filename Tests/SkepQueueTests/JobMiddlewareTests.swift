import Dispatch
import SkepQueue
import SkepTestSupport
import Synchronization
import Testing

@testable import SkepQueue

@Suite("Middleware")
struct JobMiddlewareTests {
    @Test("The first is outermost, around enqueueing and around attempts")
    func order() async throws {
        let notes = Notes()
        let all: [any JobMiddleware] = [Tracer(name: "a", notes), Tracer(name: "b", notes)]

        try await WorkerBench.with { bench in
            _ = try await all.enqueue([NewJob("job")]) { try await bench.store.enqueue($0) }
            try await bench.worker(middleware: all) { _, _ in
                notes.add("handler")
                return .settle(.succeeded(result: nil, next: []))
            }.runUntilIdle()
        }

        #expect(
            notes.all == [
                "a enqueues", "b enqueues", "b enqueued", "a enqueued",
                "a begins", "b begins", "handler", "b ends", "a ends",
            ])
    }

    @Test("What it returns or throws around an attempt is what counts")
    func decides() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job")])[0].id

            try await bench.worker(middleware: [Forbidding()]) { _, _ in
                Issue.record("the handler ran")
                return .settled
            }.runUntilIdle()

            #expect(try await bench.states([id]) == [.dead])
        }
    }

    @Test("It is told how each attempt began and ended, once that is durable")
    func notesAttempts() async throws {
        try await WorkerBench.with { bench in
            let observer = Observer()
            let kinds: [JobKind] = ["good", "bad", "worse", "later", "own"]
            let ids = try await bench.store.enqueue(kinds.map { NewJob($0) }).map(\.id)
            let time = bench.clock.now + .seconds(60)

            try await bench.working(middleware: [observer]) { lease, _ in
                switch lease.job.kind {
                case "good": return .settle(.succeeded(result: nil, next: []))
                case "bad": throw Unhappy()
                case "worse": throw PermanentFailure(message: "Never.")
                case "later": throw Snooze(until: time, reason: "Not now.")
                default:
                    try await bench.store.settle(lease.token, as: .cancelled)
                    return .settled
                }
            } until: {
                observer.ends.count == 5
            }

            #expect(observer.started == Set(ids))
            #expect(observer.ends[ids[0]] == .succeeded)
            let failure = Failure(kind: Failure.handlerThrew, message: "Unhappy()")
            #expect(observer.ends[ids[1]] == .failed(failure, retryAt: nil))
            #expect(
                observer.ends[ids[2]]
                    == .died(Failure(kind: Failure.handlerThrew, message: "Never.")))
            #expect(observer.ends[ids[3]] == .snoozed(until: time, reason: "Not now."))
            #expect(observer.ends[ids[4]] == .settledByHandler)
        }
    }

    @Test("One that takes long over an event delays no other job")
    func mayBeSlow() async throws {
        try await WorkerBench.with { bench in
            let observer = SlowObserver()
            let slow = try await bench.store.enqueue([NewJob("slow")])[0].id

            try await bench.working(slots: 2, middleware: [observer]) { lease, _ in
                if lease.job.id != slow { observer.letGo() }
                return .settle(.succeeded(result: nil, next: []))
            } until: {
                try await bench.eventually("it is told of an end") { observer.isHeldUp }
                let other = try await bench.store.enqueue([NewJob("other")])[0].id
                return try await bench.becomes(.succeeded, other)
            }

            #expect(observer.wasLetGo)
        }
    }

    @Test("It is told of jobs taken from the dead")
    func notesSweeps() async throws {
        try await WorkerBench.with { bench in
            let observer = Observer()
            let id = try await bench.store.enqueue([NewJob("job")])[0].id
            let dead = LeaseRequest(queue: "default", limit: 1, worker: "w-dead")
            _ = try await bench.store.lease(dead)
            bench.clock.advance(by: .seconds(31))

            try await bench.worker(middleware: [observer]) { _, _ in
                .settle(.succeeded(result: nil, next: []))
            }.runUntilIdle()

            #expect(observer.reclaimed == [id])
            #expect(observer.ends[id] == .succeeded)
        }
    }
}

private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct Tracer: JobMiddleware {
    let name: String
    let notes: Notes

    init(name: String, _ notes: Notes) {
        self.name = name
        self.notes = notes
    }

    func enqueue(
        _ jobs: [NewJob], next: @Sendable ([NewJob]) async throws -> [Enqueued]
    ) async throws -> [Enqueued] {
        notes.add("\(name) enqueues")
        defer { notes.add("\(name) enqueued") }
        return try await next(jobs)
    }

    func attempt(
        _ lease: Lease, _ context: any AttemptContext, next: QueueWorker.Handler
    ) async throws -> Disposition {
        notes.add("\(name) begins")
        defer { notes.add("\(name) ends") }
        return try await next(lease, context)
    }
}

private struct Forbidding: JobMiddleware {
    func attempt(
        _ lease: Lease, _ context: any AttemptContext, next: QueueWorker.Handler
    ) async throws -> Disposition {
        throw PermanentFailure(message: "Forbidden.")
    }
}

/// Is held up by the first end it is told of, until it is let go.
private final class SlowObserver: JobMiddleware {
    private enum State {
        case fresh, heldUp, letGo, gaveUp
    }

    private let state = Mutex(State.fresh)
    private let wayIsFree = DispatchSemaphore(value: 0)

    var isHeldUp: Bool { state.withLock { $0 == .heldUp } }
    var wasLetGo: Bool { state.withLock { $0 == .letGo } }

    func letGo() {
        state.withLock { state in
            guard state == .heldUp else { return }
            state = .letGo
            wayIsFree.signal()
        }
    }

    func noted(_ event: WorkerEvent) {
        guard case .ended = event else { return }
        let isFirst = state.withLock { state in
            guard state == .fresh else { return false }
            state = .heldUp
            return true
        }
        guard isFirst else { return }
        // Keeps a thread busy, as one would that writes to a slow disk; not for ever.
        _ = wayIsFree.wait(timeout: .now() + .seconds(60))
        state.withLock { if $0 == .heldUp { $0 = .gaveUp } }
    }
}

private final class Observer: JobMiddleware {
    private struct State {
        var started: Set<JobID> = []
        var ends: [JobID: AttemptEnd] = [:]
        var reclaimed: [JobID] = []
    }

    private let state = Mutex(State())

    var started: Set<JobID> { state.withLock { $0.started } }
    var ends: [JobID: AttemptEnd] { state.withLock { $0.ends } }
    var reclaimed: [JobID] { state.withLock { $0.reclaimed } }

    func noted(_ event: WorkerEvent) {
        state.withLock { state in
            switch event {
            case .started(let lease): state.started.insert(lease.job.id)
            case .ended(let lease, let end, _): state.ends[lease.job.id] = end
            case .reclaimed(let jobs): state.reclaimed += jobs
            case .expired, .diedWithHolder: break
            }
        }
    }
}
