internal import GRDB
internal import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

// Who has a place with a provider account, and who waits for one. `step_job.account` is that of the place
// a job has, from its leave to start a session until its lease and its session have ended;
// `step_job.waits_for` is the account it waits for.
extension SwarmTransaction {
    /// Takes back the places of those that are done with them, and has those go on that wait where there
    /// is a place: nobody waits while there is one.
    ///
    /// Whatever may free a place is followed by this, in its transaction: `RunFollower` sees to all
    /// that happens to jobs, so that only what happens to accounts and sessions alone calls it itself.
    func fillPlaces() throws {
        try execute(
            """
            UPDATE step_job
               SET account = NULL
             WHERE account IS NOT NULL
               AND NOT EXISTS (SELECT 1
                                 FROM job
                                WHERE job.id = step_job.job AND job.state = 'leased')
               AND NOT EXISTS (SELECT 1
                                 FROM session
                                WHERE session.job = step_job.job AND ended_at_ms IS NULL)
            """, [])
        // Served by step_job_waiting.
        let awaited = try String.fetchAll(
            database.cachedStatement(
                sql: "SELECT DISTINCT waits_for FROM step_job WHERE waits_for IS NOT NULL"))
        for account in awaited { try wake(waitingFor: ProviderAccount(rawValue: account)) }
    }

    /// Has as many go on as there are places, of each agent: its own limit may keep the first from
    /// taking one. Those that are awake already count. Who is held will look when it is let go.
    private func wake(waitingFor account: ProviderAccount) throws {
        let free = try AccountRow.use(of: account, database).free(at: queue.now)
        guard free > 0 else { return }
        try execute(
            """
            UPDATE step_job
               SET waits_for = NULL
             WHERE waits_for = ?
               AND NOT EXISTS (SELECT 1
                                 FROM job
                                WHERE job.id = step_job.job
                                  AND job.state IN ('scheduled', 'ready', 'leased'))
            """, [account.rawValue])
        let next = try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT id
                      FROM (SELECT job.id, job.state, job.not_before_ms,
                                   job.is_held AND job.state = 'scheduled' AS is_held,
                                   ROW_NUMBER() OVER (
                                       PARTITION BY job.concurrency_key,
                                                    job.is_held AND job.state = 'scheduled'
                                           ORDER BY job.state = 'scheduled', job.priority DESC,
                                                    job.id) AS place
                              FROM step_job
                              JOIN job ON job.id = step_job.job
                             WHERE step_job.waits_for = :account
                               AND job.state IN ('scheduled', 'ready', 'leased'))
                     WHERE state = 'scheduled'
                       AND CASE WHEN is_held THEN not_before_ms > :now ELSE place <= :free END
                    """),
            arguments: ["account": account.rawValue, "free": free, "now": now])
        for job in next { try queue.wake(JobID(rawValue: job)) }
    }
}
