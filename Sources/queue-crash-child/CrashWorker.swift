internal import Foundation
internal import Logging
internal import SkepQueue
internal import SkepQueueSQLite

/// Works off jobs of all sorts, and writes down what it does.
struct CrashWorker: Sendable {
    let store: SQLiteQueueStore
    let journal: Journal
    let logger: Logger

    func run(leaseLength: Duration = .seconds(30)) async throws {
        try await QueueWorker(
            store: store,
            configuration: .init(
                slots: ["default": 4], leaseLength: leaseLength, renewInterval: leaseLength / 3),
            middleware: [JournalMiddleware(journal: journal)], logger: logger, handler: handle
        ).run()
    }

    /// Settles nothing, and keeps the leases it took.
    func hold() async throws {
        try await QueueWorker(
            store: store, configuration: .init(slots: ["default": 4]), logger: logger
        ) { lease, _ in
            journal.note("began \(lease.job.id) \(lease.job.attempt)")
            try await Task.sleep(for: .seconds(3600))
            return .settled
        }.run()
    }

    private func handle(
        _ lease: Lease, _ context: any AttemptContext
    ) async throws -> Disposition {
        let job = lease.job
        switch job.kind {
        case "keyed":
            try await Task.sleep(for: .milliseconds(job.id.rawValue % 12))
        case "long":
            try await Task.sleep(for: .milliseconds(150))
        case "slow":
            try await Task.sleep(for: .milliseconds(1500))
        case "steps":
            try await takeSteps(lease)
        case "waiting":
            let event = EventKey("go", for: job.id)
            guard try await store.event(event) != nil else {
                return .settle(.waiting(for: event, until: nil))
            }
        case "parent":
            let child = NewJob(
                "child", payload: Array("\(job.id)".utf8), maxFailures: job.maxFailures)
            return .settle(.succeeded(result: nil, next: [child]))
        case "flaky" where job.attempt <= 2:
            throw CocoaError(.featureUnsupported)
        case "hopeless":
            throw PermanentFailure(message: "It never does.")
        case "delayed" where job.attempt == 1:
            let time = SystemClock().now + .milliseconds(30)
            return .settle(.snoozed(until: time, reason: "Not yet."))
        case "guarded":
            try await store.withPermit(of: "gate", permits: 2) { permit in
                journal.note("entered \(permit.number)")
                defer { journal.note("leaving \(permit.number)") }
                try await Task.sleep(for: .milliseconds(2))
            }
        case "third":
            let outcomes = try await store.dependencyOutcomes(of: job.id)
            guard outcomes.count == 2, outcomes.allSatisfy(\.state.isFinished) else {
                throw PermanentFailure(message: "What it waited for isn't finished.")
            }
        case "poison":
            journal.note("poison \(job.id) \(job.attempt)")
            kill(getpid(), SIGKILL)
        default:
            break
        }
        guard job.id.rawValue.isMultiple(of: 2) else {
            return .settle(.succeeded(result: [1], next: []))
        }
        journal.note("ending \(job.id) \(job.attempt)")
        context.willSettle()
        try await store.settle(lease.token, as: .succeeded(result: [1], next: []))
        journal.note("settled \(job.id) \(job.attempt) succeeded")
        return .settled
    }

    private func takeSteps(_ lease: Lease) async throws {
        let done = Set(try await store.steps(of: lease.job.id).map(\.name))
        for step in ["one", "two", "three"] where !done.contains(step) {
            journal.note("runs \(lease.job.id) \(lease.job.attempt) \(step)")
            try await store.record(step: step, result: [1], of: lease.token)
            journal.note("recorded \(lease.job.id) \(lease.job.attempt) \(step)")
        }
    }
}

/// Writes down when attempts begin and end, and what was settled.
private struct JournalMiddleware: JobMiddleware {
    let journal: Journal

    func attempt(
        _ lease: Lease, _ context: any AttemptContext, next: QueueWorker.Handler
    ) async throws -> Disposition {
        let key = lease.job.concurrencyKey.map { " \($0)" } ?? ""
        journal.note("began \(lease.job.id) \(lease.job.attempt)\(key)")
        defer { journal.note("ending \(lease.job.id) \(lease.job.attempt)") }
        return try await next(lease, context)
    }

    func noted(_ event: WorkerEvent) {
        guard case .ended(let lease, let end, _) = event else { return }
        let word: String
        switch end {
        case .succeeded: word = "succeeded"
        case .died: word = "dead"
        case .cancelled: word = "cancelled"
        case .failed, .snoozed, .waiting, .released: word = "again"
        case .leaseLost, .settledByHandler: return
        }
        journal.note("settled \(lease.job.id) \(lease.job.attempt) \(word)")
    }
}
