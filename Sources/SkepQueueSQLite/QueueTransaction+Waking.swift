public import SkepQueue

extension QueueTransaction {
    /// Has a job go on that waits for a time only: what it waited for has come. Its failures still
    /// count, and one that is held waits until it is let go.
    ///
    /// - Throws: `QueueError.noSuchJob`.
    public func wake(_ id: JobID) throws {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        guard job.state == .scheduled, job.unmetDependencies == 0, job.awaitedEvent == nil else {
            return
        }
        try letRun(id, isHeld: job.isHeld, notBefore: now)
    }
}
