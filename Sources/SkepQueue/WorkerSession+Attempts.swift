internal import Logging
internal import Synchronization

extension WorkerSession {
    /// Starts attempts in free slots; what ended in those slots is noted before.
    func startAll(_ leases: [[Lease]], leasedAt start: Duration, after events: [WorkerEvent]) {
        var events = Dictionary(grouping: events) { $0.queue }
        for lease in leases.joined() {
            let event = events[lease.job.queue]?.popLast()
            self.start(lease, leasedAt: start, after: event) { [bell] in bell.ring() }
        }
        for (queue, events) in events {
            guard let queue else { continue }
            for event in events { noteInSlot(of: queue, event) }
        }
    }

    /// Tells middleware in a slot that would be free otherwise.
    private func noteInSlot(of queue: QueueName, _ event: WorkerEvent) {
        state.withLock { $0.free[queue, default: 0] -= 1 }
        // Waited for by `exchangeLeases`, until its slot is free.
        Task { [self] in
            worker.middleware.noted(event)
            state.withLock { state in
                state.free[queue, default: 0] += 1
                state.hasSignal = true
            }
            bell.ring()
        }
    }

    /// Starts an attempt in a slot. When its handler is through, the slot is free, the attempt is
    /// among those to be settled, and `onEnd` is called.
    func start(
        _ lease: Lease, leasedAt start: Duration, after event: WorkerEvent? = nil,
        onEnd: @escaping @Sendable () -> Void
    ) {
        let attempt = RunningAttempt(lease: lease)
        state.withLock { $0.free[lease.job.queue, default: 0] -= 1 }
        keeper.add(attempt, leasedAt: start)
        logger.debug("Took lease", metadata: lease.logFacts())
        attempt.start { [self] in
            if let event { worker.middleware.noted(event) }
            worker.middleware.noted(.started(lease))
            let begin = clock.uptime
            let result = await attempt.run(handler)
            handIn(attempt, result, took: clock.uptime - begin)
            onEnd()
        }
    }

    private func handIn(
        _ attempt: RunningAttempt, _ result: Result<Disposition, any Error>?, took: Duration
    ) {
        let queue = attempt.lease.job.queue
        if let settlement = worker.settlement(of: attempt, result) {
            attempt.willSettle()
            let ended = EndedAttempt(attempt: attempt, settlement: settlement, took: took)
            state.withLock { state in
                state.free[queue, default: 0] += 1
                state.hasFreedSlot = true
                state.ended.append(ended)
            }
        } else {
            let isLost = attempt.stopReason == .leaseLost
            logger.info(
                "Ended attempt",
                metadata: attempt.lease.logFacts(and: [
                    LogKey.outcome: isLost ? "lease lost" : "settled by its handler",
                    LogKey.duration: "\(took.milliseconds)",
                ]))
            keeper.remove(attempt)
            worker.middleware.noted(
                .ended(attempt.lease, isLost ? .leaseLost : .settledByHandler, took: took))
            state.withLock { state in
                state.free[queue, default: 0] += 1
                state.hasFreedSlot = true
                state.hasSignal = true
            }
        }
    }
}

extension WorkerEvent {
    /// The queue in whose slot it happened, if it did in one.
    fileprivate var queue: QueueName? {
        switch self {
        case .started(let lease), .ended(let lease, _, _): lease.job.queue
        case .expired, .reclaimed, .diedWithHolder: nil
        }
    }
}
