internal import Foundation
internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func enqueue(_ jobs: [NewJob]) async throws -> [Enqueued] {
        guard !jobs.isEmpty else { return [] }
        return try await write { try $0.enqueue(jobs) }
    }

    public func lease(_ request: LeaseRequest) async throws -> [Lease] {
        guard request.limit > 0 else { return [] }
        return try await write { try $0.lease(request) }
    }

    public func renew(
        _ leases: [LeaseToken], length: Duration
    ) async throws -> [LeaseToken: Renewal] {
        guard !leases.isEmpty else { return [:] }
        return try await write { try $0.renew(leases, length: length) }
    }

    public func settle(_ lease: LeaseToken, as settlement: Settlement) async throws {
        try await write { try $0.settle(lease, as: settlement) }
    }

    public func cancel(_ id: JobID) async throws -> Cancellation {
        try await write { try $0.cancel(id) }
    }

    public func retry(_ id: JobID) async throws {
        try await write { try $0.retry(id) }
    }

    @discardableResult
    public func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization {
        try await write { try $0.setPriority(priority, of: id) }
    }

    public func setLimit(
        _ limit: Int?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await write { try $0.setLimit(limit, of: key, in: queue) }
    }

    public func job(_ id: JobID) async throws -> Job? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT \(jobColumns) FROM \(jobTables) WHERE job.id = ?",
                arguments: [id.rawValue]
            ).map(Job.init(row:))
        }
    }

    public func failures(of id: JobID) async throws -> [RecordedFailure] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT attempt, failed_at_ms, kind, message, counted
                      FROM job_failure
                     WHERE job = ?
                     ORDER BY id
                    """,
                arguments: [id.rawValue]
            ).map { row in
                RecordedFailure(
                    attempt: row[0], at: Timestamp(milliseconds: row[1]),
                    failure: Failure(kind: row[2], message: row[3]), isCounted: row[4])
            }
        }
    }

    public func result(of id: JobID) async throws -> [UInt8]? {
        try await read { database in
            try Data.fetchOne(
                database, sql: "SELECT result FROM job_result WHERE job = ?",
                arguments: [id.rawValue]
            ).map([UInt8].init)
        }
    }

    public func jobs(matching filter: JobFilter) async throws -> [Job] {
        guard filter.limit > 0, filter.states != [] else { return [] }
        return try await read { database in
            var conditions: [String] = []
            var arguments: StatementArguments = []
            if let queue = filter.queue {
                conditions.append("job.queue = ?")
                arguments += [queue.rawValue]
            }
            if let kind = filter.kind {
                conditions.append("job.kind = ?")
                arguments += [kind.rawValue]
            }
            if let states = filter.states {
                // Literals, not bound: only then is a state's own index used.
                let list = states.map { "job.state = '\($0.rawValue)'" }.sorted()
                conditions.append("(\(list.joined(separator: " OR ")))")
            }
            if let before = filter.before {
                conditions.append("job.id < ?")
                arguments += [before.rawValue]
            }
            arguments += [filter.limit]
            let condition =
                conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT \(jobColumns)
                      FROM \(jobTables)
                     \(condition)
                     ORDER BY job.id DESC
                     LIMIT ?
                    """,
                arguments: arguments
            ).map(Job.init(row:))
        }
    }

    public func status() async throws -> [QueueStatus] {
        try await read { database in try StatusReader(database: database).statuses() }
    }
}

/// Puts together how the queues stand, from counts and the heads of indexes.
private struct StatusReader {
    let database: Database

    func statuses() throws -> [QueueStatus] {
        var counts: [String: [Job.State: Int]] = [:]
        for row in try Row.fetchAll(
            database,
            sql: "SELECT queue, state, SUM(count) FROM job_count GROUP BY queue, state")
        {
            guard let state = Job.State(rawValue: row[1]) else { continue }
            counts[row[0], default: [:]][state] = row[2]
        }
        let keys = try keys()
        return try Set(counts.keys).union(keys.keys).sorted().map { queue in
            QueueStatus(
                queue: QueueName(rawValue: queue), counts: counts[queue] ?? [:],
                oldestReadyAt: try earliest("ready_at_ms", of: .ready, in: queue),
                nextDue: try earliest("not_before_ms", of: .scheduled, in: queue),
                keys: keys[queue] ?? [])
        }
    }

    private func keys() throws -> [String: [QueueStatus.Key]] {
        var keys: [String: [QueueStatus.Key]] = [:]
        for row in try Row.fetchAll(
            database,
            sql: """
                SELECT queue, key, lim, leased, ready
                  FROM concurrency_key
                 ORDER BY queue, key
                """)
        {
            keys[row[0], default: []].append(
                QueueStatus.Key(
                    key: ConcurrencyKey(rawValue: row[1]), limit: row[2], leased: row[3],
                    ready: row[4]))
        }
        return keys
    }

    /// Served by job_ready_age and job_scheduled.
    private func earliest(
        _ column: String, of state: Job.State, in queue: String
    ) throws -> Timestamp? {
        try Int64.fetchOne(
            database,
            sql: "SELECT MIN(\(column)) FROM job WHERE state = '\(state.rawValue)' AND queue = ?",
            arguments: [queue]
        ).map(Timestamp.init(milliseconds:))
    }
}
