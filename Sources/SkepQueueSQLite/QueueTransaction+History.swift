internal import GRDB
internal import SkepQueue

/// How many notes of a job are kept: the newest.
private let keptNotes = 200

extension QueueTransaction {
    /// Adds to a job's history what its row and its failures don't tell.
    ///
    /// - Parameter detail: Cut at 1 KiB.
    func note(
        _ what: JobEvent.What, of id: JobID, attempt: Int, detail: String? = nil
    ) throws {
        try run(
            "INSERT INTO job_event (job, at_ms, what, attempt, detail) VALUES (?, ?, ?, ?, ?)",
            [
                id.rawValue, now.milliseconds, what.rawValue, attempt,
                detail.map { storable($0, atMost: 1 << 10) },
            ])
        // Served by job_event_history.
        try run(
            """
            DELETE FROM job_event
             WHERE job = ?
               AND id <= (SELECT id FROM job_event WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
            """,
            [id.rawValue, id.rawValue, keptNotes])
    }
}
