internal import GRDB
internal import SkepQueue

extension QueueTransaction {
    /// Tells the jobs that wait for one that it is finished now.
    ///
    /// What is cancelled because of it may be waited for by others, and so on: they are gone through
    /// one after the other, since a chain may be longer than the stack is deep. Followers hear of it
    /// once all rows are as they shall be.
    ///
    /// All in this transaction, however many there are: the largest fan, ten thousand jobs, keeps
    /// SQLite busy for 0.13 s (measured on two busy cores).
    func followFinish(of id: JobID, as state: Job.State) throws {
        var finished = [(id, state)]
        var next = 0
        while next < finished.count {
            let (dependency, state) = finished[next]
            next += 1
            for dependent in try waiting(for: dependency)
            where try meet(dependent, dependency, state) {
                finished.append((dependent.id, .cancelled))
            }
        }
        for (id, _) in finished.dropFirst() { try tellOfCancellation(of: id) }
    }

    /// Lets those wait again that were cancelled because of a job that is now retried, and has those
    /// wait for it again that still wait for others.
    ///
    /// What waits no longer goes on: nothing is taken back from those who may have begun.
    ///
    /// - Parameter job: As it was before.
    func followRetry(of job: Job) throws {
        // Who retries a job by hand doesn't want it to wait for others.
        try run(
            """
            UPDATE job
               SET unmet = 0, cancelled_by = NULL
             WHERE id = ? AND (unmet > 0 OR cancelled_by IS NOT NULL)
            """,
            [job.id.rawValue])
        if job.state.isFinished { try awaitAgain(job.id) }
        var unfinished = [job.id]
        var next = 0
        while next < unfinished.count {
            let dependency = unfinished[next]
            next += 1
            for dependent in try cancelled(by: dependency) where try revive(dependent, dependency) {
                unfinished.append(dependent.id)
            }
        }
        guard let follower = rules.follower else { return }
        for id in unfinished.dropFirst() {
            if let job = try self.job(id) { try follower.jobWasRetried(job, self) }
        }
    }

    /// Cancels a new job that can't run, given what it depends on.
    func cancel(new id: JobID, because hindrance: Hindrance) throws {
        try markCancelled(id, because: hindrance)
        try tellOfCancellation(of: id)
    }

    /// Ends the waiting of a job, be it for others or for an event: it runs when its time has come.
    func letRun(_ id: JobID, isHeld: Bool, notBefore: Timestamp) throws {
        let isReady = !isHeld && notBefore <= now
        try run(
            """
            UPDATE job
               SET state = ?, not_before_ms = ?, ready_at_ms = IFNULL(?, ready_at_ms), unmet = 0,
                   awaited_event = NULL, is_awaited_for_itself = 0, reason = NULL
             WHERE id = ?
            """,
            [
                (isReady ? Job.State.ready : .scheduled).rawValue,
                max(notBefore, now).milliseconds, isReady ? now.milliseconds : nil, id.rawValue,
            ])
        effects.hasWork = true
    }

    /// Has a job that waits for another one take notice that it is finished.
    ///
    /// - Returns: Whether the job was cancelled.
    private func meet(
        _ dependent: Dependent, _ dependency: JobID, _ state: Job.State
    ) throws -> Bool {
        if dependent.condition == .succeeded, state != .succeeded {
            try markCancelled(dependent.id, because: Hindrance(dependency, state))
            return true
        }
        if dependent.unmet > 1 {
            try setUnmet(dependent.unmet - 1, of: dependent.id)
            return false
        }
        if dependent.condition == .failed,
            let hindrance = try prerequisites(of: dependent.id, .failed).hindrance
        {
            try markCancelled(dependent.id, because: hindrance)
            return true
        }
        try letRun(dependent.id, isHeld: dependent.isHeld, notBefore: dependent.notBefore)
        return false
    }

    /// - Returns: Whether the job waits again. It doesn't when another one it depends on has failed,
    ///   too, or its unique key is taken.
    private func revive(_ dependent: Dependent, _ dependency: JobID) throws -> Bool {
        let prerequisites = try prerequisites(of: dependent.id, dependent.condition)
        if let hindrance = prerequisites.hindrance {
            try run(
                "UPDATE job SET cancelled_by = ?, reason = ? WHERE id = ?",
                [hindrance.job?.rawValue, hindrance.reason, dependent.id.rawValue])
            return false
        }
        guard let job = try job(dependent.id), try twin(of: job) == nil else { return false }
        try run(
            """
            UPDATE job
               SET state = 'scheduled', unmet = ?, cancelled_by = NULL, reason = NULL,
                   expires_at_ms = CASE WHEN expires_at_ms > ? THEN expires_at_ms END,
                   finished_at_ms = NULL, prune_at_ms = NULL, cancel_requested = 0
             WHERE id = ?
            """,
            [prerequisites.unmet, now.milliseconds, dependent.id.rawValue])
        try awaitAgain(dependent.id)
        try note(
            .retriedByHand, of: job.id, attempt: job.attempt,
            detail: "Job \(dependency), on which it depends, was retried.")
        return true
    }

    private func markCancelled(_ id: JobID, because hindrance: Hindrance) throws {
        try markFinished(id, as: .cancelled, because: hindrance.reason, with: hindrance.job)
    }

    /// Has those that still wait for others wait for a job as well that was finished, and isn't any
    /// more; served by job_dependency_dependents.
    private func awaitAgain(_ id: JobID) throws {
        try run(
            """
            UPDATE job
               SET unmet = unmet + 1
             WHERE id IN (SELECT job FROM job_dependency WHERE dependency = ?)
               AND state = 'scheduled' AND unmet > 0
            """,
            [id.rawValue])
    }

    private func setUnmet(_ unmet: Int, of id: JobID) throws {
        try run("UPDATE job SET unmet = ? WHERE id = ?", [unmet, id.rawValue])
    }

    func tellOfCancellation(of id: JobID) throws {
        guard let follower = rules.follower, let job = try job(id) else { return }
        try follower.jobWasCancelled(job, self)
    }

    /// Those that wait for a job; served by job_dependency_dependents.
    private func waiting(for id: JobID) throws -> [Dependent] {
        try direct(
            """
            SELECT \(Dependent.columns)
              FROM job_dependency
              JOIN job ON job.id = job_dependency.job
             WHERE dependency = ? AND state = 'scheduled' AND unmet > 0
             ORDER BY job_dependency.job
            """
        ).all([.integer(id.rawValue)], Dependent.init)
    }

    /// Those that were cancelled because of a job; served by job_dependency_dependents.
    private func cancelled(by id: JobID) throws -> [Dependent] {
        try direct(
            """
            SELECT \(Dependent.columns)
              FROM job_dependency
              JOIN job ON job.id = job_dependency.job
             WHERE dependency = ? AND state = 'cancelled' AND cancelled_by = ?
             ORDER BY job_dependency.job
            """
        ).all([.integer(id.rawValue), .integer(id.rawValue)], Dependent.init)
    }
}

/// A job that depends on another one.
private struct Dependent {
    static let columns = "job.id, runs_when, unmet, is_held, not_before_ms"

    let id: JobID
    let condition: DependencyCondition
    let unmet: Int
    let isHeld: Bool
    let notBefore: Timestamp

    init(_ row: DirectRow) throws {
        id = JobID(rawValue: row.integer(0))
        let word = row.text(1)
        guard let condition = DependencyCondition(rawValue: word) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown condition \"\(word)\"")
        }
        self.condition = condition
        unmet = Int(row.integer(2))
        isHeld = row.bool(3)
        notBefore = Timestamp(milliseconds: row.integer(4))
    }
}
