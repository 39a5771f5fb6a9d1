public import SkepQueue

/// Keeps a caller's own rows true to what becomes of their jobs.
///
/// Each method is part of the transaction in which it happens, sees the job as it is then, and may
/// run more than once, like the body of `SQLiteQueueStore.write(_:)`. One that throws keeps the
/// job where it was.
public protocol JobFollower: Sendable {
    /// The job has failed too often, or for good.
    func jobDied(_ job: Job, of failure: Failure, _ transaction: QueueTransaction) throws

    /// The job was cancelled, by its holder or while nobody held it.
    func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws

    /// Somebody made a finished or waiting job ready again.
    func jobWasRetried(_ job: Job, _ transaction: QueueTransaction) throws

    /// Jobs that were ready or leased aren't any more, or have lost their leases, whatever was done to
    /// them: what they kept to themselves may be another's.
    ///
    /// Called once for all that one caller wrote, at the end of it. When it throws, nothing of that is
    /// kept.
    func jobsStopped(_ transaction: QueueTransaction) throws

    /// Whether the death of its holder counts as one of the job's failures.
    ///
    /// When it doesn't, the next holder has to find out what became of what was begun.
    func countsHolderDeath(of job: Job, _ transaction: QueueTransaction) throws -> Bool
}

extension JobFollower {
    public func jobDied(_ job: Job, of failure: Failure, _ transaction: QueueTransaction) throws {}
    public func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws {}
    public func jobWasRetried(_ job: Job, _ transaction: QueueTransaction) throws {}
    public func jobsStopped(_ transaction: QueueTransaction) throws {}
    public func countsHolderDeath(of job: Job, _ transaction: QueueTransaction) throws -> Bool {
        true
    }
}
