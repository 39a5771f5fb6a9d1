internal import Foundation
internal import GRDB
public import SkepQueue

/// Longer ones are cut, so that the sum is still a time.
private let longestRetention = Duration.milliseconds(Timestamp.endOfTime.milliseconds)

extension QueueTransaction {
    /// Gives a lease up with its outcome.
    ///
    /// A job that somebody wants cancelled isn't tried again: `.retry`, `.snoozed` and `.waiting`
    /// cancel it. `.released` leaves the request to the next holder.
    ///
    /// - Throws: `QueueError.leaseLost` unless this attempt holds the job; nothing was written then.
    public func settle(_ token: LeaseToken, as settlement: Settlement) throws {
        if case .succeeded(let result, let next) = settlement {
            return try succeed(token, result: result, next: next)
        }
        let job = try held(token)
        switch settlement {
        case .succeeded: break
        case .retry(let failure, let notBefore): try fail(job, failure, notBefore: notBefore)
        case .snoozed(let until, let reason): try snooze(job, until: until, reason: reason)
        case .waiting(let event, let until): try wait(job, for: event, until: until)
        case .dead(let failure):
            try record(failure, of: job, isCounted: true)
            try kill(job, failure)
        case .released:
            try giveBack(job)
            try note(.released, of: job.id, attempt: job.attempt)
        case .cancelled: try finish(job.id, as: .cancelled)
        }
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
        let job = HeldJob(job)
        let failures = try record(failure, of: job, isCounted: isCounted)
        try note(.reclaimed, of: job.id, attempt: job.attempt, detail: reason)
        let dies = isCounted && failures >= job.maxFailures
        if dies {
            try kill(job, failure)
        } else {
            try giveBack(job)
        }
        return dies
    }

    /// Finishes a job, and has those take notice that wait for it.
    ///
    /// - Parameter attempt: The attempt that must hold it, if one must.
    func finish(
        _ id: JobID, as state: Job.State, because reason: String? = nil, heldBy attempt: Int? = nil
    ) throws {
        try markFinished(id, as: state, because: reason, heldBy: attempt)
        try followFinish(of: id, as: state)
        if state == .cancelled { try tellOfCancellation(of: id) }
    }

    /// Writes that a job is finished, and from when on it may be removed; what waits for it is left
    /// to the caller.
    ///
    /// - Parameter dependency: The job because of which it is cancelled, and with which it is revived.
    func markFinished(
        _ id: JobID, as state: Job.State, because reason: String? = nil,
        with dependency: JobID? = nil, heldBy attempt: Int? = nil
    ) throws {
        try direct(
            """
            UPDATE job
               SET state = ?, finished_at_ms = ?,
                   prune_at_ms = MAX(? + MIN(COALESCE(retention_ms, ?), ?),
                                     COALESCE(unique_until_ms, ?)),
                   reason = ?, cancelled_by = ?, awaited_event = NULL,
                   lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ? AND (?10 IS NULL OR attempt = ?10 AND state = 'leased')
            """
        ).run([
            .text(state.rawValue), .integer(now.milliseconds), .integer(now.milliseconds),
            .integer(rules.retention.length(of: state).map { max($0.milliseconds, 0) }),
            .integer(longestRetention.milliseconds), .integer(now.milliseconds), .text(reason),
            .integer(dependency?.rawValue), .integer(id.rawValue),
            .integer(attempt.map(Int64.init)),
        ])
        if let attempt, database.changesCount == 0 {
            throw QueueError.leaseLost(id, attempt: attempt)
        }
        effects.finished.insert(id)
    }

    private func succeed(_ token: LeaseToken, result: [UInt8]?, next: [NewJob]) throws {
        if let result, result.count > NewJob.maxPayloadBytes {
            throw QueueError.resultTooLarge(token.job, bytes: result.count)
        }
        try finish(token.job, as: .succeeded, heldBy: token.attempt)
        if let result {
            try run(
                """
                INSERT INTO job_result (job, result) VALUES (?, ?)
                    ON CONFLICT (job) DO UPDATE SET result = excluded.result
                """,
                [token.job.rawValue, Data(result)])
        }
        if !next.isEmpty { _ = try enqueue(next) }
    }

    private func fail(_ job: HeldJob, _ failure: Failure, notBefore: Timestamp?) throws {
        let failures = try record(failure, of: job, isCounted: true)
        if job.isCancelRequested {
            try finish(job.id, as: .cancelled)
        } else if failures >= job.maxFailures {
            try kill(job, failure)
        } else {
            let delay = rules.retryPolicy.delay(afterFailures: failures, random: rules.random())
            try postpone(job, until: notBefore ?? now + delay, reason: failure.message)
        }
    }

    private func snooze(_ job: HeldJob, until: Timestamp, reason: String) throws {
        guard !job.isCancelRequested else { return try finish(job.id, as: .cancelled) }
        try postpone(job, until: until, reason: reason)
        try note(.snoozed, of: job.id, attempt: job.attempt, detail: reason)
    }

    private func wait(_ job: HeldJob, for event: EventKey, until: Timestamp?) throws {
        guard !job.isCancelRequested else { return try finish(job.id, as: .cancelled) }
        let isOver = try hasCome(event, for: job.id) || until.map { $0 <= now } ?? false
        guard !isOver else { return try postpone(job, until: now, reason: "") }
        try postpone(
            job, until: until ?? .endOfTime, reason: "It waits for the event \"\(event.name)\".")
        try run(
            "UPDATE job SET awaited_event = ?, is_awaited_for_itself = ? WHERE id = ?",
            [event.name.rawValue, event.job != nil, job.id.rawValue])
        try note(
            .waitsForEvent, of: job.id, attempt: job.attempt, detail: event.name.rawValue)
    }

    private func kill(_ job: HeldJob, _ failure: Failure) throws {
        try finish(job.id, as: .dead)
        if let follower = rules.follower, let dead = try self.job(job.id) {
            try follower.jobDied(dead, of: failure, self)
        }
    }

    /// Lets a job wait until a time; one that is held waits until it is let go as well.
    private func postpone(_ job: HeldJob, until notBefore: Timestamp, reason: String) throws {
        let isDue = notBefore <= now
        let isReady = isDue && !job.isHeld
        try run(
            """
            UPDATE job
               SET state = ?, not_before_ms = ?, ready_at_ms = ?, reason = ?,
                   lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ?
            """,
            [
                (isReady ? Job.State.ready : .scheduled).rawValue, notBefore.milliseconds,
                isDue ? now.milliseconds : job.readyAt?.milliseconds,
                isDue ? nil : storable(reason, atMost: 16 << 10), job.id.rawValue,
            ])
        effects.hasWork = true
    }

    /// Makes the job ready at the place it had; one that is held keeps it until it is let go.
    private func giveBack(_ job: HeldJob) throws {
        try run(
            """
            UPDATE job
               SET state = ?, lease_until_uptime_ms = NULL, lease_boot = NULL
             WHERE id = ?
            """,
            [(job.isHeld ? Job.State.scheduled : .ready).rawValue, job.id.rawValue])
        effects.hasWork = true
    }

    /// - Returns: How many failures of the job count now.
    @discardableResult
    private func record(_ failure: Failure, of job: HeldJob, isCounted: Bool) throws -> Int {
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

    /// The text without NULs, at which SQLite would cut it, and cut at a number of bytes.
    func storable(_ text: String, atMost limit: Int) -> String {
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

/// What must be known of a leased job to settle it.
private struct HeldJob {
    let id: JobID
    let attempt: Int
    let failures: Int
    let maxFailures: Int
    let isCancelRequested: Bool
    let isHeld: Bool
    let readyAt: Timestamp?

    init(_ job: Job) {
        id = job.id
        attempt = job.attempt
        failures = job.failures
        maxFailures = job.maxFailures
        isCancelRequested = job.isCancelRequested
        isHeld = job.isHeld
        readyAt = job.readyAt
    }

    init(_ token: LeaseToken, _ row: Row) {
        id = token.job
        attempt = token.attempt
        failures = row[0]
        maxFailures = row[1]
        isCancelRequested = row[2]
        isHeld = row[3]
        readyAt = (row[4] as Int64?).map(Timestamp.init(milliseconds:))
    }
}

extension QueueTransaction {
    private func held(_ token: LeaseToken) throws -> HeldJob {
        let job = try fetchFirst(
            """
            SELECT failures, max_failures, cancel_requested, is_held, ready_at_ms
              FROM job
             WHERE id = ? AND attempt = ? AND state = 'leased'
            """,
            [token.job.rawValue, token.attempt]
        ) { HeldJob(token, $0) }
        guard let job else { throw QueueError.leaseLost(token.job, attempt: token.attempt) }
        return job
    }
}
