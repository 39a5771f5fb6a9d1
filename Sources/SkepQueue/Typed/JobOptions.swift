/// When a job begins, how often it is tried and what it is known by. Everything has a default.
public struct JobOptions: Sendable, Hashable {
    public var queue: QueueName
    /// When it may begin. `nil`: as soon as possible.
    public var start: JobTime?
    /// It never begins at this time or later: then it is cancelled instead. What has begun goes on,
    /// with further attempts. `nil`: it waits as long as it takes.
    public var expiry: JobTime?
    /// How long an attempt may take. `nil`: for ever.
    public var timeout: Duration?
    /// Higher goes first, unless a lower one has waited long. See `JobPriority`.
    public var priority: Int
    /// What it shares with other jobs that may run only so many at a time.
    public var key: ConcurrencyKey?
    /// Where `uniqueScope` says that there is such a job already, enqueueing answers with that one.
    public var unique: String?
    public var uniqueScope: UniqueScope
    /// Words to find it by.
    public var tags: [String]
    /// What must be finished before it.
    public var dependencies: [Dependency]
    /// Which outcome of its dependencies lets it run.
    public var condition: DependencyCondition
    /// How long it is kept once it is finished. `nil`: as the store's `Retention` says.
    public var retention: Duration?
    /// With so many failures it is dead. At least 1; 3 by default.
    public var maxFailures: Int

    /// - Parameters:
    ///   - delay: How long it waits before it may begin; the same as `start: .after(delay)`.
    ///   - dependencies: Labelled `after`: what must be finished before it.
    public init(
        queue: QueueName = "default", delay: Duration? = nil, start: JobTime? = nil,
        expiry: JobTime? = nil, timeout: Duration? = nil, priority: Int = 0,
        key: ConcurrencyKey? = nil, unique: String? = nil,
        uniqueScope: UniqueScope = .unfinished, tags: [String] = [],
        after dependencies: [Dependency] = [], condition: DependencyCondition = .succeeded,
        retention: Duration? = nil, maxFailures: Int = 3
    ) {
        self.queue = queue
        self.start = start ?? delay.map { .after($0) }
        self.expiry = expiry
        self.timeout = timeout
        self.priority = priority
        self.key = key
        self.unique = unique
        self.uniqueScope = uniqueScope
        self.tags = tags
        self.dependencies = dependencies
        self.condition = condition
        self.retention = retention
        self.maxFailures = maxFailures
    }
}

/// A time of a job: a point, or a length from when it is enqueued, or tried again.
public enum JobTime: Sendable, Hashable {
    case at(Timestamp)
    case after(Duration)

    /// The point in time, when lengths are counted from `now`.
    public func timestamp(from now: Timestamp) -> Timestamp {
        switch self {
        case .at(let time): time
        case .after(let length): now + length
        }
    }
}

extension NewJob {
    /// A job with a payload of a type of its own.
    ///
    /// - Parameter now: What the lengths in `options` are counted from.
    /// - Throws: `QueueError.invalidJob` when the payload can't be encoded.
    public init<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions = .init(), now: Timestamp = SystemClock().now
    ) throws(QueueError) {
        self.init(Payload.kind, payload: try payload.encoded(), options, now: now)
    }

    init(_ kind: JobKind, payload: [UInt8], _ options: JobOptions, now: Timestamp) {
        self.init(
            kind, queue: options.queue, payload: payload, priority: options.priority,
            notBefore: options.start?.timestamp(from: now),
            expiresAt: options.expiry?.timestamp(from: now), timeout: options.timeout,
            concurrencyKey: options.key, uniqueKey: options.unique,
            uniqueScope: options.uniqueScope, tags: options.tags,
            dependencies: options.dependencies, condition: options.condition,
            retention: options.retention, maxFailures: options.maxFailures)
    }
}
