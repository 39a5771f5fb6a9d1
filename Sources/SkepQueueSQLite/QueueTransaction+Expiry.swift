internal import GRDB
internal import SkepQueue

extension QueueTransaction {
    /// Whether it is too late for a job to begin. One that has begun goes on, whenever that is.
    func isExpired(_ job: Job, attemptsBefore attempts: Int) -> Bool {
        attempts == 0 && job.expiresAt.map { $0 <= now } ?? false
    }

    /// Cancels a job that waits and for which it is too late.
    ///
    /// - Returns: Whether it did: `false` when the job doesn't wait, or it isn't too late.
    @discardableResult
    func expire(_ id: JobID) throws -> Bool {
        guard let job = try job(id), job.state == .scheduled || job.state == .ready,
            isExpired(job, attemptsBefore: job.attempt)
        else { return false }
        let reason = "It has expired: it would have begun too late."
        try run(
            """
            INSERT INTO job_failure (job, attempt, failed_at_ms, kind, message, counted)
            VALUES (?, ?, ?, ?, ?, 0)
            """,
            [id.rawValue, job.attempt, now.milliseconds, Failure.expired, reason])
        try note(.expired, of: id, attempt: job.attempt, detail: reason)
        try finish(id, as: .cancelled, because: reason)
        return true
    }

    /// Cancels waiting jobs for which it is too late, the earliest first; served by job_expiring.
    ///
    /// Each by itself: a follower that throws for one job must not keep the others.
    ///
    /// - Parameter last: The last one that was looked at before.
    func expireOverdue(after last: Overdue.Place?, limit: Int) throws -> Overdue {
        let rows = try fetchRows(
            """
            SELECT expires_at_ms, id
              FROM job
             WHERE expires_at_ms IS NOT NULL AND attempt = 0 AND state IN ('scheduled', 'ready')
               AND expires_at_ms <= ? AND (expires_at_ms, id) > (?, ?)
             ORDER BY expires_at_ms, id
             LIMIT ?
            """,
            [now.milliseconds, last?.expiry ?? .min, last?.job ?? 0, limit])
        var overdue = Overdue()
        for row in rows {
            let id = JobID(rawValue: row[1])
            do {
                if try savepoint("expired", { try expire(id) }) { overdue.expired.append(id) }
            } catch {
                guard database.isInsideTransaction else { throw error }
                overdue.firstError = overdue.firstError ?? error
            }
        }
        if rows.count == limit {
            overdue.last = rows.last.map { Overdue.Place(expiry: $0[0], job: $0[1]) }
        }
        return overdue
    }
}

/// What became of jobs for which it was too late.
struct Overdue: Sendable {
    struct Place: Sendable {
        let expiry: Int64
        let job: Int64
    }

    var expired: [JobID] = []
    var firstError: (any Error)?
    /// The last one that was looked at; `nil` when there are no more.
    var last: Place?
}
