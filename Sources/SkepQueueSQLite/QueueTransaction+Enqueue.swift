internal import Foundation
internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Puts jobs into their queues, all or none.
    ///
    /// - Returns: One answer per job, in order.
    /// - Throws: `QueueError.invalidJob`; nothing was put into a queue then.
    public func enqueue(_ jobs: [NewJob]) throws -> [Enqueued] {
        for job in jobs { try check(job) }
        return try jobs.map(enqueue)
    }

    private func enqueue(_ job: NewJob) throws -> Enqueued {
        if let key = job.uniqueKey, let existing = try unfinishedJob(key, in: job.queue) {
            return .existing(existing)
        }

        let notBefore = job.notBefore ?? now
        let isReady = notBefore <= now
        try run(
            """
            INSERT INTO job (
                queue, kind, state, priority, concurrency_key, unique_key,
                enqueued_at_ms, not_before_ms, ready_at_ms, max_failures)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                job.queue.rawValue, job.kind.rawValue,
                (isReady ? Job.State.ready : .scheduled).rawValue, job.priority,
                job.concurrencyKey?.rawValue, job.uniqueKey, now.milliseconds,
                notBefore.milliseconds, isReady ? now.milliseconds : nil, job.maxFailures,
            ])
        let id = database.lastInsertedRowID
        if !job.payload.isEmpty {
            try run(
                "INSERT INTO job_payload (job, payload) VALUES (?, ?)", [id, Data(job.payload)])
        }
        effects.hasWork = true
        return .inserted(JobID(rawValue: id))
    }

    /// The unfinished job with a unique key; served by job_unique.
    func unfinishedJob(_ uniqueKey: String, in queue: QueueName) throws -> JobID? {
        try fetchRow(
            """
            SELECT id
              FROM job
             WHERE queue = ? AND unique_key = ? AND state IN ('scheduled', 'ready', 'leased')
            """,
            [queue.rawValue, uniqueKey]
        ).map { JobID(rawValue: $0[0]) }
    }

    /// - Throws: `QueueError.invalidJob` when a job breaks a limit.
    func check(_ job: NewJob) throws {
        func refuse(_ reason: String) -> QueueError { .invalidJob(job.kind, reason: reason) }
        func check(_ name: String, _ what: String, atMost limit: Int) throws {
            guard !name.isEmpty else { throw refuse("Its \(what) is empty.") }
            guard name.utf8.count <= limit else {
                throw refuse("Its \(what) has \(name.utf8.count) bytes; \(limit) are allowed.")
            }
            // SQLite's text ends at a NUL.
            guard !name.utf8.contains(0) else { throw refuse("Its \(what) has a NUL in it.") }
        }

        try check(job.kind.rawValue, "kind", atMost: 200)
        try check(job.queue.rawValue, "queue's name", atMost: 200)
        if let key = job.concurrencyKey {
            try check(key.rawValue, "concurrency key", atMost: 1024)
        }
        if let key = job.uniqueKey { try check(key, "unique key", atMost: 1024) }
        guard job.payload.count <= NewJob.maxPayloadBytes else {
            throw refuse(
                "Its payload has \(job.payload.count) bytes; \(NewJob.maxPayloadBytes) are allowed."
            )
        }
        try self.check(priority: job.priority, of: job.kind)
        guard job.maxFailures >= 1 else {
            throw refuse("It may have \(job.maxFailures) failures; at least 1 is needed.")
        }
    }

    func check(priority: Int, of kind: JobKind) throws {
        let allowed = JobPriority.allowed
        guard allowed.contains(priority) else {
            throw QueueError.invalidJob(
                kind,
                reason: "Its priority would be \(priority); "
                    + "\(allowed.lowerBound) to \(allowed.upperBound) are allowed.")
        }
    }
}
