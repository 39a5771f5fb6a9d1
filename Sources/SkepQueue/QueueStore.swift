/// Keeps the jobs of the queues. Everything is durable when a method returns.
///
/// A store is a function of its arguments, its rows and its clock. Methods may be called from
/// anywhere, also at the same time. They throw `QueueError`, and `CancellationError` only before
/// anything was written.
///
/// Its other faces are `QueueControl`, `QueueWatching`, `FlowStore`, `StepStore`, `SemaphoreStore`
/// and `ScheduleStore`.
public protocol QueueStore: QueueControl, QueueWatching, FlowStore, StepStore, SemaphoreStore,
    ScheduleStore
{
    /// Puts jobs into their queues, all or none; at most `NewJob.maxJobsPerCall`.
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

    /// Gives leases up with their outcomes and takes new ones, in one transaction.
    ///
    /// What can't be settled is said in the answer, and doesn't keep the rest from happening. New
    /// leases are taken after the settlements, so slots that they free can be used.
    ///
    /// - Throws: When nothing at all was written, or it isn't known.
    func exchange(
        _ settled: [SettledLease], for requests: [LeaseRequest]
    ) async throws -> LeaseExchange

    /// Cancels a job: at once when it waits, by request to its holder when it is leased.
    func cancel(_ id: JobID) async throws -> Cancellation

    /// Cancels up to `filter.limit` unfinished jobs, the newest first.
    ///
    /// - Returns: Those that were cancelled, or whose holder was told.
    func cancel(matching filter: JobFilter) async throws -> [JobID]

    /// Makes a dead, cancelled or waiting job ready at once, with no failures counted.
    func retry(_ id: JobID) async throws

    /// Makes up to `filter.limit` dead or cancelled jobs ready at once, with no failures counted,
    /// the newest first. Those whose unique key is taken, or that were cancelled because of another
    /// job, stay as they are; so do those that a follower refuses, unless that is all of them: then
    /// this throws what the first was refused with.
    ///
    /// - Returns: Those that are ready now.
    func retry(matching filter: JobFilter) async throws -> [JobID]

    /// Removes up to `filter.limit` finished jobs with all that is known of them, the newest first,
    /// whatever their retention. Those that unfinished jobs depend on stay.
    ///
    /// - Returns: How many were removed.
    func prune(matching filter: JobFilter) async throws -> Int

    /// Makes jobs ready whose time has come, and those whose holder is dead or silent; cancels
    /// those that have expired.
    ///
    /// Cheap when there is nothing to do; any number of processes may do it.
    func sweep() async throws -> Sweep

    /// Does a little of what keeps the store small and quick: removes finished jobs whose time has
    /// come, gives free space back, bounds files. Each part is short, so that others get their turn
    /// between; writes nothing when there is nothing to do. Any number of processes may do it;
    /// once a minute is enough.
    func maintain() async throws -> Maintenance

    /// Registers a worker until the returned registration ends; its end frees its jobs and its
    /// permits at once.
    ///
    /// - Parameter offer: What it takes; shown to people. `nil` for who takes no jobs.
    func register(
        _ worker: WorkerID, offering offer: WorkerOffer?
    ) async throws -> any WorkerRegistration

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

extension QueueStore {
    /// Registers one who doesn't say what jobs it takes.
    public func register(_ worker: WorkerID) async throws -> any WorkerRegistration {
        try await register(worker, offering: nil)
    }
}

/// What a sweep did, and when the next one is worth it.
public struct Sweep: Sendable, Hashable {
    /// Jobs whose time had come.
    public var promoted: Int
    /// Jobs taken from workers that are dead or silent.
    public var reclaimed: [JobID]
    /// Jobs that died because they killed their holder too often.
    public var died: [JobID]
    /// Jobs that were cancelled, since they would have begun too late.
    public var expired: [JobID]
    /// Why a job was left that should have been taken or cancelled; of several the first. The others
    /// were dealt with.
    public var problem: String?
    /// When the next scheduled job is due, the next one expires, or a rate lets the next one begin.
    public var nextDue: Timestamp?

    public init(
        promoted: Int = 0, reclaimed: [JobID] = [], died: [JobID] = [], expired: [JobID] = [],
        problem: String? = nil, nextDue: Timestamp? = nil
    ) {
        self.promoted = promoted
        self.reclaimed = reclaimed
        self.died = died
        self.expired = expired
        self.problem = problem
        self.nextDue = nextDue
    }
}
