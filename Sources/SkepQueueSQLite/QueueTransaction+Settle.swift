internal import Foundation
internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Gives a lease up with its outcome.
    ///
    /// A job that somebody wants cancelled isn't tried again: `.retry` and `.snoozed` cancel it.
    /// `.released` leaves the request to the next holder.
    ///
    /// - Throws: `QueueError.leaseLost` unless this attempt holds the job; nothing was written then.
    public func settle(_ token: LeaseToken, as settlement: Settlement) throws {
        let job = try heldJob(token)
        switch settlement {
        case .succeeded(let result, let next):
            try finish(job, as: .succeeded)
            if let result {
                try run(
                    """
                    INSERT INTO job_result (job, result) VALUES (?, ?)
                        ON CONFLICT (job) DO UPDATE SET result = excluded.result
                    """,
                    [job.id.rawValue, Data(result)])
            }
            _ = try enqueue(next)
        case .retry(let failure, let notBefore):
            try fail(job, failure) { failures in
                let delay = rules.retryPolicy.delay(
                    afterFailures: failures, random: rules.random())
                try postpone(job, until: notBefore ?? now + delay, reason: failure.message)
            }
        case .snoozed(let until, let reason):
            if job.isCancelRequested {
                try finish(job, as: .cancelled)
            } else {
                try postpone(job, until: until, reason: reason)
            }
        case .dead(let failure):
            try record(failure, of: job, isCounted: true)
            try kill(job, failure)
        case .released:
            try giveBack(job)
        case .cancelled:
            try finish(job, as: .cancelled)
        }
        try noteFreedSlot(of: job)
    }

    /// Takes a job from a holder that is dead or silent: a failure, which counts unless the
    /// follower says otherwise.
    ///
    /// The job keeps its place, and a request to cancel it: what the holder started may live on,
    /// and the next holder must look after it.
    ///
    /// - Returns: Whether the job died of it.
    func reclaim(_ job: Job, because reason: String) throws -> Bool {
        let failure = Failure(kind: Failure.holderDied, message: reason)
        let isCounted = try rules.follower?.countsHolderDeath(of: job, self) ?? true
        let failures = try record(failure, of: job, isCounted: isCounted)
        let dies = isCounted && failures >= job.maxFailures
        if dies {
            try kill(job, failure)
        } else {
            try giveBack(job)
        }
        try noteFreedSlot(of: job)
        return dies
    }

    func finish(_ job: Job, as state: Job.State) throws {
        try run(
            """
            UPDATE job
               SET state = ?, finished_at_ms = ?, reason = NULL,
                   lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ?
            """,
            [state.rawValue, now.milliseconds, job.id.rawValue])
        if state == .cancelled, let follower = rules.follower, let job = try self.job(job.id) {
            try follower.jobWasCancelled(job, self)
        }
    }

    private func fail(_ job: Job, _ failure: Failure, orElse tryAgain: (Int) throws -> Void) throws
    {
        let failures = try record(failure, of: job, isCounted: true)
        if job.isCancelRequested {
            try finish(job, as: .cancelled)
        } else if failures >= job.maxFailures {
            try kill(job, failure)
        } else {
            try tryAgain(failures)
        }
    }

    private func kill(_ job: Job, _ failure: Failure) throws {
        try finish(job, as: .dead)
        if let follower = rules.follower, let dead = try self.job(job.id) {
            try follower.jobDied(dead, of: failure, self)
        }
    }

    private func postpone(_ job: Job, until notBefore: Timestamp, reason: String) throws {
        let isReady = notBefore <= now
        try run(
            """
            UPDATE job
               SET state = ?, not_before_ms = ?, ready_at_ms = ?, reason = ?,
                   lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ?
            """,
            [
                (isReady ? Job.State.ready : .scheduled).rawValue, notBefore.milliseconds,
                isReady ? now.milliseconds : job.readyAt?.milliseconds,
                isReady ? nil : storable(reason, atMost: 16 << 10), job.id.rawValue,
            ])
        effects.hasWork = true
    }

    /// Makes the job ready at the place it had.
    private func giveBack(_ job: Job) throws {
        try run(
            """
            UPDATE job
               SET state = 'ready', lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ?
            """,
            [job.id.rawValue])
        effects.hasWork = true
    }

    /// - Returns: How many failures of the job count now.
    @discardableResult
    private func record(_ failure: Failure, of job: Job, isCounted: Bool) throws -> Int {
        try run(
            """
            INSERT INTO job_failure (job, attempt, failed_at_ms, kind, message, counted)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                job.id.rawValue, job.attempt, now.milliseconds,
                storable(failure.kind, atMost: 200), storable(failure.message, atMost: 16 << 10),
                isCounted,
            ])
        guard isCounted else { return job.failures }
        try run("UPDATE job SET failures = failures + 1 WHERE id = ?", [job.id.rawValue])
        return job.failures + 1
    }

    /// A key's freed slot may let another worker go on with a job of that key.
    private func noteFreedSlot(of job: Job) throws {
        if job.concurrencyKey != nil { effects.hasWork = true }
    }

    /// The text without NULs, at which SQLite would cut it, and cut at a number of bytes.
    private func storable(_ text: String, atMost limit: Int) -> String {
        var text = text
        if text.utf8.contains(0) {
            text = String(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) })
        }
        guard text.utf8.count > limit else { return text }
        // At a byte in the middle of a character there is no string: go back up to three.
        for length in (max(limit - 3, 0)...limit).reversed() {
            if let cut = String(text.utf8.prefix(length)) { return cut }
        }
        return ""
    }
}
