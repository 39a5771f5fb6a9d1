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
    /// Among unfinished jobs of a queue there is one with this key.
    public let uniqueKey: String?
    public let enqueuedAt: Timestamp
    /// It isn't leased before this.
    public let notBefore: Timestamp
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
    /// Why it is scheduled again: what the last attempt waits for.
    public let reason: String?

    public init(
        id: JobID, kind: JobKind, queue: QueueName, payload: [UInt8], state: State, priority: Int,
        concurrencyKey: ConcurrencyKey?, uniqueKey: String?, enqueuedAt: Timestamp,
        notBefore: Timestamp, readyAt: Timestamp?, leasedAt: Timestamp?, finishedAt: Timestamp?,
        attempt: Int, failures: Int, maxFailures: Int, worker: WorkerID?, isCancelRequested: Bool,
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
        self.enqueuedAt = enqueuedAt
        self.notBefore = notBefore
        self.readyAt = readyAt
        self.leasedAt = leasedAt
        self.finishedAt = finishedAt
        self.attempt = attempt
        self.failures = failures
        self.maxFailures = maxFailures
        self.worker = worker
        self.isCancelRequested = isCancelRequested
        self.reason = reason
    }
}

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
    public var concurrencyKey: ConcurrencyKey?
    /// While an unfinished job of the queue has this key, enqueueing answers with that one.
    public var uniqueKey: String?
    /// With so many failures it is dead. At least 1; 3 by default.
    public var maxFailures: Int

    /// The largest payload: 16 MiB.
    public static let maxPayloadBytes = 16 << 20

    public init(
        _ kind: JobKind, queue: QueueName = "default", payload: [UInt8] = [], priority: Int = 0,
        notBefore: Timestamp? = nil, concurrencyKey: ConcurrencyKey? = nil,
        uniqueKey: String? = nil, maxFailures: Int = 3
    ) {
        self.kind = kind
        self.queue = queue
        self.payload = payload
        self.priority = priority
        self.notBefore = notBefore
        self.concurrencyKey = concurrencyKey
        self.uniqueKey = uniqueKey
        self.maxFailures = maxFailures
    }
}

/// What became of a job that was put into a queue.
public enum Enqueued: Sendable, Hashable {
    case inserted(JobID)
    /// An unfinished job with the same unique key was there already.
    case existing(JobID)

    public var id: JobID {
        switch self {
        case .inserted(let id), .existing(let id): id
        }
    }
}
