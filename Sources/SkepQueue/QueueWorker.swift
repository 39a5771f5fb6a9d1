public import Logging

/// Why a running attempt is being cancelled.
public enum StopReason: Sendable, Hashable {
    /// Somebody cancelled the job.
    case jobCancelled
    /// The lease is lost: stop without writing anything.
    case leaseLost
    /// The worker is shutting down.
    case shutdown
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
/// The handler's task is cancelled when its job is cancelled, its lease is lost, or the worker
/// stops; `AttemptContext.stopReason` says which. An error it throws counts as a failure and the
/// retry policy decides, unless it was cancelled by shutdown: then the lease is released.
public struct QueueWorker: Sendable {
    public typealias Handler = @Sendable (Lease, any AttemptContext) async throws -> Disposition

    public struct Configuration: Sendable {
        /// How many attempts may run at once, by queue.
        public var slots: [QueueName: Int]
        /// 30 s by default.
        public var leaseLength: Duration
        /// 10 s by default.
        public var renewInterval: Duration
        /// How often the queue is looked at without a signal. 5 s by default.
        public var pollInterval: Duration

        public init(
            slots: [QueueName: Int], leaseLength: Duration = .seconds(30),
            renewInterval: Duration = .seconds(10), pollInterval: Duration = .seconds(5)
        ) {
            self.slots = slots
            self.leaseLength = leaseLength
            self.renewInterval = renewInterval
            self.pollInterval = pollInterval
        }
    }

    let store: any QueueStore
    let worker: WorkerID
    let configuration: Configuration
    let clock: any Clock
    let logger: Logger
    let handler: Handler

    public init(
        store: any QueueStore, worker: WorkerID = .random(), configuration: Configuration,
        clock: any Clock = SystemClock(), logger: Logger, handler: @escaping Handler
    ) {
        self.store = store
        self.worker = worker
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        self.handler = handler
    }
}
