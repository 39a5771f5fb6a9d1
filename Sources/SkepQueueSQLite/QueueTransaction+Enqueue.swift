internal import Foundation
internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Puts jobs into their queues, all or none.
    ///
    /// - Parameter jobs: At most `NewJob.maxJobsPerCall`.
    /// - Returns: One answer per job, in order.
    /// - Throws: `QueueError.invalidJob`; nothing was put into a queue then.
    public func enqueue(_ jobs: [NewJob]) throws -> [Enqueued] {
        if let first = jobs.first, jobs.count > NewJob.maxJobsPerCall {
            throw QueueError.invalidJob(
                first.kind,
                reason: "It came with \(jobs.count - 1) others; a call may have "
                    + "\(NewJob.maxJobsPerCall) jobs.")
        }
        for job in jobs { try check(job) }
        try checkDependencies(of: jobs)

        var answers: [Enqueued] = []
        var ids: [JobID] = []
        answers.reserveCapacity(jobs.count)
        ids.reserveCapacity(jobs.count)
        for job in jobs {
            let answer = try enqueue(job, earlier: ids)
            answers.append(answer)
            ids.append(answer.id)
        }
        return answers
    }

    private func enqueue(_ job: NewJob, earlier: [JobID]) throws -> Enqueued {
        if let key = job.uniqueKey,
            let existing = try holder(of: key, in: job.queue, among: job.uniqueScope)
        {
            return .existing(existing)
        }
        guard !job.dependencies.isEmpty else { return .inserted(try insert(job, unmet: 0)) }
        let prerequisites = try prerequisites(of: job, earlier: earlier)
        let id = try insert(job, unmet: prerequisites.unmet)
        try connect(id, prerequisites)
        return .inserted(id)
    }

    private func insert(_ job: NewJob, unmet: Int) throws -> JobID {
        let notBefore = job.notBefore ?? now
        let isReady = notBefore <= now && unmet == 0
        let state = isReady ? Job.State.ready : .scheduled
        let tags = job.tags.isEmpty ? [] : Set(job.tags.map(\.canonical)).sorted()
        try direct(
            """
            INSERT INTO job (
                queue, kind, state, priority, concurrency_key, unique_key, unique_scope,
                unique_until_ms, tags, enqueued_at_ms, not_before_ms, ready_at_ms, expires_at_ms,
                timeout_ms, retention_ms, max_failures, runs_when, unmet)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ).run([
            .text(job.queue.rawValue), .text(job.kind.rawValue), .text(state.rawValue),
            .integer(job.priority), .text(job.concurrencyKey?.rawValue), .text(job.uniqueKey),
            .text(job.uniqueScope.word), .integer(job.uniqueScope.end(from: now)?.milliseconds),
            .text(try Self.stored(tags)), .integer(now.milliseconds),
            .integer(notBefore.milliseconds), .integer(isReady ? now.milliseconds : nil),
            .integer(job.expiresAt?.milliseconds), .integer(job.timeout?.milliseconds),
            .integer(job.retention?.milliseconds), .integer(job.maxFailures),
            .text(job.condition.rawValue), .integer(unmet),
        ])
        let id = database.lastInsertedRowID
        if !job.payload.isEmpty {
            try direct("INSERT INTO job_payload (job, payload) VALUES (?, ?)")
                .run([.integer(id), .bytes(job.payload)])
        }
        for tag in tags {
            try run("INSERT INTO job_tag (tag, job) VALUES (?, ?)", [tag, id])
        }
        effects.hasWork = true
        return JobID(rawValue: id)
    }

    private static func stored(_ tags: [String]) throws -> String? {
        guard !tags.isEmpty else { return nil }
        return String(decoding: try JSONEncoder().encode(tags), as: UTF8.self)
    }
}
