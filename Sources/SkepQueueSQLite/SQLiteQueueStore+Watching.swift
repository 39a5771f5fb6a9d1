internal import Foundation
internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func report(
        done: Int64, total: Int64?, message: String?, of lease: LeaseToken
    ) async throws {
        try await write { transaction in
            try transaction.report(done: done, total: total, message: message, of: lease)
        }
    }

    public func progress(of id: JobID) async throws -> JobProgress? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT done, total, message, job_progress.attempt, at_ms
                      FROM job_progress
                      JOIN job ON job.id = job_progress.job AND job.attempt = job_progress.attempt
                     WHERE job.id = ? AND state = 'leased'
                    """,
                arguments: [id.rawValue]
            ).map { row in
                JobProgress(
                    done: row[0], total: row[1], message: row[2], attempt: row[3],
                    at: Timestamp(milliseconds: row[4]))
            }
        }
    }

    public func finished(_ id: JobID) async throws -> Job {
        try await presence.wakeUps.finishWatch.job(id, in: self)
    }

    /// What is known of those that are finished, and of those that aren't there.
    func finishedJobs(among ids: [JobID]) async throws -> [JobID: Result<Job, any Error>] {
        let list = "[" + ids.map(\.description).joined(separator: ",") + "]"
        return try await read { database in
            let finished = try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT asked.value
                          FROM json_each(?) AS asked
                          LEFT JOIN job ON job.id = asked.value
                         WHERE job.id IS NULL OR job.state IN ('succeeded', 'dead', 'cancelled')
                        """),
                arguments: [list])
            var answers: [JobID: Result<Job, any Error>] = [:]
            for id in finished.map(JobID.init(rawValue:)) {
                answers[id] = Result {
                    guard let job = try Job(id, database) else { throw QueueError.noSuchJob(id) }
                    return job
                }
            }
            return answers
        }
    }

    public func events(of id: JobID) async throws -> [JobEvent] {
        try await read { database in try JobHistory(database, id).events }
    }

    public func workers() async throws -> [WorkerStatus] {
        let rows = try await read { database in try WorkerRow.all(database) }
        return try await offPool { [presence] in
            rows.map { $0.status(isAlive: presence.isAlive($0.worker)) }
        }
    }
}

extension QueueTransaction {
    /// Says how far a job has come, as `QueueWatching.report` does.
    ///
    /// - Throws: `QueueError.leaseLost`.
    public func report(
        done: Int64, total: Int64?, message: String?, of lease: LeaseToken
    ) throws {
        // Not `job(_:)`, which would read the payload each time.
        try run(
            """
            INSERT INTO job_progress (job, done, total, message, attempt, at_ms)
            SELECT id, ?, ?, ?, attempt, ?
              FROM job
             WHERE id = ? AND attempt = ? AND state = 'leased'
                ON CONFLICT (job) DO UPDATE
                   SET done = excluded.done, total = excluded.total, message = excluded.message,
                       attempt = excluded.attempt, at_ms = excluded.at_ms
            """,
            [
                max(done, 0), total.map { max($0, 0) },
                message.map { storable($0, atMost: 1 << 10) }, now.milliseconds,
                lease.job.rawValue, lease.attempt,
            ])
        guard database.changesCount > 0 else {
            throw QueueError.leaseLost(lease.job, attempt: lease.attempt)
        }
    }
}
