/// A job that is queued again and again, or once, at times that are known beforehand.
///
/// Each of those times is a **tick**: it is known by its nominal time, is written down together
/// with its job in one transaction, and so happens once, however many schedulers look and whatever
/// is done to the clock. A tick never comes before the one after which it was reckoned, so a clock
/// that is set back repeats nothing, and one that is set forward leaves missed ticks behind.
public struct Schedule: Sendable, Hashable {
    /// Unique among all schedules of a store, whoever owns them.
    public var name: ScheduleName
    public var timing: ScheduleTiming
    public var queue: QueueName
    public var kind: JobKind
    public var payload: [UInt8]
    /// See `JobPriority`. 0 by default.
    public var priority: Int
    /// See `NewJob.maxFailures`. 3 by default.
    public var maxFailures: Int
    /// What becomes of ticks that nobody saw in time. `.runOnce` by default.
    public var missed: MissedTicks
    /// What becomes of a tick while a job of an earlier one isn't finished. `.skip` by default.
    public var overlap: TickOverlap
    /// A tick's job is ready up to so much later, by chance, so that not everything begins at once.
    /// Zero by default; at most a day, in whole milliseconds.
    public var jitter: Duration

    public init(
        _ name: ScheduleName, _ timing: ScheduleTiming, queue: QueueName = "default",
        kind: JobKind, payload: [UInt8] = [], priority: Int = 0, maxFailures: Int = 3,
        missed: MissedTicks = .runOnce, overlap: TickOverlap = .skip, jitter: Duration = .zero
    ) {
        self.name = name
        self.timing = timing
        self.queue = queue
        self.kind = kind
        self.payload = payload
        self.priority = priority
        self.maxFailures = maxFailures
        self.missed = missed
        self.overlap = overlap
        self.jitter = jitter
    }

    /// The job of a tick.
    ///
    /// - Parameters:
    ///   - notBefore: Its nominal time, with the jitter.
    ///   - former: Those that must be finished before, however they end.
    public func job(notBefore: Timestamp?, behind former: [JobID] = []) -> NewJob {
        NewJob(
            kind, queue: queue, payload: payload, priority: priority, notBefore: notBefore,
            dependencies: former.map(Dependency.job), condition: .finished,
            maxFailures: maxFailures)
    }

    /// Checks what doesn't need a store. The limits of its jobs are checked when it is set.
    public func check() throws(ScheduleError) {
        func refuse(_ reason: String) -> ScheduleError { .invalid(name, reason: reason) }
        guard (1...200).contains(name.rawValue.utf8.count), !name.rawValue.utf8.contains(0) else {
            throw refuse("A name has 1 to 200 bytes, and no NUL.")
        }
        if case .every(let length, _) = timing {
            guard length >= ScheduleTiming.shortestInterval, length.isWholeMilliseconds else {
                throw refuse(
                    "Its interval is \(length); whole milliseconds, 1 s or more, are needed.")
            }
        }
        if case .runAll(let limit) = missed {
            guard MissedTicks.allowedLimits.contains(limit) else {
                throw refuse(
                    "Up to \(limit) missed ticks would be made up for; "
                        + "1 to \(MissedTicks.allowedLimits.upperBound) are allowed.")
            }
            guard overlap == .allow else {
                throw refuse(
                    "All missed ticks are to run, but none beside the former one: most wouldn't. "
                        + "Let its jobs overlap, or run missed ticks once.")
            }
        }
        guard .zero ... .seconds(86_400) ~= jitter, jitter.isWholeMilliseconds else {
            throw refuse("Its jitter is \(jitter); whole milliseconds up to a day are allowed.")
        }
    }
}

/// What becomes of ticks that passed while no scheduler ran, or that a clock jumped over.
///
/// A tick is missed when a later one is due as well, or when nobody saw it for a minute.
public enum MissedTicks: Sendable, Hashable {
    /// They are left out.
    case skip
    /// The newest stands for all of them.
    case runOnce
    /// Each gets a job, the newest ones up to a limit of 1 to 100. Needs `TickOverlap.allow`.
    case runAll(limit: Int)

    /// How late a tick may be seen and still counts as on time: a minute, twice as long as a
    /// scheduler sleeps.
    public static let grace = Duration.seconds(60)

    static let allowedLimits = 1...100
}

/// What becomes of a tick while a job of an earlier tick isn't finished.
public enum TickOverlap: String, Sendable, Codable, CaseIterable {
    /// It gets its job all the same.
    case allow
    /// It is left out, so that two never run at the same time.
    case skip
    /// Its job waits until the earlier ones are finished, however they end. While one waits, further
    /// ticks are left out.
    case queueOne = "queue_one"
}

extension Duration {
    fileprivate var isWholeMilliseconds: Bool { self == .milliseconds(milliseconds) }
}
