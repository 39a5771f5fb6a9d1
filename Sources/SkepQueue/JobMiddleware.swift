/// Something that wants to be there when jobs are enqueued and run: for tracing, metrics, checks.
///
/// Each method has a default that does nothing, or only calls `next`. Of several, the first is
/// outermost.
public protocol JobMiddleware: Sendable {
    /// Around enqueueing: may look at the jobs, change them, or refuse them by throwing.
    func enqueue(
        _ jobs: [NewJob], next: @Sendable ([NewJob]) async throws -> [Enqueued]
    ) async throws -> [Enqueued]

    /// Around an attempt: `next` runs the handler. What this returns or throws is what counts.
    ///
    /// It runs in the handler's task, and is cancelled with it.
    func attempt(
        _ lease: Lease, _ context: any AttemptContext, next: QueueWorker.Handler
    ) async throws -> Disposition

    /// Something happened, and is durable.
    ///
    /// Called in the slot of the attempt that it is about, so one that takes long delays no other.
    func noted(_ event: WorkerEvent)
}

extension JobMiddleware {
    public func enqueue(
        _ jobs: [NewJob], next: @Sendable ([NewJob]) async throws -> [Enqueued]
    ) async throws -> [Enqueued] {
        try await next(jobs)
    }

    public func attempt(
        _ lease: Lease, _ context: any AttemptContext, next: QueueWorker.Handler
    ) async throws -> Disposition {
        try await next(lease, context)
    }

    public func noted(_ event: WorkerEvent) {}
}

/// Something a worker did, as its middleware is told.
public enum WorkerEvent: Sendable {
    case started(Lease)
    /// How an attempt ended, and how long its handler took.
    case ended(Lease, AttemptEnd, took: Duration)
    /// Jobs that this worker cancelled, since they would have begun too late.
    case expired([JobID])
    /// Jobs that this worker took from others that are dead or silent.
    case reclaimed([JobID])
    /// Jobs that this worker found to have killed their holder too often.
    case diedWithHolder([JobID])
}

/// How an attempt ended, as far as its worker knows.
public enum AttemptEnd: Sendable, Hashable {
    case succeeded
    /// It is tried again then. `nil`: when the store's retry policy says.
    case failed(Failure, retryAt: Timestamp?)
    /// It failed for good, or too often.
    case died(Failure)
    case snoozed(until: Timestamp, reason: String)
    case waiting(for: EventKey, until: Timestamp?)
    case released
    case cancelled
    /// Whatever it did doesn't count.
    case leaseLost
    /// Its handler settled it itself, and knows how.
    case settledByHandler
}

extension AttemptEnd {
    /// What the store makes of a settlement.
    init(_ settlement: Settlement, of attempt: RunningAttempt) {
        let job = attempt.lease.job
        let isCancelled = job.isCancelRequested || attempt.stopReason == .jobCancelled
        switch settlement {
        case .succeeded: self = .succeeded
        case .retry where isCancelled, .snoozed where isCancelled, .waiting where isCancelled,
            .cancelled:
            self = .cancelled
        case .retry(let failure, let time):
            self =
                job.failures + 1 >= job.maxFailures
                ? .died(failure) : .failed(failure, retryAt: time)
        case .snoozed(let time, let reason): self = .snoozed(until: time, reason: reason)
        case .waiting(let event, let time): self = .waiting(for: event, until: time)
        case .dead(let failure): self = .died(failure)
        case .released: self = .released
        }
    }
}

extension [any JobMiddleware] {
    /// Enqueues through all of them.
    func enqueue(
        _ jobs: [NewJob], last: @escaping @Sendable ([NewJob]) async throws -> [Enqueued]
    ) async throws -> [Enqueued] {
        let all = reversed().reduce(last) { next, middleware in
            { try await middleware.enqueue($0, next: next) }
        }
        return try await all(jobs)
    }

    /// A handler with all of them around it.
    func around(_ handler: @escaping QueueWorker.Handler) -> QueueWorker.Handler {
        reversed().reduce(handler) { next, middleware in
            { try await middleware.attempt($0, $1, next: next) }
        }
    }

    func noted(_ event: WorkerEvent) {
        for middleware in self { middleware.noted(event) }
    }
}
