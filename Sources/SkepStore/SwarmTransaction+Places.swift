internal import GRDB
internal import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

// How many sessions an account has: those that aren't settled, whoever leads them, and those that jobs
// have leave to start. A worker that dies between the two gives its place back with its lease.
extension SwarmTransaction {
    /// - Parameter places: `nil`: there is no end of them.
    /// - Returns: `nil` when there is a place for the job.
    func full(_ account: ProviderAccount, _ places: Int?, besides job: JobID) throws
        -> AccountPause?
    {
        guard let places else { return nil }
        let taken = try Int.fetchOne(
            database,
            sql: """
                SELECT COUNT(*)
                  FROM step_job
                  JOIN job ON job.id = step_job.job
                 WHERE step_job.account = ? AND step_job.job <> ?
                   AND (job.state = 'leased'
                        OR EXISTS (SELECT 1
                                     FROM session
                                    WHERE session.job = step_job.job AND ended_at_ms IS NULL))
                """, arguments: [account.rawValue, job.rawValue])
        return (taken ?? 0) < places ? nil : .full(account, places: places)
    }

    /// Has a job wait for a place with an account.
    ///
    /// - Returns: `nil` when there is one now; nothing was done then.
    func queueUp(_ lease: LeaseToken, for account: ProviderAccount, places: Int?) throws
        -> AccountPause?
    {
        guard let full = try full(account, places, besides: lease.job) else { return nil }
        try execute(
            "UPDATE step_job SET account = ? WHERE job = ?",
            [account.rawValue, lease.job.rawValue])
        try queue.settle(
            lease,
            as: .snoozed(until: queue.now + AccountPause.longestWait, reason: full.words))
        return full
    }

    /// Gives back the place that a job has, unless its session goes on, and has others try to get it.
    func leavePlace(of job: JobID) throws {
        let row = try fetchRow(
            """
            SELECT account
              FROM step_job
             WHERE job = ? AND account IS NOT NULL
               AND NOT EXISTS (SELECT 1
                                 FROM session
                                WHERE session.job = step_job.job AND ended_at_ms IS NULL)
            """, [job.rawValue])
        guard let account = row?["account"] as String? else { return }
        try execute("UPDATE step_job SET account = NULL WHERE job = ?", [job.rawValue])
        // One of each agent: its own limit may keep the first from taking the place.
        let next = try Int64.fetchAll(
            database,
            sql: """
                SELECT id
                  FROM (SELECT job.id,
                               ROW_NUMBER() OVER (PARTITION BY job.concurrency_key
                                                      ORDER BY job.priority DESC, job.id) AS place
                          FROM step_job
                          JOIN job ON job.id = step_job.job
                         WHERE step_job.account = ? AND job.state = 'scheduled' AND NOT job.is_held
                           AND NOT EXISTS (SELECT 1
                                             FROM session
                                            WHERE session.job = job.id AND ended_at_ms IS NULL))
                 WHERE place = 1
                """, arguments: [account])
        for id in next { try queue.wake(JobID(rawValue: id)) }
    }
}
