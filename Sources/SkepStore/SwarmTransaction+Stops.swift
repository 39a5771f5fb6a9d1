internal import GRDB
internal import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

// Runs that people stop. Where a session is at work, its row says so until it is settled: by the worker
// that leads it, or by one that comes much later. A held job isn't begun, so that what such a session
// made could not be saved: the job is held only then.
extension SwarmTransaction {
    func stop(_ id: RunID) throws -> StopAnswer {
        let run = try openRun(id)
        let session = try Int64.fetchOne(
            database,
            sql: """
                UPDATE session
                   SET stop = 'wait'
                 WHERE run = ? AND ended_at_ms IS NULL
                RETURNING id
                """, arguments: [run.id.rawValue])
        if let session { return .atWork(SessionID(rawValue: session)) }
        return try hold(run) ? .held : .nothingToStop
    }

    func goOn(_ id: RunID) throws -> Bool {
        let run = try openRun(id)
        try execute(
            """
            UPDATE session
               SET stop = 'go_on'
             WHERE run = ? AND ended_at_ms IS NULL AND stop = 'wait'
            """, [run.id.rawValue])
        let wasStopped = hasChanged
        guard let newest = try newestJob(of: id), let job = try queue.job(newest),
            job.isHeld || job.state == .scheduled
        else { return wasStopped }
        _ = try queue.setHeld(false, newest)
        // Held or not, it may have waited for a time.
        if try queue.job(newest)?.state == .scheduled { try queue.retry(newest) }
        return true
    }

    /// Holds what comes after a step that somebody stopped.
    ///
    /// - Parameter session: The one that was settled with it.
    func holdBack(_ run: Run, after job: Job, _ session: SessionID?) throws {
        let stopped = try fetchRow(
            "SELECT 1 FROM session WHERE id = ? AND stop = 'wait'", [session?.rawValue])
        if job.isHeld || stopped != nil { try hold(run) }
    }

    /// - Returns: `false` when there is no job that could be held.
    @discardableResult
    private func hold(_ run: Run) throws -> Bool {
        try newestJob(of: run.id).map { try queue.setHeld(true, $0) } ?? false
    }
}
