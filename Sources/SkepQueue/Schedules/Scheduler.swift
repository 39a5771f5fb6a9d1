public import Logging

/// Sees to it that the ticks of a store's schedules come.
///
/// Any number of schedulers, in any number of processes, may do it for one store at the same time:
/// each tick comes once, and there is no leader.
public struct Scheduler: Sendable {
    /// The longest sleep, 30 s: so soon it is noticed that the clock was set, or that another
    /// process has declared a schedule.
    public static let longestSleep = Duration.seconds(30)

    private let store: any QueueStore
    private let clock: any Clock
    private let logger: Logger

    public init(store: any QueueStore, clock: any Clock = SystemClock(), logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Ticks until the task is cancelled, and then returns. Errors are logged and tried again.
    public func run() async {
        var backoff = Backoff(cap: Self.longestSleep)
        while !Task.isCancelled {
            var wait: Duration
            do {
                let result = try await store.tick()
                for tick in result.ticks { log(tick) }
                wait = result.nextDue.map { $0 - clock.now } ?? Self.longestSleep
                backoff.reset()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Can't tick", metadata: [LogKey.error: "\(error)"])
                wait = backoff.next()
            }
            wait = min(max(wait, .milliseconds(1)), Self.longestSleep)
            do { try await clock.sleep(for: wait) } catch { return }
        }
    }

    private func log(_ tick: ScheduleTick) {
        var metadata: Logger.Metadata = [LogKey.schedule: "\(tick.schedule)"]
        switch tick.outcome {
        case .queued(let job), .runByHand(let job):
            metadata[LogKey.job] = "\(job)"
            logger.info("Queued a scheduled job", metadata: metadata)
        case .skipped(let reason):
            metadata[LogKey.reason] = "\(reason)"
            logger.info("Skipped a tick", metadata: metadata)
        }
    }
}
