/// How a queue stands. Its counts are kept up to date with each write, not counted.
public struct QueueStatus: Sendable, Hashable {
    public struct Key: Sendable, Hashable {
        public let key: ConcurrencyKey
        public let limit: Int?
        public let rate: RateLimit?
        public let leased: Int
        public let ready: Int

        public init(
            key: ConcurrencyKey, limit: Int?, rate: RateLimit? = nil, leased: Int, ready: Int
        ) {
            self.key = key
            self.limit = limit
            self.rate = rate
            self.leased = leased
            self.ready = ready
        }
    }

    public let queue: QueueName
    public let counts: [Job.State: Int]
    /// How many jobs are ready, by kind.
    public let readyByKind: [JobKind: Int]
    public let isPaused: Bool
    /// How many may be leased at once.
    public let limit: Int?
    public let rate: RateLimit?
    /// Since when the longest waiting ready job waits.
    public let oldestReadyAt: Timestamp?
    /// When the next scheduled job is due.
    public let nextDue: Timestamp?
    /// How many jobs were finished per minute, in the last five minutes or since the first of them in
    /// which one was.
    public let finishedPerMinute: Double
    /// How many jobs were enqueued per minute, likewise.
    public let enqueuedPerMinute: Double
    /// Keys with a limit, a rate, or jobs.
    public let keys: [Key]

    public init(
        queue: QueueName, counts: [Job.State: Int], readyByKind: [JobKind: Int] = [:],
        isPaused: Bool = false, limit: Int? = nil, rate: RateLimit? = nil,
        oldestReadyAt: Timestamp?, nextDue: Timestamp?, finishedPerMinute: Double = 0,
        enqueuedPerMinute: Double = 0, keys: [Key]
    ) {
        self.queue = queue
        self.counts = counts
        self.readyByKind = readyByKind
        self.isPaused = isPaused
        self.limit = limit
        self.rate = rate
        self.oldestReadyAt = oldestReadyAt
        self.nextDue = nextDue
        self.finishedPerMinute = finishedPerMinute
        self.enqueuedPerMinute = enqueuedPerMinute
        self.keys = keys
    }

    /// How long what is ready and leased takes at the rate at which jobs were finished lately;
    /// `nil` when nothing was.
    public var timeToDrain: Duration? {
        guard finishedPerMinute > 0 else { return nil }
        let waiting = (counts[.ready] ?? 0) + (counts[.leased] ?? 0)
        return .seconds(Double(waiting) / finishedPerMinute * 60)
    }
}
