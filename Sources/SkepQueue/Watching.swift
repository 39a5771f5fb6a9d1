/// How far a running job has come, as it says itself.
public struct JobProgress: Sendable, Hashable {
    /// In units of the job's own, such as files. At least 0.
    public let done: Int64
    /// `nil`: not known.
    public let total: Int64?
    /// Cut at 1 KiB.
    public let message: String?
    public let attempt: Int
    public let at: Timestamp

    public init(done: Int64, total: Int64?, message: String?, attempt: Int, at: Timestamp) {
        self.done = done
        self.total = total
        self.message = message
        self.attempt = attempt
        self.at = at
    }
}

/// Something that happened to a job, as its history keeps it.
public struct JobEvent: Sendable, Hashable {
    public enum What: String, Sendable, Codable, CaseIterable {
        case enqueued, leased, failed, snoozed, released, succeeded, died, cancelled, expired
        /// Its holder died or was silent too long.
        case reclaimed
        case waitsForEvent = "waits_for_event"
        case eventCame = "event_came"
        case cancelRequested = "cancel_requested"
        case retriedByHand = "retried_by_hand"
        case priorityChanged = "priority_changed"
        case held
        case letGo = "let_go"
    }

    public let at: Timestamp
    public let what: What
    /// 0 before the first one.
    public let attempt: Int
    /// For people: a reason, a failure, the worker.
    public let detail: String?

    public init(at: Timestamp, what: What, attempt: Int, detail: String?) {
        self.at = at
        self.what = what
        self.attempt = attempt
        self.detail = detail
    }
}

/// Why a job isn't running.
public enum JobObstacle: Sendable, Hashable {
    case finished(Job.State, reason: String?)
    case held
    case scheduled(at: Timestamp, reason: String?)
    /// It waits for jobs that aren't finished.
    case dependsOn([JobID])
    case awaitsEvent(EventKey, until: Timestamp?)
    case queuePaused(QueueName)
    /// As many jobs of the queue run as may; some of them.
    case queueFull(QueueName, limit: Int, running: [JobID])
    case keyFull(ConcurrencyKey, limit: Int, running: [JobID])
    case queueRate(QueueName, RateLimit, opensAt: Timestamp)
    case keyRate(ConcurrencyKey, RateLimit, opensAt: Timestamp)
    /// No worker that lives takes jobs of its queue.
    case noWorker(QueueName)
    /// Workers that live take jobs of its queue, but not of its kind.
    case unknownKind(JobKind)
    /// All slots of those that would take it are taken.
    case workersBusy(slots: Int)
    /// So many go before it by their priority and age; counted up to a thousand. Whose turn it is
    /// among the keys may let it go sooner or later than that.
    case behind(Int)
}

/// What a worker is for: shown to people, and used to explain why a job isn't running.
public struct WorkerOffer: Sendable, Hashable, Codable {
    public var slots: [QueueName: Int]
    /// `nil`: all kinds.
    public var kinds: Set<JobKind>?

    public init(slots: [QueueName: Int], kinds: Set<JobKind>? = nil) {
        self.slots = slots
        self.kinds = kinds
    }
}

/// A worker that has registered.
public struct WorkerStatus: Sendable, Hashable {
    public let worker: WorkerID
    /// `nil`: it didn't say.
    public let offer: WorkerOffer?
    public let processID: Int32
    public let startedAt: Timestamp
    /// Whether its process lives.
    public let isAlive: Bool
    /// The jobs it holds leases on.
    public let leased: [JobID]

    public init(
        worker: WorkerID, offer: WorkerOffer?, processID: Int32, startedAt: Timestamp,
        isAlive: Bool, leased: [JobID]
    ) {
        self.worker = worker
        self.offer = offer
        self.processID = processID
        self.startedAt = startedAt
        self.isAlive = isAlive
        self.leased = leased
    }
}

/// What can be seen of jobs and workers from outside, in any process.
public protocol QueueWatching: Sendable {
    /// Says how far a job has come; the last word counts. Ends with the attempt.
    ///
    /// - Throws: `QueueError.leaseLost`.
    func report(
        done: Int64, total: Int64?, message: String?, of lease: LeaseToken
    ) async throws

    func progress(of id: JobID) async throws -> JobProgress?

    /// Waits until a job is finished, in whatever process, and answers with it.
    ///
    /// - Throws: `QueueError.noSuchJob` when it isn't there or is pruned meanwhile;
    ///   `CancellationError`.
    func finished(_ id: JobID) async throws -> Job

    /// What happened to a job, in order. Each attempt that failed, each that waits for something,
    /// and what people did, but of leases and successes only the last.
    func events(of id: JobID) async throws -> [JobEvent]

    /// Why a job isn't running: all reasons, the one that lasts longest first. Empty while it runs,
    /// or when a worker is about to take it. Limits and rates are said when they would stop it now,
    /// also of a job that waits for something else.
    ///
    /// - Throws: `QueueError.noSuchJob`.
    func obstacles(of id: JobID) async throws -> [JobObstacle]

    func workers() async throws -> [WorkerStatus]
}
