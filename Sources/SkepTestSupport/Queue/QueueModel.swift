internal import SkepQueue

/// A queue so simple that one sees that it is right; what a store does is compared with it.
struct QueueModel {
    struct Entry {
        let id: JobID
        var priority: Int
        let key: ConcurrencyKey?
        let uniqueKey: String?
        let maxFailures: Int
        var state = Job.State.ready
        var notBefore: Timestamp
        var readyAt: Timestamp?
        var attempt = 0
        var failures = 0
        var leaseEnd: Duration?
        var isCancelRequested = false
        var isHeld = false
    }

    var entries: [JobID: Entry] = [:]
    /// What is said of a key, and when it was served last.
    struct Key {
        var limit: Int?
        var bucket: Bucket?
        var servedAt: Timestamp?
        var turn = 0
    }

    /// A token bucket, with the time it takes to fill instead of tokens.
    struct Bucket {
        let rate: RateLimit
        var missing = Duration.zero
        var at: Timestamp

        private var interval: Duration { rate.per / rate.count }

        mutating func fill(until now: Timestamp) {
            missing = max(missing - (now - at), .zero)
            at = now
        }

        var isOpen: Bool { missing + interval <= interval * rate.burst }

        mutating func take() { missing += interval }

        /// As much as was taken lately counts under a new rate.
        func changed(to rate: RateLimit) -> Bucket {
            guard rate != self.rate else { return self }
            let taken = Int((missing / interval).rounded(.up))
            var bucket = Bucket(rate: rate, at: at)
            for _ in 0..<min(taken, rate.burst) { bucket.take() }
            return bucket
        }
    }

    var keys: [ConcurrencyKey: Key] = [:]
    var isPaused = false
    var limit: Int?
    var bucket: Bucket?
    private var turn = 0

    func unfinished(_ uniqueKey: String?) -> JobID? {
        guard let uniqueKey else { return nil }
        return entries.values.first { $0.uniqueKey == uniqueKey && !$0.state.isFinished }?.id
    }

    mutating func insert(_ id: JobID, _ job: NewJob, now: Timestamp) {
        let notBefore = job.notBefore ?? now
        var entry = Entry(
            id: id, priority: job.priority, key: job.concurrencyKey, uniqueKey: job.uniqueKey,
            maxFailures: job.maxFailures, notBefore: notBefore)
        entry.state = notBefore <= now ? .ready : .scheduled
        entry.readyAt = notBefore <= now ? now : nil
        entries[id] = entry
    }

    mutating func lease(_ count: Int, now: Timestamp, end: Duration) -> [JobID] {
        guard !isPaused else { return [] }
        promote(now: now)
        fillBuckets(now: now)
        var leased: [JobID] = []
        while leased.count < count, isOpen {
            guard let next = heads.min(by: { place($0) < place($1) }) else { break }
            entries[next.id]?.state = .leased
            entries[next.id]?.attempt += 1
            entries[next.id]?.leaseEnd = end
            if let key = next.key { serve(key, now: now) }
            bucket?.take()
            leased.append(next.id)
        }
        return leased
    }

    private mutating func serve(_ key: ConcurrencyKey, now: Timestamp) {
        turn += 1
        keys[key, default: Key()].turn = turn
        keys[key]?.servedAt = now
        keys[key]?.bucket?.take()
    }

    mutating func setRate(_ rate: RateLimit?, of key: ConcurrencyKey?, now: Timestamp) {
        fillBuckets(now: now)
        func changed(_ old: Bucket?) -> Bucket? {
            rate.map { old?.changed(to: $0) ?? Bucket(rate: $0, at: now) }
        }
        if let key {
            keys[key, default: Key()].bucket = changed(keys[key]?.bucket)
        } else {
            bucket = changed(bucket)
        }
    }

    private mutating func fillBuckets(now: Timestamp) {
        bucket?.fill(until: now)
        for key in keys.keys { keys[key]?.bucket?.fill(until: now) }
    }

    /// A key of which nothing waits, runs or is said isn't remembered.
    mutating func forgetIdleKeys() {
        keys = keys.filter { key, state in
            state.limit != nil || state.bucket != nil
                || entries.values.contains {
                    $0.key == key && ($0.state == .ready || $0.state == .leased)
                }
        }
    }

    /// Whether the attempt holds the job.
    func holds(_ token: LeaseToken) -> Bool {
        entries[token.job].map { $0.state == .leased && $0.attempt == token.attempt } ?? false
    }

    mutating func settle(_ id: JobID, as settlement: Settlement, now: Timestamp) {
        guard var entry = entries[id] else { return }
        entry.leaseEnd = nil
        switch settlement {
        case .succeeded: entry.finish(.succeeded)
        case .cancelled: entry.finish(.cancelled)
        case .released: entry.state = entry.isHeld ? .scheduled : .ready
        case .snoozed(let until, _):
            if entry.isCancelRequested { entry.finish(.cancelled) } else { entry.wait(until, now) }
        case .waiting:
            if entry.isCancelRequested { entry.finish(.cancelled) }
        case .dead:
            entry.failures += 1
            entry.finish(.dead)
        case .retry(_, let notBefore):
            entry.failures += 1
            if entry.isCancelRequested {
                entry.finish(.cancelled)
            } else if entry.failures >= entry.maxFailures {
                entry.finish(.dead)
            } else {
                let delay = RetryPolicy().delay(afterFailures: entry.failures, random: 0.5)
                entry.wait(notBefore ?? now + delay, now)
            }
        }
        entries[id] = entry
    }

    mutating func cancel(_ id: JobID) -> Cancellation {
        guard var entry = entries[id] else { return .cancelled }
        defer { entries[id] = entry }
        switch entry.state {
        case .ready, .scheduled:
            entry.finish(.cancelled)
            return .cancelled
        case .leased:
            entry.isCancelRequested = true
            return .requested
        case .succeeded, .dead, .cancelled:
            return .alreadyFinished(entry.state)
        }
    }

    mutating func setPriority(_ priority: Int, of id: JobID) -> Reprioritization {
        guard let state = entries[id]?.state, !state.isFinished else {
            return .alreadyFinished(entries[id]?.state ?? .dead)
        }
        entries[id]?.priority = priority
        return .changed
    }

    mutating func setHeld(_ isHeld: Bool, _ id: JobID, now: Timestamp) -> Bool {
        guard var entry = entries[id], !entry.state.isFinished else { return false }
        guard entry.isHeld != isHeld else { return true }
        entry.isHeld = isHeld
        if isHeld, entry.state == .ready { entry.state = .scheduled }
        if !isHeld, entry.state == .scheduled, entry.notBefore <= now {
            entry.state = .ready
            entry.readyAt = max(entry.notBefore, entry.readyAt ?? entry.notBefore)
        }
        entries[id] = entry
        return true
    }

    /// - Returns: Whether it may be retried.
    mutating func retry(_ id: JobID, now: Timestamp) -> Bool {
        guard var entry = entries[id], entry.state != .leased, entry.state != .succeeded,
            unfinished(entry.uniqueKey).map({ $0 == id }) ?? true
        else { return false }
        if entry.state != .ready { entry.readyAt = now }
        entry.state = .ready
        entry.notBefore = min(entry.notBefore, now)
        entry.failures = 0
        entry.isCancelRequested = false
        entry.isHeld = false
        entries[id] = entry
        return true
    }

    mutating func sweep(now: Timestamp, uptime: Duration) -> (
        reclaimed: Set<JobID>, died: Set<JobID>
    ) {
        promote(now: now)
        var reclaimed: Set<JobID> = []
        var died: Set<JobID> = []
        for var entry in entries.values where entry.leaseEnd.map({ $0 <= uptime }) ?? false {
            entry.leaseEnd = nil
            entry.failures += 1
            if entry.failures >= entry.maxFailures {
                entry.finish(.dead)
                died.insert(entry.id)
            } else {
                entry.state = entry.isHeld ? .scheduled : .ready
                reclaimed.insert(entry.id)
            }
            entries[entry.id] = entry
        }
        return (reclaimed, died)
    }

    private mutating func promote(now: Timestamp) {
        for var entry in entries.values
        where entry.state == .scheduled && !entry.isHeld && entry.notBefore <= now {
            entry.state = .ready
            entry.readyAt = entry.notBefore
            entries[entry.id] = entry
        }
    }

    private var isOpen: Bool {
        let leased = entries.values.count { $0.state == .leased }
        return leased < limit ?? .max && bucket?.isOpen ?? true
    }

    private func isOpen(_ key: ConcurrencyKey?) -> Bool {
        guard let key, let state = keys[key] else { return true }
        let leased = entries.values.count { $0.key == key && $0.state == .leased }
        return leased < state.limit ?? .max && state.bucket?.isOpen ?? true
    }

    /// The jobs without a key, and the first one of each open key.
    private var heads: [Entry] {
        let ready = entries.values.filter { $0.state == .ready && isOpen($0.key) }
        let byKey = Dictionary(grouping: ready.filter { $0.key != nil }, by: \.key)
        return ready.filter { $0.key == nil }
            + byKey.values.compactMap { $0.min { ($0.rank, $0.id) < ($1.rank, $1.id) } }
    }

    /// By rank, a key's jobs as though they were ready since it was served last; then keys served
    /// longer ago.
    private func place(_ entry: Entry) -> (Int64, Int, Int64, Int64) {
        let key = entry.key.flatMap { keys[$0] }
        let rank = entry.rank.milliseconds
        let served = key?.servedAt.map {
            JobPriority.rank(of: entry.priority, readyAt: $0).milliseconds
        }
        return (max(rank, served ?? rank), key?.turn ?? 0, rank, entry.id.rawValue)
    }
}

extension QueueModel.Entry {
    fileprivate var rank: Timestamp {
        JobPriority.rank(of: priority, readyAt: readyAt ?? notBefore)
    }

    fileprivate mutating func finish(_ state: Job.State) {
        self.state = state
    }

    fileprivate mutating func wait(_ until: Timestamp, _ now: Timestamp) {
        notBefore = until
        state = until <= now && !isHeld ? .ready : .scheduled
        if until <= now { readyAt = now }
    }
}
