internal import GRDB
internal import SkepQueue

/// Finds the next jobs to lease, one after the other, in the order of their urgency.
///
/// Merges the heads of a few sorted lists: for each kind the jobs without a key, and the first jobs
/// of the keys that are open. So a claim costs the same whatever waits behind or in front.
///
/// Keys share fairly: see `JobPriority`. A key that was served stands behind those that weren't, so
/// its heads are looked at anew, here and not in the tables: those are written with the group.
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
    /// By kind: the heads of open keys as they were at the beginning, the next one last.
    private var keyed: [[KeyHead]] = []
    /// The keys of which a job was taken, and where they stand now.
    private var served: [String: ServedKey] = [:]
    private var taken: KeyHead?
    private var turn: Int64?

    private struct ServedKey {
        var state: KeyState
        /// By kind; none while the key is shut.
        var heads: [String: KeyHead]
    }

    init(_ transaction: QueueTransaction, _ request: LeaseRequest, limit: Int) throws {
        self.transaction = transaction
        queue = request.queue.rawValue
        kinds = try transaction.ledger.counts(of: .ready, in: queue, transaction.database)
            .filter { $0.value > 0 && request.kinds?.contains(JobKind(rawValue: $0.key)) ?? true }
            .keys.sorted()
        for kind in kinds { plain.append(try plainHeads(of: kind, limit: limit)) }
        guard try !kinds.isEmpty && transaction.ledger.hasKeys(queue, transaction.database) else {
            return
        }
        try transaction.reopenKeys(in: queue)
        for kind in kinds { keyed.append(try keyHeads(of: kind, limit: limit)) }
    }

    /// The next job; the caller leases it, or takes it out of the queue, before asking again.
    mutating func takeNext() throws -> Int64? {
        try lookAgain()
        guard let first = nextHead() else { return nil }
        switch first {
        case .plain(let head, let kind):
            plain[kind].removeLast()
            return head.job
        case .keyed(let head):
            taken = head
            return head.job
        }
    }

    /// Leaves the job that was taken last alone, and with it the others of its key.
    mutating func leaveOut() throws {
        guard let head = taken else { return }
        taken = nil
        served[head.key.name] = ServedKey(
            state: try KeyState(head.key, transaction.database), heads: [:])
        skipServed()
    }

    /// Counts the lease on the job that was taken last against its key.
    mutating func noteLease() throws {
        guard let head = taken else { return }
        let turn = try nextTurn()
        var key = try served[head.key.name] ?? servedKey(head.key)
        key.state.lease(at: transaction.now, turn: turn)
        served[head.key.name] = key
        transaction.ledger.noteService(of: head.key, at: transaction.now, turn: turn)
    }

    /// Keeps what must be known by the next claim.
    func finish() throws {
        guard let turn else { return }
        try transaction.run(
            "INSERT OR REPLACE INTO queue_turn (queue, turn) VALUES (?, ?)", [queue, turn])
    }

    private mutating func nextTurn() throws -> Int64 {
        let next = try (turn ?? lastTurn()) + 1
        turn = next
        return next
    }

    private func lastTurn() throws -> Int64 {
        try transaction.fetchFirst("SELECT turn FROM queue_turn WHERE queue = ?", [queue]) { $0[0] }
            ?? 0
    }

    private func nextHead() -> Head? {
        var first: Head?
        func consider(_ head: Head) {
            if first.map({ head.place < $0.place }) ?? true { first = head }
        }
        for (kind, heads) in plain.enumerated() {
            if let head = heads.last { consider(.plain(head, kind: kind)) }
        }
        for heads in keyed {
            if let head = heads.last { consider(.keyed(head)) }
        }
        for key in served.values {
            for head in key.heads.values { consider(.keyed(head)) }
        }
        return first
    }

    /// Brings the key of which a job was taken up to date.
    private mutating func lookAgain() throws {
        guard let head = taken else { return }
        taken = nil
        var key = try served[head.key.name] ?? servedKey(head.key)
        if key.state.isOpen(at: transaction.now) {
            key.heads[head.kind] = try key.state.nextJob(of: head.kind, transaction.database)
            key.heads = key.heads.mapValues(key.state.placed)
        } else {
            key.heads = [:]
        }
        served[head.key.name] = key
        skipServed()
    }

    private mutating func skipServed() {
        for kind in keyed.indices {
            while let last = keyed[kind].last, served[last.key.name] != nil {
                keyed[kind].removeLast()
            }
        }
    }

    private func servedKey(_ key: Ledger.Key) throws -> ServedKey {
        let heads = try transaction.fetchRows(
            """
            SELECT \(Self.headColumns)
              FROM key_head
             WHERE queue = ? AND key = ?
            """,
            [key.queue, key.name]
        ).map { KeyHead($0, queue: queue) }.filter { kinds.contains($0.kind) }
        return ServedKey(
            state: try KeyState(key, transaction.database),
            heads: Dictionary(uniqueKeysWithValues: heads.map { ($0.kind, $0) }))
    }

    /// Served by job_ready.
    private func plainHeads(of kind: String, limit: Int) throws -> [Plain] {
        try transaction.fetchRows(
            """
            SELECT rank_ms, id
              FROM job
             WHERE state = 'ready' AND concurrency_key IS NULL AND queue = ? AND kind = ?
             ORDER BY rank_ms, id
             LIMIT ?
            """,
            [queue, kind, limit]
        ).reversed().map { Plain(rank: $0[0], job: $0[1]) }
    }

    private static let headColumns = "key, kind, job, job_rank_ms, priority, rank_ms, turn"

    /// Served by key_head_open. As many as there are slots are enough, though some may be shut by
    /// then: each job that is taken shuts one key at most.
    private func keyHeads(of kind: String, limit: Int) throws -> [KeyHead] {
        try transaction.fetchRows(
            """
            SELECT \(Self.headColumns)
              FROM key_head
             WHERE is_open = 1 AND queue = ? AND kind = ?
             ORDER BY rank_ms, turn, job_rank_ms, job
             LIMIT ?
            """,
            [queue, kind, limit]
        ).reversed().map { KeyHead($0, queue: queue) }
    }
}

extension KeyHead {
    fileprivate init(_ row: Row, queue: String) {
        self.init(
            key: Ledger.Key(queue: queue, name: row[0]), kind: row[1], job: row[2],
            jobRank: row[3], priority: row[4], rank: row[5], turn: row[6])
    }
}
