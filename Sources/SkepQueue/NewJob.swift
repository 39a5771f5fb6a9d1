/// A job to put into a queue.
public struct NewJob: Sendable, Hashable {
    public var kind: JobKind
    public var queue: QueueName
    /// At most `NewJob.maxPayloadBytes`.
    public var payload: [UInt8]
    /// Higher goes first, unless a lower one has waited long. -1000 to 1000; see `JobPriority`.
    public var priority: Int
    /// `nil`: as soon as possible.
    public var notBefore: Timestamp?
    /// It never begins at this time or later: then it is cancelled instead. What has begun goes on,
    /// with further attempts. Must be after the time of enqueueing and after `notBefore`. `nil`: it
    /// waits as long as it takes.
    public var expiresAt: Timestamp?
    /// How long an attempt may take. Whole milliseconds, at least one. `nil`: for ever.
    public var timeout: Duration?
    public var concurrencyKey: ConcurrencyKey?
    /// Where `uniqueScope` says that there is such a job already, enqueueing answers with that one.
    /// At most 1 KiB.
    public var uniqueKey: String?
    public var uniqueScope: UniqueScope
    /// Words to find it by. At most 16, of 1 to 100 bytes each, without control characters.
    public var tags: [String]
    /// What must be finished before it. At most `NewJob.maxDependencies`.
    public var dependencies: [Dependency]
    /// Which outcome of its dependencies lets it run.
    public var condition: DependencyCondition
    /// How long it is kept once it is finished, with its result. `nil`: as the store's `Retention`
    /// says.
    public var retention: Duration?
    /// With so many failures it is dead. At least 1; 3 by default.
    public var maxFailures: Int

    /// The largest payload: 16 MiB.
    public static let maxPayloadBytes = 16 << 20
    /// The most jobs of one call of `enqueue`: 100,000. They share a transaction, and other writers
    /// wait for it, those that renew leases among them.
    public static let maxJobsPerCall = 100_000
    /// The times a job may name: from 1970 to the end of the year 9999, UTC.
    public static let allowedTimes =
        Timestamp(milliseconds: 0)...Timestamp(milliseconds: 253_402_300_799_999)

    public init(
        _ kind: JobKind, queue: QueueName = "default", payload: [UInt8] = [], priority: Int = 0,
        notBefore: Timestamp? = nil, expiresAt: Timestamp? = nil, timeout: Duration? = nil,
        concurrencyKey: ConcurrencyKey? = nil, uniqueKey: String? = nil,
        uniqueScope: UniqueScope = .unfinished, tags: [String] = [],
        dependencies: [Dependency] = [], condition: DependencyCondition = .succeeded,
        retention: Duration? = nil, maxFailures: Int = 3
    ) {
        self.kind = kind
        self.queue = queue
        self.payload = payload
        self.priority = priority
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.timeout = timeout
        self.concurrencyKey = concurrencyKey
        self.uniqueKey = uniqueKey
        self.uniqueScope = uniqueScope
        self.tags = tags
        self.dependencies = dependencies
        self.condition = condition
        self.retention = retention
        self.maxFailures = maxFailures
    }
}

/// Among which jobs of a queue a unique key is unique.
public enum UniqueScope: Sendable, Hashable {
    /// Those that wait. A job that runs doesn't stand in the way, so what changes meanwhile gets
    /// another one.
    case waiting
    /// Those that wait or run.
    case unfinished
    /// All that were enqueued within so long before, finished or not. At least a millisecond.
    case window(Duration)
}

/// What became of a job that was put into a queue.
public enum Enqueued: Sendable, Hashable {
    case inserted(JobID)
    /// A job with the same unique key was there already.
    case existing(JobID)

    public var id: JobID {
        switch self {
        case .inserted(let id), .existing(let id): id
        }
    }
}
