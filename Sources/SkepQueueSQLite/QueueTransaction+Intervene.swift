internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Cancels a job: at once when it waits, by request to its holder when it is leased.
    ///
    /// - Throws: `QueueError.noSuchJob`.
    public func cancel(_ id: JobID) throws -> Cancellation {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        switch job.state {
        case .scheduled, .ready:
            try finish(id, as: .cancelled)
            return .cancelled
        case .leased:
            try requestCancel(of: job)
            return .requested
        case .succeeded, .dead, .cancelled:
            return .alreadyFinished(job.state)
        }
    }

    /// Makes a dead, cancelled or waiting job ready at once, with no failures counted.
    ///
    /// One that has expired doesn't expire any more: somebody wants it all the same.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.notRetryable` when it is leased or has succeeded;
    ///   `.invalidJob` when another job has taken its unique key meanwhile.
    public func retry(_ id: JobID) throws {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        guard job.state != .leased, job.state != .succeeded else {
            throw QueueError.notRetryable(id, job.state)
        }
        if let other = try twin(of: job) {
            throw QueueError.invalidJob(
                job.kind, reason: "Job \(other) has the same unique key and isn't finished.")
        }
        try makeReady(job)
    }

    /// Gives a job another priority, as `QueueStore.setPriority(_:of:)` does.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.invalidJob` when no job may have such a priority.
    public func setPriority(_ priority: Int, of id: JobID) throws -> Reprioritization {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        try check(priority: priority, of: job.kind)
        guard !job.state.isFinished else { return .alreadyFinished(job.state) }
        guard priority != job.priority else { return .changed }
        try run("UPDATE job SET priority = ? WHERE id = ?", [priority, id.rawValue])
        try note(
            .priorityChanged, of: id, attempt: job.attempt,
            detail: "From \(job.priority) to \(priority).")
        return .changed
    }
}

extension QueueTransaction {
    /// The job that has taken the unique key of a finished one.
    func twin(of job: Job) throws -> JobID? {
        guard let key = job.uniqueKey, job.state.isFinished else { return nil }
        return try holder(of: key, in: job.queue, among: job.uniqueScope.ofRetry)
    }

    /// Retries a job that may be retried.
    func makeReady(_ job: Job) throws {
        try run(
            """
            UPDATE job
               SET state = 'ready', ready_at_ms = CASE state WHEN 'ready' THEN ready_at_ms ELSE ? END,
                   not_before_ms = MIN(not_before_ms, ?),
                   expires_at_ms = CASE WHEN expires_at_ms > ? THEN expires_at_ms END,
                   finished_at_ms = NULL, prune_at_ms = NULL, failures = 0, cancel_requested = 0,
                   reason = NULL, awaited_event = NULL, is_held = 0
             WHERE id = ?
            """,
            [now.milliseconds, now.milliseconds, now.milliseconds, job.id.rawValue])
        try run("UPDATE job_failure SET counted = 0 WHERE job = ?", [job.id.rawValue])
        try note(.retriedByHand, of: job.id, attempt: job.attempt)
        try followRetry(of: job)
        if let follower = rules.follower, let ready = try self.job(job.id) {
            try follower.jobWasRetried(ready, self)
        }
        effects.hasWork = true
    }

    private func requestCancel(of job: Job) throws {
        if let worker = job.worker { effects.holders.insert(worker) }
        guard !job.isCancelRequested else { return }
        try run("UPDATE job SET cancel_requested = 1 WHERE id = ?", [job.id.rawValue])
        try note(.cancelRequested, of: job.id, attempt: job.attempt)
    }
}
