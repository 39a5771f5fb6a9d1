/// A job whose output's type is known: what `JobQueue.enqueue` answers.
///
/// It is a number and a type: another process makes its own with `JobQueue.job(_:of:)`.
public struct JobHandle<Output: Codable & Sendable>: Sendable {
    public let id: JobID
    /// Whether enqueueing it has added it: `false` when there was one with its unique key.
    public let isNew: Bool

    private let store: any QueueStore
    private let clock: any Clock

    init(_ enqueued: Enqueued, _ queue: JobQueue) {
        id = enqueued.id
        isNew = enqueued == .inserted(id)
        store = queue.store
        clock = queue.clock
    }

    /// Waits until the job is finished, in whatever process, and answers with its output.
    ///
    /// - Parameter limit: How long it waits. `nil`, the default: as long as it takes.
    /// - Throws: `JobOutputError` when there is none; `QueueError.noSuchJob` when the job isn't
    ///   there, or was pruned; `CancellationError`.
    public func output(within limit: Duration? = nil) async throws -> Output {
        let job = try await finished(within: limit)
        switch job.state {
        case .scheduled, .ready, .leased:
            // Somebody has retried it just now.
            return try await output(within: limit)
        case .dead:
            throw JobOutputError.died(id, try await lastFailure())
        case .cancelled:
            let hasExpired = try await lastFailure()?.kind == Failure.expired
            throw hasExpired ? JobOutputError.expired(id) : .cancelled(id, reason: job.reason)
        case .succeeded:
            return try JobOutput.read(Output.self, from: try await store.result(of: id), of: id)
        }
    }

    /// How far the job has come, as it says itself; `nil` while it has said nothing.
    public func progress() async throws -> JobProgress? {
        try await store.progress(of: id)
    }

    private func lastFailure() async throws -> Failure? {
        try await store.failures(of: id).last?.failure
    }

    private func finished(within limit: Duration?) async throws -> Job {
        guard let limit else { return try await store.finished(id) }
        return try await withThrowingTaskGroup(of: Job?.self) { [store, clock, id] group in
            group.addTask { try await store.finished(id) }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard case .some(.some(let job)) = try await group.next() else {
                throw JobOutputError.notInTime(id, limit)
            }
            return job
        }
    }
}
