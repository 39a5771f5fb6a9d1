internal import Synchronization

/// Wakes the one task that waits at it. Rings that come while nobody waits count as one.
final class Doorbell: Sendable {
    private struct Waiter {
        let deadline: Duration?
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Timer {
        let deadline: Duration
        let task: Task<Void, Never>
    }

    private struct State {
        var isRung = false
        var waiter: Waiter?
        /// Kept from one wait to the next while the deadline is the same.
        var timer: Timer?
    }

    private let clock: any Clock
    private let state = Mutex(State())

    init(clock: any Clock) {
        self.clock = clock
    }

    deinit { state.withLock { $0.timer?.task.cancel() } }

    func ring() {
        let waiter = state.withLock { state in
            state.isRung = state.waiter == nil
            return state.waiter.take()
        }
        waiter?.continuation.resume(returning: true)
    }

    /// Waits for a ring, an uptime, or the task's cancellation.
    ///
    /// - Returns: Whether it was rung.
    @discardableResult
    func wait(until deadline: Duration? = nil) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.isRung {
                        state.isRung = false
                        return true
                    }
                    if Task.isCancelled || deadline.map({ $0 <= clock.uptime }) ?? false {
                        return false
                    }
                    state.waiter = Waiter(deadline: deadline, continuation: continuation)
                    setTimer(deadline, &state)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiter.take() }
            waiter?.continuation.resume(returning: false)
        }
    }

    private func setTimer(_ deadline: Duration?, _ state: inout State) {
        guard let deadline, state.timer?.deadline != deadline else { return }
        state.timer?.task.cancel()
        // Not waited for: it ends at the deadline, or is cancelled by the next timer or the end of
        // the doorbell, and then does nothing.
        let task = Task { [weak self, clock] in
            do {
                try await clock.sleep(for: max(deadline - clock.uptime, .zero))
                self?.timeIsUp(deadline)
            } catch {}
        }
        state.timer = Timer(deadline: deadline, task: task)
    }

    private func timeIsUp(_ deadline: Duration) {
        let waiter: Waiter? = state.withLock { state in
            if state.timer?.deadline == deadline { state.timer = nil }
            return state.waiter?.deadline == deadline ? state.waiter.take() : nil
        }
        waiter?.continuation.resume(returning: false)
    }
}
