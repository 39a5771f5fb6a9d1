internal import GRDB
internal import SkepQueue

extension QueueTransaction {
    /// The job that has a unique key already, the newest if there are several.
    ///
    /// Whoever writes is the only one, so nobody can come between looking and writing. A job that
    /// runs with a scope of `waiting` may meet another one with its key when it waits again: both
    /// wait then, and nothing is lost.
    func holder(
        of uniqueKey: String, in queue: QueueName, among scope: UniqueScope
    ) throws -> JobID? {
        switch scope {
        case .unfinished: try unfinishedJob(uniqueKey, in: queue)
        case .waiting: try waitingJob(uniqueKey, in: queue)
        case .window(let length): try job(uniqueKey, in: queue, enqueuedAfter: now - length)
        }
    }

    /// Served by job_unique.
    private func unfinishedJob(_ uniqueKey: String, in queue: QueueName) throws -> JobID? {
        try fetchRow(
            """
            SELECT id
              FROM job
             WHERE unique_key = ? AND queue = ? AND state IN ('scheduled', 'ready', 'leased')
             ORDER BY id DESC
             LIMIT 1
            """,
            [uniqueKey, queue.rawValue]
        ).map { JobID(rawValue: $0[0]) }
    }

    /// Served by job_unique, whose terms are repeated.
    private func waitingJob(_ uniqueKey: String, in queue: QueueName) throws -> JobID? {
        try fetchRow(
            """
            SELECT id
              FROM job
             WHERE unique_key = ? AND queue = ? AND state IN ('scheduled', 'ready', 'leased')
               AND state <> 'leased'
             ORDER BY id DESC
             LIMIT 1
            """,
            [uniqueKey, queue.rawValue]
        ).map { JobID(rawValue: $0[0]) }
    }

    /// Served by job_unique_window.
    private func job(
        _ uniqueKey: String, in queue: QueueName, enqueuedAfter start: Timestamp
    ) throws -> JobID? {
        try fetchRow(
            """
            SELECT id
              FROM job
             WHERE unique_key = ? AND queue = ? AND enqueued_at_ms > ?
             ORDER BY enqueued_at_ms DESC, id DESC
             LIMIT 1
            """,
            [uniqueKey, queue.rawValue, start.milliseconds]
        ).map { JobID(rawValue: $0[0]) }
    }
}

extension UniqueScope {
    /// As job.unique_scope has it.
    var word: String {
        switch self {
        case .waiting: "waiting"
        case .unfinished: "unfinished"
        case .window: "window"
        }
    }

    /// When the window ends of a job that is enqueued now.
    func end(from now: Timestamp) -> Timestamp? {
        guard case .window(let length) = self else { return nil }
        return now + length
    }

    /// Among whom a finished job has to be the only one to be retried: a window says what may be
    /// enqueued, not what may be taken up again.
    var ofRetry: UniqueScope {
        switch self {
        case .waiting: .waiting
        case .unfinished, .window: .unfinished
        }
    }
}
