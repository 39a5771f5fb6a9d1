internal import GRDB
internal import SkepQueue

/// Puts together what happened to a job: from its row, its failures, and the notes beside them.
struct JobHistory {
    /// By attempt, and within one in the order in which it goes; the wall clock may have been
    /// turned.
    private struct Entry {
        let event: JobEvent
        let phase: Phase
    }

    private enum Phase: Int {
        case enqueued, leased, underway, finished
    }

    private var entries: [Entry] = []

    /// In order; empty when the job isn't there.
    var events: [JobEvent] {
        entries.enumerated().sorted { left, right in
            func place(_ entry: (offset: Int, element: Entry)) -> (Int, Int, Int64, Int) {
                let event = entry.element.event
                return (
                    event.attempt, entry.element.phase.rawValue, event.at.milliseconds,
                    entry.offset
                )
            }
            return place(left) < place(right)
        }.map(\.element.event)
    }

    init(_ database: Database, _ id: JobID) throws {
        guard
            let job = try Row.fetchOne(
                database,
                sql: """
                    SELECT state, attempt, worker, reason, enqueued_at_ms, leased_at_ms,
                           finished_at_ms
                      FROM job
                     WHERE id = ?
                    """,
                arguments: [id.rawValue])
        else { return }
        add(.enqueued, at: job[4], attempt: 0, nil, .enqueued)
        if let leasedAt = job[5] as Int64? {
            add(.leased, at: leasedAt, attempt: job[1], job[2], .leased)
        }
        let lastFailure = try addFailures(database, id)
        let lastNote = try addNotes(database, id)
        guard let finishedAt = job[6] as Int64? else { return }
        switch Job.State(rawValue: job[0]) {
        case .succeeded: add(.succeeded, at: finishedAt, attempt: job[1], nil, .finished)
        case .dead: add(.died, at: finishedAt, attempt: job[1], lastFailure, .finished)
        // Expiry ends in cancellation, and is noted.
        case .cancelled where lastNote != .expired:
            add(.cancelled, at: finishedAt, attempt: job[1], job[3], .finished)
        default: break
        }
    }

    private mutating func addFailures(_ database: Database, _ id: JobID) throws -> String? {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT failed_at_ms, attempt, kind, message
                  FROM job_failure
                 WHERE job = ?
                 ORDER BY id
                """,
            arguments: [id.rawValue])
        for row in rows {
            let what: JobEvent.What = row[2] == Failure.holderDied ? .reclaimed : .failed
            add(what, at: row[0], attempt: row[1], row[3], .underway)
        }
        return rows.last?[3]
    }

    private mutating func addNotes(_ database: Database, _ id: JobID) throws -> JobEvent.What? {
        let notes = try Row.fetchAll(
            database,
            sql: "SELECT at_ms, attempt, what, detail FROM job_event WHERE job = ? ORDER BY id",
            arguments: [id.rawValue])
        var last: JobEvent.What?
        for row in notes {
            // A newer program may know more. Reclaiming is a failure, which is there already.
            guard let what = JobEvent.What(rawValue: row[2]), what != .reclaimed else { continue }
            add(what, at: row[0], attempt: row[1], row[3], .underway)
            last = what
        }
        return last
    }

    private mutating func add(
        _ what: JobEvent.What, at: Int64, attempt: Int, _ detail: String?, _ phase: Phase
    ) {
        let event = JobEvent(
            at: Timestamp(milliseconds: at), what: what, attempt: attempt, detail: detail)
        entries.append(Entry(event: event, phase: phase))
    }
}
