internal import Synchronization

/// One attempt while its handler runs: can be told to stop, once and with a reason.
final class RunningAttempt: AttemptContext {
    private struct State {
        var stopReason: StopReason?
        var isSettling = false
        var cancel: (@Sendable () -> Void)?
    }

    let lease: Lease
    private let state = Mutex(State())

    init(lease: Lease) {
        self.lease = lease
    }

    var stopReason: StopReason? { state.withLock { $0.stopReason } }

    var isSettling: Bool { state.withLock { $0.isSettling } }

    func willSettle() { state.withLock { $0.isSettling = true } }

    /// Cancels the handler. The first reason stays, but a lost lease goes before all others, since
    /// after it nothing may be written.
    func stop(_ reason: StopReason) {
        let cancel = state.withLock { state in
            if state.stopReason == nil || reason == .leaseLost { state.stopReason = reason }
            return state.cancel
        }
        cancel?()
    }

    /// Runs the handler to its end, and says how the lease is to be settled; `nil` when the handler
    /// has done that, or nobody may.
    func run(_ handler: @escaping QueueWorker.Handler) async -> Settlement? {
        if stopReason == .shutdown { return .released }

        // A task of its own, so that it can be cancelled alone; awaited below.
        let task = Task { try await handler(lease, self) }
        let isStopped = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.stopReason != nil
        }
        if isStopped { task.cancel() }
        let result = await task.result

        switch (stopReason, result) {
        case (.leaseLost, _), (_, .success(.settled)): return nil
        case (_, .success(.settle(let settlement))): return settlement
        case (.jobCancelled, .failure): return .cancelled
        case (.shutdown, .failure): return .released
        case (nil, .failure(let error)):
            let failure = Failure(kind: Failure.handlerThrew, message: String(describing: error))
            return .retry(failure, notBefore: nil)
        }
    }
}
