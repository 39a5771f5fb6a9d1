internal import Synchronization

/// One attempt while its handler runs: can be told to stop, with a reason.
final class RunningAttempt: AttemptContext {
    private struct State {
        var stopReason: StopReason?
        var isSettling = false
        var hasEnded = false
        var task: Task<Void, Never>?
    }

    let lease: Lease
    private let state = Mutex(State())

    init(lease: Lease) {
        self.lease = lease
    }

    var stopReason: StopReason? { state.withLock { $0.stopReason } }

    var isSettling: Bool { state.withLock { $0.isSettling } }

    /// Whether the handler is through. Its lease may be waiting to be settled.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func willSettle() { state.withLock { $0.isSettling = true } }

    /// Cancels the handler. The first reason stays, but a lost lease goes before all others, since
    /// after it nothing may be written.
    func stop(_ reason: StopReason) {
        let task: Task<Void, Never>? = state.withLock { state in
            if reason == .leaseLost || state.stopReason == nil && !state.hasEnded {
                state.stopReason = reason
            }
            return state.hasEnded ? nil : state.task
        }
        task?.cancel()
    }

    /// Runs `work` in a task of its own, so that it can be cancelled alone. `work` ends by telling
    /// whoever waits for the attempt.
    func start(_ work: @escaping @Sendable () async -> Void) {
        let task = Task { await work() }
        let isStopped = state.withLock { state in
            state.task = task
            return state.stopReason != nil
        }
        if isStopped { task.cancel() }
    }

    /// Runs the handler to its end, in the task of `start`.
    ///
    /// - Returns: What came of it; `nil` when it was too late to begin.
    func run(_ handler: QueueWorker.Handler) async -> Result<Disposition, any Error>? {
        defer { state.withLock { $0.hasEnded = true } }
        guard stopReason != .shutdown else { return nil }
        do {
            return .success(try await handler(lease, self))
        } catch {
            return .failure(error)
        }
    }
}
