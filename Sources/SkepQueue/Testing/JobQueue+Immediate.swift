extension JobQueue {
    /// A queue for tests, which runs jobs as soon as they are enqueued.
    ///
    /// `enqueue`, `send` and `decide` return when the job has run, and all that follows from it.
    /// With a `ManualClock`, delays, retries and sleeps take no time: the clock is turned to the
    /// next job that is due. With any other clock, what isn't due yet stays in the queue. A job that
    /// waits for an event waits in any case: to see how that ends, turn the clock and call
    /// `runUntilIdle`. A job that puts itself off for ever keeps this from returning.
    ///
    /// - Parameter handlers: Jobs of other kinds stay in the queue.
    public init(
        store: any QueueStore, clock: any Clock = SystemClock(),
        middleware: [any JobMiddleware] = [], immediate handlers: JobHandlers
    ) {
        self.init(store: store, clock: clock, middleware: middleware, immediately: handlers)
    }

    /// Runs what is due, as enqueueing does. Nothing happens unless the queue is an immediate one.
    public func runUntilIdle() async throws {
        guard let immediate else { return }
        var isIdle = false
        while !isIdle {
            var slots: [QueueName: Int] = [:]
            for queue in try await store.status() { slots[queue.queue] = 1 }
            try await worker(immediate, .init(slots: slots)).runUntilIdle()
            isIdle = try await !turnClock(to: immediate.kinds)
        }
    }

    /// - Returns: Whether there is a job to turn the clock to, and it could be turned.
    private func turnClock(to kinds: Set<JobKind>) async throws -> Bool {
        guard let clock = clock as? ManualClock else { return false }
        let next = try await store.jobs(matching: JobFilter(states: [.scheduled], limit: 10_000))
            .filter { kinds.contains($0.kind) && $0.awaitedEvent == nil && !$0.isHeld }
            .filter { $0.unmetDependencies == 0 && $0.notBefore > clock.now }
            .map(\.notBefore).min()
        guard let next else { return false }
        clock.advance(by: next - clock.now)
        return true
    }
}
