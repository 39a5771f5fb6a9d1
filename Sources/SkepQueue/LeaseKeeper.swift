internal import Logging
internal import Synchronization

/// Keeps the leases of one worker alive, all with one call, and stops attempts that have lost
/// theirs, take too long, or are to be cancelled.
final class LeaseKeeper: Sendable {
    /// The shortest time between two renewals that signals cause: each enqueued job is a signal.
    private static let signalSpacing = Duration.milliseconds(250)
    /// When a handler that was told to stop and goes on is complained of; then twice as long.
    private static let firstComplaint = Duration.seconds(10)

    private struct Held {
        let attempt: RunningAttempt
        /// The uptime at which the lease ends, reckoned from before the call that granted it.
        var end: Duration
        /// The uptime at which the job's own time is over.
        var timeout: Duration?
        var nextComplaint: Duration?
        var complaintGap = LeaseKeeper.firstComplaint
    }

    private struct State {
        var held: [ObjectIdentifier: Held] = [:]
        var isShuttingDown = false
        /// The uptime at which leases are looked at without a ring.
        var nextLook = Duration.zero
    }

    private let store: any QueueStore
    private let configuration: QueueWorker.Configuration
    private let clock: any Clock
    private let logger: Logger
    private let renewBell: Doorbell
    private let watchBell: Doorbell
    private let state = Mutex(State())

    init(_ worker: QueueWorker) {
        store = worker.store
        configuration = worker.configuration
        clock = worker.clock
        logger = worker.logger
        renewBell = Doorbell(clock: clock)
        watchBell = Doorbell(clock: clock)
    }

    /// How long before its end a lease that isn't renewed is given up.
    private var margin: Duration { configuration.leaseLength / 10 }

    /// The attempts whose leases are kept.
    var attempts: [RunningAttempt] { state.withLock { $0.held.values.map(\.attempt) } }

    /// - Parameter start: The uptime before the lease was asked for.
    func add(_ attempt: RunningAttempt, leasedAt start: Duration) {
        let timeout = attempt.lease.job.timeout.map { clock.uptime + $0 }
        let (isShuttingDown, isEarly) = state.withLock { state in
            state.held[ObjectIdentifier(attempt)] = Held(
                attempt: attempt, end: start + configuration.leaseLength, timeout: timeout)
            let end = start + configuration.leaseLength - margin
            return (state.isShuttingDown, min(timeout ?? end, end) < state.nextLook)
        }
        if isEarly { watchBell.ring() }
        if isShuttingDown { stop(attempt, .shutdown) }
        if attempt.lease.job.isCancelRequested { stop(attempt, .jobCancelled) }
    }

    func remove(_ attempt: RunningAttempt) {
        state.withLock { $0.held[ObjectIdentifier(attempt)] = nil }
    }

    func shutDown() {
        state.withLock { $0.isShuttingDown = true }
        for attempt in attempts { stop(attempt, .shutdown) }
    }

    /// Asks the store soon whether one of the jobs is to be cancelled.
    func look() { renewBell.ring() }

    private func stop(_ attempt: RunningAttempt, _ reason: StopReason) {
        let complaint = clock.uptime + Self.firstComplaint
        state.withLock { state in
            guard state.held[ObjectIdentifier(attempt)]?.nextComplaint == nil else { return }
            state.held[ObjectIdentifier(attempt)]?.nextComplaint = complaint
        }
        attempt.stop(reason)
        watchBell.ring()
    }

    // MARK: Renewing

    /// Renews until the task is cancelled.
    func renewLeases() async {
        var wait = configuration.renewInterval
        while !Task.isCancelled {
            await renewBell.wait(until: clock.uptime + wait)
            let isDone = await renewAll()
            wait = isDone ? configuration.renewInterval : configuration.renewInterval / 5
            try? await clock.sleep(for: min(Self.signalSpacing, configuration.renewInterval))
        }
    }

    private func renewAll() async -> Bool {
        // One that was given up is left to run out, even if the store answers again.
        let held = attempts.filter { $0.stopReason != .leaseLost }
        guard !held.isEmpty else { return true }
        let start = clock.uptime
        do {
            let length = configuration.leaseLength
            let renewals = try await store.renew(held.map(\.lease.token), length: length)
            for attempt in held {
                switch renewals[attempt.lease.token] ?? .lost {
                case .renewed:
                    extend(attempt, to: start + length)
                case .cancelRequested:
                    extend(attempt, to: start + length)
                    stop(attempt, .jobCancelled)
                case .lost:
                    // It may have been settled meanwhile, which is no loss.
                    guard !attempt.isSettling else { continue }
                    log(.warning, "Lost a lease", attempt)
                    stop(attempt, .leaseLost)
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

    private func extend(_ attempt: RunningAttempt, to end: Duration) {
        state.withLock { $0.held[ObjectIdentifier(attempt)]?.end = end }
    }

    // MARK: Watching

    /// Stops attempts whose lease is about to end without renewal, and those that take too long;
    /// complains of those that don't stop; until the task is cancelled.
    ///
    /// Apart from renewing, since a call to a store may hang.
    func watch() async {
        while !Task.isCancelled {
            for (attempt, finding) in findings() { act(on: finding, of: attempt) }
            await watchBell.wait(until: state.withLock { $0.nextLook })
        }
    }

    private enum Finding {
        case leaseEnds, timedOut, goesOn
    }

    private func findings() -> [(RunningAttempt, Finding)] {
        let now = clock.uptime
        return state.withLock { state in
            var findings: [(RunningAttempt, Finding)] = []
            state.nextLook = now + configuration.leaseLength - margin
            for (id, held) in state.held {
                let attempt = held.attempt
                if attempt.stopReason != .leaseLost {
                    if held.end - margin <= now {
                        findings.append((attempt, .leaseEnds))
                    } else {
                        state.nextLook = min(state.nextLook, held.end - margin)
                    }
                }
                guard !attempt.hasEnded else { continue }
                if let timeout = held.timeout {
                    if timeout <= now {
                        state.held[id]?.timeout = nil
                        findings.append((attempt, .timedOut))
                    } else {
                        state.nextLook = min(state.nextLook, timeout)
                    }
                }
                if var complaint = held.nextComplaint {
                    if complaint <= now {
                        findings.append((attempt, .goesOn))
                        complaint = now + held.complaintGap * 2
                        state.held[id]?.nextComplaint = complaint
                        state.held[id]?.complaintGap *= 2
                    }
                    state.nextLook = min(state.nextLook, complaint)
                }
            }
            return findings
        }
    }

    private func act(on finding: Finding, of attempt: RunningAttempt) {
        switch finding {
        case .leaseEnds:
            log(.warning, "Gave up a lease that couldn't be renewed", attempt)
            stop(attempt, .leaseLost)
        case .timedOut:
            log(.warning, "Stopped an attempt that took too long", attempt)
            stop(attempt, .timedOut)
        case .goesOn:
            log(.warning, "A handler was told to stop, and goes on", attempt)
        }
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ attempt: RunningAttempt) {
        let reason = attempt.stopReason.map { "\($0)" }
        logger.log(
            level: level, message,
            metadata: attempt.lease.logFacts(
                and: reason.map { [LogKey.stopReason: "\($0)"] } ?? [:]))
    }
}
