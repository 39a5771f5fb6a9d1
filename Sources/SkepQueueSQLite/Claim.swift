internal import GRDB
internal import SkepQueue

/// Finds the next jobs to lease, one after the other, in the order of their urgency.
///
/// Merges the heads of a few sorted lists: for each kind the jobs without a key, and the first jobs
/// of the keys below their limit. So a claim costs the same whatever waits behind or in front.
struct Claim {
    private struct Head {
        let rank: Int64
        let job: Int64
        let kind: Int
        let isKeyed: Bool

        init(_ row: Row, kind: Int, isKeyed: Bool) {
            rank = row[0]
            job = row[1]
            self.kind = kind
            self.isKeyed = isKeyed
        }

        func goesBefore(_ other: Head) -> Bool {
            (rank, job) < (other.rank, other.job)
        }
    }

    private let transaction: QueueTransaction
    private let queue: String
    private let kinds: [String]
    /// By kind: the next jobs without a key, the next one last.
    private var plain: [[Head]]
    /// By kind: the next job of a key below its limit.
    private var keyed: [Head?]
    private var keyedAreStale = true

    init(_ transaction: QueueTransaction, _ request: LeaseRequest) throws {
        self.transaction = transaction
        queue = request.queue.rawValue
        kinds = try transaction.fetchRows(
            "SELECT kind FROM job_count WHERE queue = ? AND state = 'ready' AND count > 0",
            [request.queue.rawValue]
        )
        .map { $0[0] }
        .filter { kind in request.kinds?.contains(JobKind(rawValue: kind)) ?? true }
        keyed = Array(repeating: nil, count: kinds.count)
        plain = []
        for index in kinds.indices {
            plain.append(try plainHeads(ofKind: index, limit: request.limit))
        }
    }

    /// The next job; the caller leases it before asking again.
    mutating func takeNext() throws -> Int64? {
        if keyedAreStale {
            for index in kinds.indices { keyed[index] = try keyedHead(ofKind: index) }
            keyedAreStale = false
        }
        var first: Head?
        for head in plain.compactMap(\.last) + keyed.compactMap({ $0 })
        where first.map(head.goesBefore) ?? true {
            first = head
        }
        guard let first else { return nil }
        if first.isKeyed {
            keyedAreStale = true
        } else {
            plain[first.kind].removeLast()
        }
        return first.job
    }

    /// Served by job_ready.
    private func plainHeads(ofKind kind: Int, limit: Int) throws -> [Head] {
        try transaction.fetchRows(
            """
            SELECT rank_ms, id
              FROM job
             WHERE state = 'ready' AND concurrency_key IS NULL AND queue = ? AND kind = ?
             ORDER BY rank_ms, id
             LIMIT ?
            """,
            [queue, kinds[kind], limit]
        ).reversed().map { Head($0, kind: kind, isKeyed: false) }
    }

    /// Served by key_head_open.
    private func keyedHead(ofKind kind: Int) throws -> Head? {
        try transaction.fetchRow(
            """
            SELECT rank_ms, job
              FROM key_head
             WHERE is_open = 1 AND queue = ? AND kind = ?
             ORDER BY rank_ms, job
             LIMIT 1
            """,
            [queue, kinds[kind]]
        ).map { Head($0, kind: kind, isKeyed: true) }
    }
}
