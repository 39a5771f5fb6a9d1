internal import Logging
internal import Synchronization

extension QueueWorker {
    /// Works until the task is cancelled. Errors of the store are logged and tried again.
    ///
    /// Then it takes no more leases, cancels the handlers with `StopReason.shutdown`, waits for
    /// them, settles or releases what they held, gives up its registration, and returns.
    ///
    /// - Throws: `QueueError.unsuitable` when the worker can't be registered under its name.
    public func run() async throws {
        let session = WorkerSession(self)
        try await withTaskCancellationHandler {
            // A task of its own, awaited here: the calls to the store with which the work ends must
            // not be cancelled together with the caller.
            try await Task { try await session.run() }.value
        } onCancel: {
            session.stop()
        }
    }
}

/// A worker from its registration to its end.
private final class WorkerSession: Sendable {
    private struct Mail {
        /// Slots that became free since the mail was last read.
        var freed: [QueueName: Int] = [:]
        var hasSignal = false
    }

    private struct State {
        var mail = Mail()
        var isStopping = false
    }

    private let store: any QueueStore
    private let worker: WorkerID
    private let configuration: QueueWorker.Configuration
    private let clock: any Clock
    private let logger: Logger
    private let handler: QueueWorker.Handler
    private let keeper: LeaseKeeper
    private let bell = Doorbell()
    private let state = Mutex(State())

    init(_ worker: QueueWorker) {
        store = worker.store
        self.worker = worker.worker
        configuration = worker.configuration
        clock = worker.clock
        handler = worker.handler
        var logger = worker.logger
        logger[metadataKey: LogKey.worker] = "\(worker.worker)"
        self.logger = logger
        keeper = LeaseKeeper(
            store: store, configuration: configuration, clock: clock, logger: logger)
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        bell.ring()
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    func run() async throws {
        guard let registration = try await register() else { return }
        await withTaskGroup { group in
            group.addTask { await self.keeper.renewLeases() }
            group.addTask { await self.keeper.watchEnds() }
            group.addTask { await self.readSignals(registration) }
            await withDiscardingTaskGroup { attempts in
                await takeLeases { lease, start in
                    let attempt = RunningAttempt(lease: lease)
                    self.keeper.add(attempt, leasedAt: start)
                    attempts.addTask { await self.run(attempt) }
                }
                keeper.shutDown()
            }
            group.cancelAll()
        }
        await registration.end()
    }

    private func register() async throws -> (any WorkerRegistration)? {
        var backoff = Backoff(cap: configuration.pollInterval)
        while !isStopping {
            do {
                return try await store.register(worker)
            } catch QueueError.unavailable(let what, let why, _) {
                logger.error("Can't register worker", metadata: [LogKey.error: "\(what) \(why)"])
                await bell.wait(for: backoff.next(), clock: clock)
            }
        }
        return nil
    }

    private func readSignals(_ registration: any WorkerRegistration) async {
        for await _ in registration.signals {
            state.withLock { $0.mail.hasSignal = true }
            bell.ring()
            keeper.look()
        }
    }

    // MARK: Leases

    /// Takes leases as slots become free, until the worker is to stop.
    private func takeLeases(_ start: (Lease, Duration) -> Void) async {
        var free = configuration.slots.filter { $0.value > 0 }
        var backoff = Backoff(cap: configuration.pollInterval)
        var nextSweep = clock.uptime
        while !isStopping {
            var isWell = true
            let mail = readMail()
            free.merge(mail.freed) { $0 + $1 }
            if mail.hasSignal || clock.uptime >= nextSweep {
                let wait = await sweep()
                isWell = wait != nil
                nextSweep = clock.uptime + (wait ?? configuration.pollInterval)
            }
            for (queue, slots) in free where slots > 0 {
                guard let taken = await lease(slots, from: queue, start) else {
                    isWell = false
                    continue
                }
                free[queue] = slots - taken
            }
            if isWell { backoff.reset() }
            let wait = isWell ? nextSweep - clock.uptime : backoff.next()
            await bell.wait(for: max(wait, .milliseconds(1)), clock: clock)
        }
    }

    private func readMail() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            return state.mail
        }
    }

    /// - Returns: When to look again at the latest; `nil` when it failed.
    private func sweep() async -> Duration? {
        do {
            let sweep = try await store.sweep()
            if !sweep.reclaimed.isEmpty {
                logger.warning(
                    "Took jobs from workers that are gone",
                    metadata: [LogKey.jobs: "\(sweep.reclaimed)"])
            }
            if !sweep.died.isEmpty {
                logger.error(
                    "Jobs died with their workers", metadata: [LogKey.jobs: "\(sweep.died)"])
            }
            guard let due = sweep.nextDue else { return configuration.pollInterval }
            return min(configuration.pollInterval, max(due - clock.now, .zero))
        } catch {
            logger.warning("Can't sweep", metadata: [LogKey.error: "\(error)"])
            return nil
        }
    }

    /// - Returns: How many leases it got; `nil` when the store failed.
    private func lease(
        _ slots: Int, from queue: QueueName, _ start: (Lease, Duration) -> Void
    ) async -> Int? {
        let before = clock.uptime
        do {
            let leases = try await store.lease(
                LeaseRequest(
                    queue: queue, limit: slots, worker: worker, length: configuration.leaseLength))
            for lease in leases { start(lease, before) }
            return leases.count
        } catch {
            logger.warning(
                "Can't take leases",
                metadata: [LogKey.queue: "\(queue)", LogKey.error: "\(error)"])
            return nil
        }
    }

    // MARK: Attempts

    private func run(_ attempt: RunningAttempt) async {
        var logger = logger
        let job = attempt.lease.job
        logger[metadataKey: LogKey.job] = "\(job.id)"
        logger[metadataKey: LogKey.attempt] = "\(job.attempt)"
        logger[metadataKey: LogKey.kind] = "\(job.kind)"
        logger.debug("Took lease")

        if job.isCancelRequested { attempt.stop(.jobCancelled) }
        if let settlement = await attempt.run(handler) {
            await settle(attempt, as: settlement, logger)
        } else {
            logger.info(
                "Ended attempt",
                metadata: [LogKey.stopReason: "\(attempt.stopReason.map { "\($0)" } ?? "none")"])
        }
        keeper.remove(attempt)
        state.withLock { $0.mail.freed[job.queue, default: 0] += 1 }
        bell.ring()
    }

    /// Settles until it is done, or the lease is lost.
    private func settle(
        _ attempt: RunningAttempt, as settlement: Settlement, _ logger: Logger
    ) async {
        var settlement = settlement
        var wasRefused = false
        var triesWhileStopping = 0
        var backoff = Backoff(cap: configuration.pollInterval)
        while attempt.stopReason != .leaseLost {
            do {
                try await store.settle(attempt.lease.token, as: settlement)
                logger.info("Settled lease", metadata: [LogKey.outcome: "\(settlement.word)"])
                return
            } catch QueueError.leaseLost {
                logger.warning("Lost the lease before it was settled")
                return
            } catch let error as QueueError where error.mayPass {
                logger.warning("Can't settle lease yet", metadata: [LogKey.error: "\(error)"])
                // What isn't settled when the worker ends is released.
                if isStopping { triesWhileStopping += 1 }
                guard triesWhileStopping < 10 else { return }
                try? await clock.sleep(for: backoff.next())
            } catch {
                logger.error("The store refuses a settlement", metadata: [LogKey.error: "\(error)"])
                // What the handler wants can't be stored, so trying again is no use: let the job
                // say so. If even that is refused, the lease runs out.
                guard !wasRefused else { return }
                wasRefused = true
                let failure = Failure(kind: Failure.settlementRefused, message: "\(error)")
                settlement = .retry(failure, notBefore: nil)
            }
        }
    }
}

extension QueueError {
    /// Whether the same call may do later.
    fileprivate var mayPass: Bool {
        switch self {
        case .unavailable, .outcomeUnknown: true
        case .leaseLost, .noSuchJob, .notRetryable, .invalidJob, .newerSchema, .unsuitable: false
        }
    }
}

extension Settlement {
    /// The settlement's name, for logs.
    fileprivate var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .retry: "retry"
        case .snoozed: "snoozed"
        case .dead: "dead"
        case .released: "released"
        case .cancelled: "cancelled"
        }
    }
}
