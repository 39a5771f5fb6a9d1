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

    public func exchange(
        _ settled: [SettledLease], for requests: [LeaseRequest]
    ) async throws -> LeaseExchange {
        try await write { try $0.exchange(settled, for: requests) }
    }

    /// Many jobs are cancelled in several transactions: when this throws, some may be.
    public func cancel(matching filter: JobFilter) async throws -> [JobID] {
        try await allPages(of: filter) { try $0.cancelPage($1) }
    }

    /// Many jobs are retried in several transactions: when this throws, some may be.
    public func retry(matching filter: JobFilter) async throws -> [JobID] {
        try await allPages(of: filter) { try $0.retryPage($1) }
    }

    /// Many jobs are removed in several transactions: when this throws, some may be.
    public func prune(matching filter: JobFilter) async throws -> Int {
        try await allPages(of: filter) { try $0.prunePage($1) }.count
    }

    private func allPages(
        of filter: JobFilter,
        _ page: @escaping @Sendable (QueueTransaction, JobFilter) throws -> MatchedPage
    ) async throws -> [JobID] {
        var all = MatchedPage(rest: filter.limit > 0 ? filter : nil)
        while let next = all.rest { all.add(try await write { try page($0, next) }) }
        return try all.get()
    }

    public func job(_ id: JobID) async throws -> Job? {
        try await read { try Job(id, $0) }
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
        guard filter.limit > 0 else { return [] }
        return try await read { database in
            try JobSelection(filter).fetch(database, limit: filter.limit)
                .compactMap { try Job($0, database) }
        }
    }
}
