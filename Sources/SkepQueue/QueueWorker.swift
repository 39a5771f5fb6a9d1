public import Logging

/// Why a running attempt is being cancelled.
public enum StopReason: Sendable, Hashable {
    /// Somebody cancelled the job.
    case jobCancelled
    /// The lease is lost: stop without writing anything.
    case leaseLost
    /// The worker is shutting down.
    case shutdown
    /// It has run longer than `Job.timeout`.
    case timedOut
}

/// What an attempt can ask while it runs.
public protocol AttemptContext: Sendable {
    /// Why the task was cancelled; `nil` while it may go on.
    var stopReason: StopReason? { get }

    /// Says that the handler settles the lease itself, now. From then on only what settling throws
    /// tells whether the lease was lost: a renewal that comes too late is no loss.
    func willSettle()
}

/// What a handler did with the lease it was given.
public enum Disposition: Sendable {
    /// The worker settles the lease so.
    case settle(Settlement)
    /// The handler settled it itself, in a transaction of its own.
    case settled
}

/// Takes leases as slots become free, runs a handler for each, and keeps the leases alive.
///
/// The handler's task is cancelled when its job is cancelled, its lease is lost, its time is over,
/// or the worker stops; `AttemptContext.stopReason` says which. An error it throws counts as a
/// failure and the retry policy decides, unless it is a `JobFailure`, which decides itself. An
/// error of a handler that was stopped is how it ends: then the job is cancelled, has failed with
/// `Failure.timedOut`, or is released at shutdown.
public struct QueueWorker: Sendable {
    public typealias Handler = @Sendable (Lease, any AttemptContext) async throws -> Disposition

    public struct Configuration: Sendable {
        /// How many attempts may run at once, by queue.
        public var slots: [QueueName: Int]
        /// Kinds the handler knows; others stay in the queue for workers that do. `nil`, the
        /// default: all.
        public var kinds: Set<JobKind>?
        /// 30 s by default.
        public var leaseLength: Duration
        /// 10 s by default.
        public var renewInterval: Duration
        /// How often the queue is looked at without a signal. 5 s by default.
        public var pollInterval: Duration
        /// How long `run` waits for handlers once it is to stop. `nil`, the default: as long as
        /// they take.
        public var shutdownGrace: Duration?
        /// When to try failed jobs again, by kind; the store's own policy for the others.
        public var retryPolicies: [JobKind: RetryPolicy]

        public init(
            slots: [QueueName: Int], kinds: Set<JobKind>? = nil,
            leaseLength: Duration = .seconds(30), renewInterval: Duration = .seconds(10),
            pollInterval: Duration = .seconds(5), shutdownGrace: Duration? = nil,
            retryPolicies: [JobKind: RetryPolicy] = [:]
        ) {
            self.slots = slots
            self.kinds = kinds
            self.leaseLength = leaseLength
            self.renewInterval = renewInterval
            self.pollInterval = pollInterval
            self.shutdownGrace = shutdownGrace
            self.retryPolicies = retryPolicies
        }
    }

    let store: any QueueStore
    let worker: WorkerID
    let configuration: Configuration
    let middleware: [any JobMiddleware]
    let clock: any Clock
    let random: @Sendable () -> Double
    var logger: Logger
    let handler: Handler

    /// - Parameters:
    ///   - middleware: The first is outermost.
    ///   - random: 0 to 1; spreads retries, and the times of upkeep.
    public init(
        store: any QueueStore, worker: WorkerID = .random(), configuration: Configuration,
        middleware: [any JobMiddleware] = [], clock: any Clock = SystemClock(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger,
        handler: @escaping Handler
    ) {
        self.store = store
        self.worker = worker
        self.configuration = configuration
        self.middleware = middleware
        self.clock = clock
        self.random = random
        self.logger = logger
        self.handler = handler
    }
}
