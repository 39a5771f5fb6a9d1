/// Keeps the jobs of the queues. Everything is durable when a method returns.
///
/// A store is a function of its arguments, its rows and its clock. Methods may be called from
/// anywhere, also at the same time. They throw `QueueError`, and `CancellationError` only before
/// anything was written.
public protocol QueueStore: Sendable {
    /// Puts jobs into their queues, all or none.
    ///
    /// - Returns: One answer per job, in order.
    func enqueue(_ jobs: [NewJob]) async throws -> [Enqueued]

    /// Takes up to `request.limit` leases on jobs that are ready, the most urgent first.
    ///
    /// A job is ready when its time has come and no limit of its key is reached. Jobs of equal
    /// priority are taken in the order in which they became ready; a step of priority is worth a
    /// head start of `JobPriority.ageing`, so no job waits for ever. Two workers never get the same
    /// attempt.
    ///
    /// - Returns: The leases, in that order; empty when nothing is ready.
    func lease(_ request: LeaseRequest) async throws -> [Lease]

    /// Makes leases last longer, and tells which are lost or to be stopped.
    func renew(_ leases: [LeaseToken], length: Duration) async throws -> [LeaseToken: Renewal]

    /// Gives a lease up with its outcome.
    ///
    /// - Throws: `QueueError.leaseLost` when another attempt has begun or the job is finished;
    ///   nothing was written then.
    func settle(_ lease: LeaseToken, as settlement: Settlement) async throws

    /// Cancels a job: at once when it waits, by request to its holder when it is leased.
    func cancel(_ id: JobID) async throws -> Cancellation

    /// Makes a dead, cancelled or waiting job ready at once, with no failures counted.
    func retry(_ id: JobID) async throws

    /// Gives a job another priority; it keeps its place in time.
    ///
    /// On a job that is leased it has an effect when the job waits again.
    ///
    /// - Throws: `QueueError.invalidJob` when no job may have such a priority.
    @discardableResult
    func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization

    /// Sets how many jobs of a key may be leased at once; `nil` takes the limit away.
    func setLimit(_ limit: Int?, of key: ConcurrencyKey, in queue: QueueName) async throws

    /// Makes jobs ready whose time has come, and those whose holder is dead or silent.
    ///
    /// Cheap when there is nothing to do; any number of processes may do it.
    func sweep() async throws -> Sweep

    /// Declares the schedules of an owner, such as "workflows": exactly these.
    ///
    /// New ones begin now: their first tick is the first one after this. Those that were there are
    /// changed; one whose timing stays the same goes on from its last tick, so what came while
    /// nobody ticked is missed, not lost. One whose timing has changed begins anew. Whether it is
    /// paused stays. Those that aren't named any more are removed with their history; jobs they
    /// have queued go on.
    ///
    /// - Throws: `ScheduleError.invalid`, `.nameTaken`; `QueueError.invalidJob` when no such job
    ///   can be queued. Nothing has changed then.
    func setSchedules(_ schedules: [Schedule], of owner: String) async throws

    /// Keeps a schedule from ticking until it is resumed. What comes meanwhile is left out for good.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`.
    func pauseSchedule(_ name: ScheduleName) async throws

    /// Lets a paused schedule go on with its next tick.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`.
    func resumeSchedule(_ name: ScheduleName) async throws

    /// Queues a schedule's job now, beside its plan, also when it is paused.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`; `.stillRunning` when a former job isn't finished
    ///   and may not be overlapped.
    func runSchedule(_ name: ScheduleName) async throws -> JobID

    /// Queues the jobs of all ticks that are due, each tick once: see `Schedule`.
    ///
    /// Cheap when nothing is due. Any number of processes may do it at any time; `Scheduler` does
    /// it when it is worth it.
    func tick() async throws -> TickResult

    /// All schedules by name.
    func schedules() async throws -> [ScheduleStatus]

    /// What became of the ticks of a schedule, the newest first. The newest hundred are kept.
    func ticks(of name: ScheduleName, limit: Int) async throws -> [ScheduleTick]

    /// Registers a worker until the returned registration ends; its end frees its jobs at once.
    func register(_ worker: WorkerID) async throws -> any WorkerRegistration

    func job(_ id: JobID) async throws -> Job?
    func failures(of id: JobID) async throws -> [RecordedFailure]
    func result(of id: JobID) async throws -> [UInt8]?
    /// Jobs, the newest first.
    func jobs(matching filter: JobFilter) async throws -> [Job]
    func status() async throws -> [QueueStatus]
}

/// A worker's presence: a lock the kernel releases when its process dies, and its wake-ups.
public protocol WorkerRegistration: Sendable {
    var worker: WorkerID { get }
    /// Signals for this worker, from this process and others. Merged: one that wasn't read yet
    /// stands for all that follow. Ends with the registration.
    var signals: AsyncStream<QueueSignal> { get }
    /// Gives up the lock. Leases still held become ready for others.
    func end() async
}

public enum QueueSignal: Sendable, Hashable {
    /// Something in a queue may have become ready, or a job of this worker is to be cancelled.
    case look
}

/// What `cancel` did.
public enum Cancellation: Sendable, Hashable {
    case cancelled
    /// Its holder was told; it settles when everything has stopped.
    case requested
    case alreadyFinished(Job.State)
}

/// What `setPriority` did.
public enum Reprioritization: Sendable, Hashable {
    case changed
    case alreadyFinished(Job.State)
}

/// What a sweep did, and when the next one is worth it.
public struct Sweep: Sendable, Hashable {
    /// Jobs whose time had come.
    public var promoted: Int
    /// Jobs taken from workers that are dead or silent.
    public var reclaimed: [JobID]
    /// Jobs that died because they killed their holder too often.
    public var died: [JobID]
    /// When the next scheduled job is due.
    public var nextDue: Timestamp?

    public init(
        promoted: Int = 0, reclaimed: [JobID] = [], died: [JobID] = [], nextDue: Timestamp? = nil
    ) {
        self.promoted = promoted
        self.reclaimed = reclaimed
        self.died = died
        self.nextDue = nextDue
    }
}

public struct JobFilter: Sendable, Hashable {
    public var queue: QueueName?
    public var kind: JobKind?
    public var states: Set<Job.State>?
    /// At most so many. 100 by default.
    public var limit: Int
    /// Only jobs with a smaller number: the last one of the page before.
    public var before: JobID?

    public init(
        queue: QueueName? = nil, kind: JobKind? = nil, states: Set<Job.State>? = nil,
        limit: Int = 100, before: JobID? = nil
    ) {
        self.queue = queue
        self.kind = kind
        self.states = states
        self.limit = limit
        self.before = before
    }
}

/// How a queue stands. Its counts are kept up to date with each write, not counted.
public struct QueueStatus: Sendable, Hashable {
    public struct Key: Sendable, Hashable {
        public let key: ConcurrencyKey
        public let limit: Int?
        public let leased: Int
        public let ready: Int

        public init(key: ConcurrencyKey, limit: Int?, leased: Int, ready: Int) {
            self.key = key
            self.limit = limit
            self.leased = leased
            self.ready = ready
        }
    }

    public let queue: QueueName
    public let counts: [Job.State: Int]
    /// Since when the longest waiting ready job waits.
    public let oldestReadyAt: Timestamp?
    /// When the next scheduled job is due.
    public let nextDue: Timestamp?
    /// Keys with a limit or with jobs.
    public let keys: [Key]

    public init(
        queue: QueueName, counts: [Job.State: Int], oldestReadyAt: Timestamp?,
        nextDue: Timestamp?, keys: [Key]
    ) {
        self.queue = queue
        self.counts = counts
        self.oldestReadyAt = oldestReadyAt
        self.nextDue = nextDue
        self.keys = keys
    }
}
