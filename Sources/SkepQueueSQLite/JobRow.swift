internal import Foundation
internal import GRDB
internal import SkepQueue

/// The columns a `Job` is made of, in the order in which `Job.init(row:)` reads them.
let jobColumns = """
    job.id, job.queue, job.kind, job.state, job.priority, job.concurrency_key, job.unique_key,
    job.enqueued_at_ms, job.not_before_ms, job.ready_at_ms, job.leased_at_ms, job.finished_at_ms,
    job.attempt, job.failures, job.max_failures, job.worker, job.cancel_requested, job.reason,
    job_payload.payload
    """

/// Tables for `jobColumns`.
let jobTables = "job LEFT JOIN job_payload ON job_payload.job = job.id"

extension Job {
    init(row: Row) throws {
        let state: String = row[3]
        guard let state = State(rawValue: state) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown state \"\(state)\"")
        }
        func time(_ column: Int) -> Timestamp? {
            (row[column] as Int64?).map(Timestamp.init(milliseconds:))
        }
        self.init(
            id: JobID(rawValue: row[0]), kind: JobKind(rawValue: row[2]),
            queue: QueueName(rawValue: row[1]),
            payload: (row[18] as Data?).map([UInt8].init) ?? [], state: state, priority: row[4],
            concurrencyKey: (row[5] as String?).map(ConcurrencyKey.init(rawValue:)),
            uniqueKey: row[6], enqueuedAt: Timestamp(milliseconds: row[7]),
            notBefore: Timestamp(milliseconds: row[8]), readyAt: time(9), leasedAt: time(10),
            finishedAt: time(11), attempt: row[12], failures: row[13], maxFailures: row[14],
            worker: (row[15] as String?).map(WorkerID.init(rawValue:)), isCancelRequested: row[16],
            reason: row[17])
    }
}
