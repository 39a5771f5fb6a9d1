internal import GRDB
internal import SkepQueue

/// Finds the next jobs to lease, one after the other, in the order of their urgency.
///
/// Merges the heads of a few sorted lists: for each kind the jobs without a key, and the first jobs
/// of the keys that are open. So a claim costs the same whatever waits behind or in front.
///
/// Keys share fairly: see `JobPriority`. A key that was served stands behind those that weren't; the
/// ledger knows, and writes it down with the group.
struct Claim {
    private struct Plain {
        let rank: Int64
        let job: Int64
    }

    private enum Head {
        case plain(Plain, kind: Int)
        case keyed(KeyHead)

        /// Without a key there is no turn: such a job goes before those of keys of the same rank.
        var place: (Int64, Int64, Int64, Int64) {
            switch self {
            case .plain(let head, _): (head.rank, 0, head.rank, head.job)
            case .keyed(let head): (head.rank, head.turn, head.jobRank, head.job)
            }
        }
    }

    private let transaction: QueueTransaction
    private let queue: String
    private let kinds: [String]
    /// By kind: the next jobs without a key, the next one last.
    private var plain: [[Plain]] = []
    private let hasKeys: Bool
    private var leftOut: Set<String> = []
    /// The key of the job that was taken last.
    private var key: Ledger.Key?

    init(_ transaction: QueueTransaction, _ request: LeaseRequest, limit: Int) throws {
        self.transaction = transaction
        queue = request.queue.rawValue
        kinds = try transaction.ledger.counts(of: .ready, in: queue, transaction.database)
            .filter { $0.value > 0 && request.kinds?.contains(JobKind(rawValue: $0.key)) ?? true }
            .keys.sorted()
        hasKeys = try !kinds.isEmpty && transaction.ledger.hasKeys(queue, transaction.database)
        if hasKeys { try transaction.reopenKeys(in: queue) }
        for kind in kinds { plain.append(try plainHeads(of: kind, limit: limit)) }
    }

    /// The next job; the caller leases it, or takes it out of the queue, before asking again.
    mutating func takeNext() throws -> Int64? {
        let head = try first()
        key = nil
        switch head {
        case nil:
            return nil
        case .plain(let head, let kind):
            plain[kind].removeLast()
            return head.job
        case .keyed(let head):
            key = head.key
            return head.job
        }
    }

    /// Leaves the job that was taken last alone, and with it the others of its key.
    mutating func leaveOut() {
        if let key { leftOut.insert(key.name) }
    }

    /// Counts the lease on the job that was taken last against its key.
    func noteLease() throws {
        guard let key else { return }
        try transaction.ledger.noteService(
            of: key, at: transaction.now, transaction.database)
    }

    private func first() throws -> Head? {
        var first: Head?
        func consider(_ head: Head) {
            if first.map({ head.place < $0.place }) ?? true { first = head }
        }
        for (kind, heads) in plain.enumerated() {
            if let head = heads.last { consider(.plain(head, kind: kind)) }
        }
        guard hasKeys else { return first }
        let ledger = transaction.ledger
        try ledger.refreshKeys(of: queue, transaction.database, now: transaction.now)
        for kind in kinds {
            let head = try ledger.firstHead(
                of: kind, in: queue, without: leftOut, transaction.database)
            if let head { consider(.keyed(head)) }
        }
        for key in ledger.known.keys.changed.values where isOpen(key.state) {
            for head in key.heads where kinds.contains(head.kind) { consider(.keyed(head)) }
        }
        return first
    }

    private func isOpen(_ state: KeyState) -> Bool {
        state.ready > 0 && state.key.queue == queue && state.isOpen(at: transaction.now)
            && !leftOut.contains(state.key.name)
    }

    /// Served by job_ready.
    private func plainHeads(of kind: String, limit: Int) throws -> [Plain] {
        try transaction.direct(
            """
            SELECT rank_ms, id
              FROM job
             WHERE state = 'ready' AND concurrency_key IS NULL AND queue = ? AND kind = ?
             ORDER BY rank_ms, id
             LIMIT ?
            """
        ).all([.text(queue), .text(kind), .integer(limit)]) {
            Plain(rank: $0.integer(0), job: $0.integer(1))
        }.reversed()
    }
}
