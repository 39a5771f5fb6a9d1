/// One thing to do, waiting or done.
public struct Job: Sendable, Hashable {
    /// Where a job stands. `scheduled → ready → leased → succeeded | dead | cancelled`.
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Its time hasn't come, or it waits before the next try.
        case scheduled
        /// It can be leased now, unless its key is at its limit or its queue is paused.
        case ready
        /// A worker holds a lease on it.
        case leased
        case succeeded
        /// It failed too often, or for good; kept until somebody retries or prunes it.
        case dead
        case cancelled

        /// Whether nothing happens to it any more by itself.
        public var isFinished: Bool {
            switch self {
            case .scheduled, .ready, .leased: false
            case .succeeded, .dead, .cancelled: true
            }
        }
    }

    public let id: JobID
    public let kind: JobKind
    public let queue: QueueName
    /// What the handler needs to know; the queue doesn't look inside.
    public let payload: [UInt8]
    public let state: State
    /// Higher goes first, unless a lower one has waited long: see `JobPriority`. 0 by default.
    public let priority: Int
    public let concurrencyKey: ConcurrencyKey?
    /// What `uniqueScope` says there is only one of in its queue.
    public let uniqueKey: String?
    public let uniqueScope: UniqueScope
    /// Words to find it by; sorted, each once.
    public let tags: [String]
    public let enqueuedAt: Timestamp
    /// It isn't leased before this.
    public let notBefore: Timestamp
    /// It never begins at this time or later: then it is cancelled instead. What has begun goes on,
    /// with further attempts. `nil`: it waits as long as it takes.
    public let expiresAt: Timestamp?
    /// How long an attempt may take before it is stopped and counts as failed. `nil`: for ever.
    public let timeout: Duration?
    /// Since when it could be leased; `nil` while it is scheduled for the first time.
    public let readyAt: Timestamp?
    public let leasedAt: Timestamp?
    public let finishedAt: Timestamp?
    /// How often it was leased; only grows. Fences off workers that lost their lease.
    public let attempt: Int
    /// How many attempts ended in a failure that counts.
    public let failures: Int
    /// With so many failures it is dead. At least 1.
    public let maxFailures: Int
    /// Who holds or last held the lease.
    public let worker: WorkerID?
    public let isCancelRequested: Bool
    /// Somebody keeps it from being leased until it is let go.
    public let isHeld: Bool
    /// How many jobs it depends on aren't finished.
    public let unmetDependencies: Int
    /// What it waits for, if it is an event.
    public let awaitedEvent: EventKey?
    /// Why it is scheduled again: what the last attempt waits for. When it is cancelled: why.
    public let reason: String?

    public init(
        id: JobID, kind: JobKind, queue: QueueName, payload: [UInt8], state: State, priority: Int,
        concurrencyKey: ConcurrencyKey?, uniqueKey: String?,
        uniqueScope: UniqueScope = .unfinished, tags: [String] = [], enqueuedAt: Timestamp,
        notBefore: Timestamp, expiresAt: Timestamp? = nil, timeout: Duration? = nil,
        readyAt: Timestamp?, leasedAt: Timestamp?, finishedAt: Timestamp?,
        attempt: Int, failures: Int, maxFailures: Int, worker: WorkerID?, isCancelRequested: Bool,
        isHeld: Bool = false, unmetDependencies: Int = 0, awaitedEvent: EventKey? = nil,
        reason: String?
    ) {
        self.id = id
        self.kind = kind
        self.queue = queue
        self.payload = payload
        self.state = state
        self.priority = priority
        self.concurrencyKey = concurrencyKey
        self.uniqueKey = uniqueKey
        self.uniqueScope = uniqueScope
        self.tags = tags
        self.enqueuedAt = enqueuedAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.timeout = timeout
        self.readyAt = readyAt
        self.leasedAt = leasedAt
        self.finishedAt = finishedAt
        self.attempt = attempt
        self.failures = failures
        self.maxFailures = maxFailures
        self.worker = worker
        self.isCancelRequested = isCancelRequested
        self.isHeld = isHeld
        self.unmetDependencies = unmetDependencies
        self.awaitedEvent = awaitedEvent
        self.reason = reason
    }
}
