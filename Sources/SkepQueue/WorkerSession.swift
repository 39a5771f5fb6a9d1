internal import Logging
internal import Synchronization

/// A worker from its registration to its end.
final class WorkerSession: Sendable {
    struct State {
        /// Slots whose handler has ended.
        var free: [QueueName: Int]
        /// Attempts that wait to be settled.
        var ended: [EndedAttempt] = []
        /// Whether a handler has ended since it was last looked.
        var hasFreedSlot = false
        /// Whether something may be ready that wasn't when it was last looked.
        var hasSignal = true
        /// Whether somebody said so, who may have meant something else.
        var hasNews = false
        var isStopping = false
        /// How often the store has failed since then.
        var failuresWhileStopping = 0
    }

    let worker: QueueWorker
    let logger: Logger
    let handler: QueueWorker.Handler
    let keeper: LeaseKeeper
    /// The queues with slots, by name.
    let queues: [QueueName]
    let state: Mutex<State>
    /// Rung when there is something to settle, or perhaps something to lease.
    let bell: Doorbell
    let sweepBell: Doorbell
    private let stopBell: Doorbell
    private let endBell: Doorbell

    init(_ worker: QueueWorker) {
        var worker = worker
        worker.logger[metadataKey: LogKey.worker] = "\(worker.worker)"
        self.worker = worker
        logger = worker.logger
        handler = worker.middleware.around(worker.handler)
        keeper = LeaseKeeper(worker)
        let slots = worker.configuration.slots.filter { $0.value > 0 }
        queues = slots.keys.sorted()
        state = Mutex(State(free: slots))
        bell = Doorbell(clock: worker.clock)
        sweepBell = Doorbell(clock: worker.clock)
        stopBell = Doorbell(clock: worker.clock)
        endBell = Doorbell(clock: worker.clock)
    }

    var store: any QueueStore { worker.store }
    var clock: any Clock { worker.clock }
    var configuration: QueueWorker.Configuration { worker.configuration }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func stop() {
        state.withLock { $0.isStopping = true }
        keeper.shutDown()
        stopBell.ring()
        bell.ring()
    }

    func run() async throws {
        // Awaited below, unless it outlasts the grace: then it keeps the leases of those that are
        // left behind, and ends after them.
        let work = Task {
            defer {
                stopBell.ring()
                endBell.ring()
            }
            try await self.work()
        }
        await stopBell.wait()
        let patience = configuration.shutdownGrace.map { clock.uptime + $0 }
        if await endBell.wait(until: patience) { return try await work.value }
        for attempt in keeper.attempts {
            logger.error(
                "Left behind an attempt that doesn't end", metadata: attempt.lease.logFacts())
        }
    }

    private func work() async throws {
        guard let registration = try await register() else { return }
        await withTaskGroup { group in
            group.addTask { await self.keeper.renewLeases() }
            group.addTask { await self.keeper.watch() }
            group.addTask { await self.readSignals(registration) }
            group.addTask { await self.sweepNowAndThen() }
            group.addTask { await self.maintainNowAndThen() }
            await exchangeLeases()
            group.cancelAll()
        }
        await registration.end()
    }

    private func register() async throws -> (any WorkerRegistration)? {
        var backoff = Backoff(cap: configuration.pollInterval)
        while !isStopping {
            do {
                return try await store.register(worker.worker, offering: offer)
            } catch let error as QueueError where error.mayPass {
                logger.error("Can't register worker", metadata: [LogKey.error: "\(error)"])
                await bell.wait(until: clock.uptime + backoff.next())
            }
        }
        return nil
    }

    var offer: WorkerOffer {
        WorkerOffer(slots: configuration.slots, kinds: configuration.kinds)
    }

    private func readSignals(_ registration: any WorkerRegistration) async {
        for await _ in registration.signals {
            let hasFreeSlot = state.withLock { state in
                state.hasSignal = true
                state.hasNews = true
                return state.free.contains { $0.value > 0 }
            }
            if hasFreeSlot { bell.ring() } else { heedNews() }
        }
    }

    /// Sees to what a signal may have meant, if one has come, beside a job for a free slot: that
    /// goes first, and for an idle worker nothing else takes time from it.
    func heedNews() {
        let hasNews = state.withLock { state in
            defer { state.hasNews = false }
            return state.hasNews
        }
        guard hasNews else { return }
        sweepBell.ring()
        keeper.look()
    }

    /// Has the queues looked at, though nothing has ended.
    func lookForJobs() {
        state.withLock { $0.hasSignal = true }
        bell.ring()
    }
}
