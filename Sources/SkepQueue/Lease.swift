/// The right to make one attempt at a job for a while.
public struct Lease: Sendable, Hashable {
    public let job: Job
    public let worker: WorkerID
    /// When it ends unless it is renewed, as a time to show. What counts is `Clock.uptime`.
    public let expiresAt: Timestamp

    public init(job: Job, worker: WorkerID, expiresAt: Timestamp) {
        self.job = job
        self.worker = worker
        self.expiresAt = expiresAt
    }

    public var token: LeaseToken {
        LeaseToken(job: job.id, attempt: job.attempt, worker: worker)
    }
}

/// What proves that a write comes from the holder of a lease: the job and the attempt.
public struct LeaseToken: Sendable, Hashable {
    public let job: JobID
    public let attempt: Int
    public let worker: WorkerID

    public init(job: JobID, attempt: Int, worker: WorkerID) {
        self.job = job
        self.attempt = attempt
        self.worker = worker
    }
}

/// What a worker asks for when it has free slots.
public struct LeaseRequest: Sendable, Hashable {
    public var queue: QueueName
    /// At least 1.
    public var limit: Int
    public var worker: WorkerID
    /// How long the leases last. 30 s by default.
    public var length: Duration
    /// Kinds the worker can run; others stay in the queue. `nil`: all.
    public var kinds: Set<JobKind>?

    public init(
        queue: QueueName, limit: Int, worker: WorkerID, length: Duration = .seconds(30),
        kinds: Set<JobKind>? = nil
    ) {
        self.queue = queue
        self.limit = limit
        self.worker = worker
        self.length = length
        self.kinds = kinds
    }
}

/// What the holder of a lease learns when it renews it.
public enum Renewal: Sendable, Hashable {
    case renewed
    /// Renewed, and somebody wants the job cancelled: stop, then settle.
    case cancelRequested
    /// The lease was lost; nothing the holder writes counts any more.
    case lost
}

/// Why an attempt failed.
public struct Failure: Sendable, Hashable, Codable {
    /// A short word for programs, such as "timed_out".
    public let kind: String
    /// What happened, for people. Cut at 16 KiB.
    public let message: String

    public init(kind: String, message: String) {
        self.kind = kind
        self.message = message
    }
}

/// A failure with its time and attempt, as the history of a job keeps it.
public struct RecordedFailure: Sendable, Hashable, Codable {
    public let attempt: Int
    public let at: Timestamp
    public let failure: Failure
    /// Whether it counted against `Job.maxFailures`.
    public let isCounted: Bool

    public init(attempt: Int, at: Timestamp, failure: Failure, isCounted: Bool) {
        self.attempt = attempt
        self.at = at
        self.failure = failure
        self.isCounted = isCounted
    }
}

/// What a worker says about a lease it gives up.
public enum Settlement: Sendable, Hashable {
    /// Done. The result has at most `NewJob.maxPayloadBytes`. `next` are put into their queues in the same transaction.
    case succeeded(result: [UInt8]?, next: [NewJob])
    /// It failed and counts; with `Job.maxFailures` reached the job is dead.
    /// `notBefore: nil`: the retry policy decides.
    case retry(Failure, notBefore: Timestamp?)
    /// Not now: quota, rate limit, a person's answer. No failure is counted.
    case snoozed(until: Timestamp, reason: String)
    /// Until an event comes, or the time is over; at once when the event has come already. No
    /// failure is counted. `until: nil`: as long as it takes.
    case waiting(for: EventKey, until: Timestamp?)
    /// It failed for good.
    case dead(Failure)
    /// Given back untouched: ready at once, no failure counted.
    case released
    /// It was stopped because somebody asked for it.
    case cancelled
}

/// A lease that is given up, and how.
public struct SettledLease: Sendable, Hashable {
    public let token: LeaseToken
    public let settlement: Settlement

    public init(_ token: LeaseToken, as settlement: Settlement) {
        self.token = token
        self.settlement = settlement
    }
}

/// What became of settlements, and the leases that were taken after them.
public struct LeaseExchange: Sendable {
    /// Those that weren't settled, and why; nothing was written for them.
    public let refused: [LeaseToken: any Error]
    /// The leases of each request.
    public let leases: [[Lease]]

    public init(refused: [LeaseToken: any Error], leases: [[Lease]]) {
        self.refused = refused
        self.leases = leases
    }
}
