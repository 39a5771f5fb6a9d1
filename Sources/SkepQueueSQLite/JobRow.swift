internal import Foundation
internal import GRDB
internal import SkepQueue

/// The columns of `job`, and those of its payload, of which a `Job` is made.
let jobQuery = """
    SELECT job.id, job.queue, job.kind, job.state, job.priority, job.concurrency_key,
           job.unique_key, job.enqueued_at_ms, job.not_before_ms, job.ready_at_ms,
           job.leased_at_ms, job.finished_at_ms, job.attempt, job.failures, job.max_failures,
           job.worker, job.cancel_requested, job.reason, job_payload.payload, job.unique_scope,
           job.unique_until_ms, job.tags, job.expires_at_ms, job.timeout_ms, job.is_held,
           job.unmet, job.awaited_event, job.is_awaited_for_itself
      FROM job
      LEFT JOIN job_payload ON job_payload.job = job.id
     WHERE job.id = ?
    """

extension Job {
    /// `nil` when it isn't there.
    init?(_ id: JobID, _ database: Database) throws {
        let job = try DirectStatement(jobQuery, database).first([.integer(id.rawValue)]) {
            try Job($0, lease: nil)
        }
        guard let job else { return nil }
        self = job
    }

    /// The job of a row of `jobQuery`, or what it becomes by a lease that is being taken on it.
    init(_ row: DirectRow, lease: (at: Timestamp, by: WorkerID)?) throws {
        guard let state = State(rawValue: row.text(3)) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown state \"\(row.text(3))\"")
        }
        func time(_ column: Int32) -> Timestamp? {
            row.optionalInteger(column).map(Timestamp.init(milliseconds:))
        }
        self.init(
            id: JobID(rawValue: row.integer(0)), kind: JobKind(rawValue: row.text(2)),
            queue: QueueName(rawValue: row.text(1)), payload: row.bytes(18),
            state: lease == nil ? state : .leased, priority: Int(row.integer(4)),
            concurrencyKey: row.optionalText(5).map(ConcurrencyKey.init(rawValue:)),
            uniqueKey: row.optionalText(6), uniqueScope: try UniqueScope(row),
            tags: try Self.tags(row), enqueuedAt: Timestamp(milliseconds: row.integer(7)),
            notBefore: Timestamp(milliseconds: row.integer(8)), expiresAt: time(22),
            timeout: row.optionalInteger(23).map { .milliseconds($0) }, readyAt: time(9),
            leasedAt: lease?.at ?? time(10), finishedAt: time(11),
            attempt: Int(row.integer(12)) + (lease == nil ? 0 : 1),
            failures: Int(row.integer(13)), maxFailures: Int(row.integer(14)),
            worker: lease?.by ?? row.optionalText(15).map(WorkerID.init(rawValue:)),
            isCancelRequested: row.bool(16), isHeld: row.bool(24),
            unmetDependencies: Int(row.integer(25)), awaitedEvent: Self.awaitedEvent(row),
            reason: lease == nil ? row.optionalText(17) : nil)
    }

    private static func tags(_ row: DirectRow) throws -> [String] {
        guard let tags = row.optionalText(21) else { return [] }
        return try JSONDecoder().decode([String].self, from: Data(tags.utf8))
    }

    private static func awaitedEvent(_ row: DirectRow) -> EventKey? {
        row.optionalText(26).map { name in
            EventKey(
                EventName(rawValue: name),
                for: row.bool(27) ? JobID(rawValue: row.integer(0)) : nil)
        }
    }
}

extension UniqueScope {
    fileprivate init(_ row: DirectRow) throws {
        switch row.text(19) {
        case "waiting": self = .waiting
        case "unfinished": self = .unfinished
        case "window": self = .window(.milliseconds(row.integer(20) - row.integer(7)))
        case let scope:
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown scope \"\(scope)\"")
        }
    }
}
