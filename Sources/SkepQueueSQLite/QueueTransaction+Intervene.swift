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
            try finish(job, as: .cancelled)
            return .cancelled
        case .leased:
            try run("UPDATE job SET cancel_requested = 1 WHERE id = ?", [id.rawValue])
            if let worker = job.worker { effects.holders.insert(worker) }
            return .requested
        case .succeeded, .dead, .cancelled:
            return .alreadyFinished(job.state)
        }
    }

    /// Makes a dead, cancelled or waiting job ready at once, with no failures counted.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.notRetryable` when it is leased or has succeeded;
    ///   `.invalidJob` when an unfinished job has taken its unique key.
    public func retry(_ id: JobID) throws {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        guard job.state != .leased, job.state != .succeeded else {
            throw QueueError.notRetryable(id, job.state)
        }
        if let key = job.uniqueKey, let other = try unfinishedJob(key, in: job.queue), other != id {
            throw QueueError.invalidJob(
                job.kind, reason: "Job \(other) has the same unique key and isn't finished.")
        }

        try run(
            """
            UPDATE job
               SET state = 'ready', ready_at_ms = CASE state WHEN 'ready' THEN ready_at_ms ELSE ? END,
                   not_before_ms = MIN(not_before_ms, ?), finished_at_ms = NULL, failures = 0,
                   cancel_requested = 0, reason = NULL
             WHERE id = ?
            """,
            [now.milliseconds, now.milliseconds, id.rawValue])
        try run("UPDATE job_failure SET counted = 0 WHERE job = ?", [id.rawValue])
        if let follower = rules.follower, let ready = try self.job(id) {
            try follower.jobWasRetried(ready, self)
        }
        effects.hasWork = true
    }

    /// Gives a job another priority, as `QueueStore.setPriority(_:of:)` does.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.invalidJob` when no job may have such a priority.
    public func setPriority(_ priority: Int, of id: JobID) throws -> Reprioritization {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        try check(priority: priority, of: job.kind)
        guard !job.state.isFinished else { return .alreadyFinished(job.state) }
        try run("UPDATE job SET priority = ? WHERE id = ?", [priority, id.rawValue])
        return .changed
    }

    /// Sets how many jobs of a key may be leased at once; `nil` takes the limit away. Negative
    /// limits are 0: nothing of the key runs.
    public func setLimit(_ limit: Int?, of key: ConcurrencyKey, in queue: QueueName) throws {
        // No job can have such a key, and SQLite would cut the name at the NUL.
        guard !key.rawValue.isEmpty, !key.rawValue.utf8.contains(0) else { return }
        try run(
            """
            INSERT INTO concurrency_key (queue, key, lim) VALUES (?, ?, ?)
                ON CONFLICT (queue, key) DO UPDATE SET lim = excluded.lim
            """,
            [queue.rawValue, key.rawValue, limit.map { max($0, 0) }])
        try run(
            """
            DELETE FROM concurrency_key
             WHERE queue = ? AND key = ? AND lim IS NULL AND leased = 0 AND ready = 0
            """,
            [queue.rawValue, key.rawValue])
        effects.hasWork = true
    }
}
