internal import Foundation
internal import GRDB
internal import SkepQueue

/// The columns a `Job` is made of, in the order in which `Job.init(row:)` reads them.
let jobColumns = """
    job.id, job.queue, job.kind, job.state, job.priority, job.concurrency_key, job.unique_key,
    job.enqueued_at_ms, job.not_before_ms, job.ready_at_ms, job.leased_at_ms, job.finished_at_ms,
    job.attempt, job.failures, job.max_failures, job.worker, job.cancel_requested, job.reason,
    job_payload.payload, job.unique_scope, job.unique_until_ms, job.tags, job.expires_at_ms,
    job.timeout_ms, job.is_held, job.unmet, job.awaited_event, job.is_awaited_for_itself
    """

/// Tables for `jobColumns`.
let jobTables = "job LEFT JOIN job_payload ON job_payload.job = job.id"

extension Job {
    init(row: Row) throws {
        try self.init(row: row, lease: nil)
    }

    /// The job of a row, or what it becomes by a lease that is being taken on it.
    init(row: Row, lease: (at: Timestamp, by: WorkerID)?) throws {
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
            payload: try row.withUnsafeData(atIndex: 18) { $0.map([UInt8].init) ?? [] },
            state: lease == nil ? state : .leased, priority: row[4],
            concurrencyKey: (row[5] as String?).map(ConcurrencyKey.init(rawValue:)),
            uniqueKey: row[6], uniqueScope: try UniqueScope(row), tags: try Self.tags(row),
            enqueuedAt: Timestamp(milliseconds: row[7]),
            notBefore: Timestamp(milliseconds: row[8]), expiresAt: time(22),
            timeout: (row[23] as Int64?).map { .milliseconds($0) }, readyAt: time(9),
            leasedAt: lease?.at ?? time(10), finishedAt: time(11),
            attempt: row[12] + (lease == nil ? 0 : 1), failures: row[13], maxFailures: row[14],
            worker: lease?.by ?? (row[15] as String?).map(WorkerID.init(rawValue:)),
            isCancelRequested: row[16],
            isHeld: row[24], unmetDependencies: row[25], awaitedEvent: Self.awaitedEvent(row),
            reason: lease == nil ? row[17] : nil)
    }

    private static func tags(_ row: Row) throws -> [String] {
        guard let tags = row[21] as Data? else { return [] }
        return try JSONDecoder().decode([String].self, from: tags)
    }

    private static func awaitedEvent(_ row: Row) -> EventKey? {
        (row[26] as String?).map { name in
            let isForItself: Bool = row[27]
            return EventKey(
                EventName(rawValue: name), for: isForItself ? JobID(rawValue: row[0]) : nil)
        }
    }
}

extension UniqueScope {
    fileprivate init(_ row: Row) throws {
        switch row[19] as String {
        case "waiting": self = .waiting
        case "unfinished": self = .unfinished
        case "window":
            let end: Int64 = row[20]
            let start: Int64 = row[7]
            self = .window(.milliseconds(end - start))
        case let scope:
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown scope \"\(scope)\"")
        }
    }
}
