internal import Foundation
internal import GRDB
public import SkepQueue

/// With how many jobs something is done in one transaction, so that others get their turn between.
private let matchingBatch = 500

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
        try await all(filter, .cancel)
    }

    /// Many jobs are retried in several transactions: when this throws, some may be.
    public func retry(matching filter: JobFilter) async throws -> [JobID] {
        try await all(filter, .retry)
    }

    /// Many jobs are removed in several transactions: when this throws, some may be.
    public func prune(matching filter: JobFilter) async throws -> Int {
        try await all(filter, .prune).count
    }

    /// Looks for the jobs beside any writes, and then goes through them.
    private func all(_ filter: JobFilter, _ action: MatchedAction) async throws -> [JobID] {
        var all = Matched()
        var next: JobFilter? = filter
        while let page = next {
            let found = try await read { try action.selection(page).fetch($0, limit: page.limit) }
            for batch in found.batches(of: matchingBatch) {
                all.add(try await write { try $0.act(on: batch, action, filter) })
            }
            next = all.rest(of: filter, after: found, of: page)
        }
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
