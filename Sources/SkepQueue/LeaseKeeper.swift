internal import Logging
internal import Synchronization

/// Keeps the leases of one worker alive, all with one call, and stops attempts that have lost
/// theirs or are to be cancelled.
final class LeaseKeeper: Sendable {
    /// The shortest time between two renewals that signals cause: each enqueued job is a signal.
    private static let signalSpacing = Duration.milliseconds(250)

    private struct Held {
        let attempt: RunningAttempt
        /// The uptime at which the lease ends, reckoned from before the call that granted it.
        var end: Duration
    }

    private struct State {
        var held: [LeaseToken: Held] = [:]
        var isShuttingDown = false
    }

    private let store: any QueueStore
    private let configuration: QueueWorker.Configuration
    private let clock: any Clock
    private let logger: Logger
    private let bell = Doorbell()
    private let state = Mutex(State())

    init(
        store: any QueueStore, configuration: QueueWorker.Configuration, clock: any Clock,
        logger: Logger
    ) {
        self.store = store
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
    }

    /// - Parameter start: The uptime before the lease was asked for.
    func add(_ attempt: RunningAttempt, leasedAt start: Duration) {
        let isShuttingDown = state.withLock { state in
            state.held[attempt.lease.token] = Held(
                attempt: attempt, end: start + configuration.leaseLength)
            return state.isShuttingDown
        }
        if isShuttingDown { attempt.stop(.shutdown) }
    }

    func remove(_ attempt: RunningAttempt) {
        state.withLock { $0.held[attempt.lease.token] = nil }
    }

    func shutDown() {
        let attempts = state.withLock { state in
            state.isShuttingDown = true
            return state.held.values.map(\.attempt)
        }
        for attempt in attempts { attempt.stop(.shutdown) }
    }

    /// Asks the store soon whether one of the jobs is to be cancelled.
    func look() { bell.ring() }

    /// Renews until the task is cancelled.
    func renewLeases() async {
        var wait = configuration.renewInterval
        while !Task.isCancelled {
            await bell.wait(for: wait, clock: clock)
            let isDone = await renewAll()
            wait = isDone ? configuration.renewInterval : configuration.renewInterval / 5
            try? await clock.sleep(for: min(Self.signalSpacing, configuration.renewInterval))
        }
    }

    /// Stops attempts whose lease is about to end without renewal, until the task is cancelled.
    ///
    /// Apart from renewing, since a call to a store may hang.
    func watchEnds() async {
        let margin = configuration.leaseLength / 10
        while !Task.isCancelled {
            let now = clock.uptime
            let (over, next) = state.withLock { state in
                let over = state.held.values.filter { $0.end - margin <= now }.map(\.attempt)
                let ends = state.held.values.map { $0.end - margin }.filter { $0 > now }
                return (over, ends.min() ?? now + configuration.leaseLength - margin)
            }
            for attempt in over where attempt.stopReason != .leaseLost {
                log(.warning, "Gave up a lease that couldn't be renewed", attempt)
                attempt.stop(.leaseLost)
            }
            do {
                try await clock.sleep(for: max(next - now, .milliseconds(1)))
            } catch {
                return
            }
        }
    }

    private func renewAll() async -> Bool {
        // One that was given up is left to run out, even if the store answers again.
        let held = state.withLock { $0.held.filter { $0.value.attempt.stopReason != .leaseLost } }
        guard !held.isEmpty else { return true }
        let start = clock.uptime
        do {
            let length = configuration.leaseLength
            let renewals = try await store.renew(Array(held.keys), length: length)
            for (token, lease) in held {
                switch renewals[token] ?? .lost {
                case .renewed:
                    extend(token, to: start + length)
                case .cancelRequested:
                    extend(token, to: start + length)
                    lease.attempt.stop(.jobCancelled)
                case .lost:
                    // It may have been settled meanwhile, which is no loss.
                    let isHeld = state.withLock { $0.held[token] != nil }
                    guard isHeld, !lease.attempt.isSettling else { continue }
                    log(.warning, "Lost a lease", lease.attempt)
                    lease.attempt.stop(.leaseLost)
                }
            }
            return true
        } catch is CancellationError {
            return true
        } catch {
            logger.warning("Can't renew leases", metadata: [LogKey.error: "\(error)"])
            return false
        }
    }

    private func extend(_ token: LeaseToken, to end: Duration) {
        state.withLock { $0.held[token]?.end = end }
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ attempt: RunningAttempt) {
        let job = attempt.lease.job
        logger.log(
            level: level, message,
            metadata: [LogKey.job: "\(job.id)", LogKey.attempt: "\(job.attempt)"])
    }
}
