public import SkepQueue

/// A long random series of everything one can do to a queue, compared step by step with a model.
///
/// The same seed gives the same series. The store must be new, use the default retry policy, and
/// draw 0.5 as its random number.
public struct QueueStorm {
    private static let leaseLength = Duration.seconds(30)
    private static let keys: [ConcurrencyKey?] = [nil, nil, "a", "b", "c"]

    private let clock: ManualClock
    private let store: any QueueStore
    private var random: SeededGenerator
    private var model = QueueModel()
    /// Whether there are rates. The wall clock isn't turned then: what a rate makes of the time that
    /// comes twice is for tests of its own.
    private let hasRates: Bool
    /// All leases ever given; most are stale.
    private var tokens: [LeaseToken] = []

    public init(seed: UInt64, clock: ManualClock, store: any QueueStore) {
        self.clock = clock
        self.store = store
        random = SeededGenerator(seed: seed)
        hasRates = Bool.random(using: &random)
    }

    /// - Throws: `Unexpected` where the store differs from the model.
    public mutating func run(steps: Int) async throws {
        for step in 0..<steps {
            do {
                try await takeStep()
                model.forgetIdleKeys()
            } catch let error as Unexpected {
                throw Unexpected("step \(step): \(error)")
            }
        }
        try await compareAll()
    }

    private mutating func takeStep() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<25: try await enqueue()
        case ..<45: try await lease()
        case ..<52: try await renew()
        case ..<66: try await settle()
        case ..<75: try await exchange()
        case ..<80: try await cancel()
        case ..<83: try await retry()
        case ..<86: try await setPriority()
        case ..<88: try await setLimit()
        case ..<89: try await setQueue()
        case ..<91: try await hold()
        case ..<95: try await sweep()
        case ..<96:
            // Long enough for what waits to overtake what is more urgent.
            clock.advance(by: .seconds(Int.random(in: 60...900, using: &random)))
        case ..<98:
            if hasRates {
                try await setRate()
            } else {
                clock.turnWallClock(by: .seconds(Int.random(in: -50...50, using: &random)))
            }
        default:
            // Holders that don't renew in time are those that crashed.
            clock.advance(by: .milliseconds(Int.random(in: 1...20_000, using: &random)))
        }
    }

    private mutating func enqueue() async throws {
        var job = NewJob("step", priority: Int.random(in: -1...1, using: &random))
        job.concurrencyKey = Self.keys.randomElement(using: &random) ?? nil
        job.maxFailures = Int.random(in: 1...4, using: &random)
        if Int.random(in: 0..<4, using: &random) == 0 {
            job.uniqueKey = "u\(Int.random(in: 0..<5, using: &random))"
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            job.notBefore = clock.now + .seconds(Int.random(in: -5...40, using: &random))
        }

        let answer = try await store.enqueue([job])[0]

        if let existing = model.unfinished(job.uniqueKey) {
            try expectEqual(answer, .existing(existing), "answer")
        } else {
            try expectEqual(answer, .inserted(answer.id), "answer")
            model.insert(answer.id, job, now: clock.now)
        }
    }

    private mutating func lease() async throws {
        let request = request()

        try expectLeases(try await store.lease(request), request)
    }

    private mutating func request() -> LeaseRequest {
        let count = Int.random(in: 1...4, using: &random)
        let worker = WorkerID(rawValue: "w-\(Int.random(in: 0..<3, using: &random))")
        return LeaseRequest(
            queue: "default", limit: count, worker: worker, length: Self.leaseLength)
    }

    private mutating func expectLeases(_ leases: [Lease], _ request: LeaseRequest) throws {
        let expected = model.lease(
            request.limit, now: clock.now, end: clock.uptime + Self.leaseLength)
        try expectEqual(leases.map(\.job.id), expected, "leased jobs")
        for lease in leases {
            try expectEqual(
                lease.job.attempt, model.entries[lease.job.id]?.attempt ?? 0, "attempt")
        }
        tokens += leases.map(\.token)
    }

    private mutating func renew() async throws {
        let some = tokens.suffix(6).filter { _ in Bool.random(using: &random) }

        let end = clock.uptime + Self.leaseLength

        let renewals = try await store.renew(some, length: Self.leaseLength)

        for token in some {
            let isHeld = model.holds(token)
            let isCancelRequested = model.entries[token.job]?.isCancelRequested ?? false
            try expectEqual(
                renewals[token],
                isHeld ? (isCancelRequested ? .cancelRequested : .renewed) : .lost, "renewal")
            if isHeld { model.entries[token.job]?.leaseEnd = end }
        }
    }

    private mutating func settle() async throws {
        guard let token = tokens.suffix(10).randomElement(using: &random) else { return }
        let outcome = outcome()
        let isHeld = model.holds(token)

        do {
            try await store.settle(token, as: outcome)
            try expect(isHeld, "a stale lease to be refused")
            model.settle(token.job, as: outcome, now: clock.now)
        } catch QueueError.leaseLost {
            try expect(!isHeld, "a held lease to be settled")
        }
    }

    /// Settles some and takes others in one go.
    private mutating func exchange() async throws {
        let settled = tokens.suffix(10).filter { _ in Bool.random(using: &random) }
            .map { SettledLease($0, as: outcome()) }
        let requests = [request(), request()]

        let answer = try await store.exchange(settled, for: requests)

        for lease in settled {
            let isHeld = model.holds(lease.token)
            try expectEqual(answer.refused[lease.token] == nil, isHeld, "settled \(lease.token)")
            if isHeld { model.settle(lease.token.job, as: lease.settlement, now: clock.now) }
        }
        for (leases, request) in zip(answer.leases, requests) { try expectLeases(leases, request) }
    }

    private mutating func outcome() -> Settlement {
        let failure = Failure(kind: "storm", message: "as the seed says")
        let outcomes: [Settlement] = [
            .succeeded(result: [1], next: []), .succeeded(result: nil, next: []),
            .retry(failure, notBefore: nil), .retry(failure, notBefore: clock.now),
            .snoozed(until: clock.now + .seconds(7), reason: "later"), .dead(failure), .released,
            .cancelled,
        ]
        return outcomes.randomElement(using: &random) ?? .released
    }

    private mutating func cancel() async throws {
        guard let id = anyJob() else { return }
        let answer = try await store.cancel(id)
        try expectEqual(answer, model.cancel(id), "cancellation of job \(id)")
    }

    private mutating func retry() async throws {
        guard let id = anyJob() else { return }
        let isAllowed = model.retry(id, now: clock.now)
        do {
            try await store.retry(id)
            try expect(isAllowed, "a retry of job \(id) to be refused")
        } catch is QueueError {
            try expect(!isAllowed, "a retry of job \(id)")
        }
    }

    private mutating func setPriority() async throws {
        guard let id = anyJob() else { return }
        let priority = Int.random(in: -2...2, using: &random)
        let answer = try await store.setPriority(priority, of: id)
        try expectEqual(answer, model.setPriority(priority, of: id), "priority of job \(id)")
    }

    private mutating func setLimit() async throws {
        guard let key = Self.keys.compactMap({ $0 }).randomElement(using: &random) else { return }
        let limit = [nil, 0, 1, 2, 3].randomElement(using: &random) ?? nil
        try await store.setLimit(limit, of: key, in: "default")
        model.keys[key, default: .init()].limit = limit
    }

    private mutating func setRate() async throws {
        // Those whose tokens come at whole milliseconds.
        let rates = [
            nil, RateLimit(2, per: .seconds(10), burst: 1), RateLimit(5, per: .seconds(60)),
            RateLimit(1, per: .seconds(3), burst: 4),
        ]
        let rate = rates.randomElement(using: &random) ?? nil
        let key = Self.keys.randomElement(using: &random) ?? nil
        if let key {
            try await store.setRate(rate, of: key, in: "default")
        } else {
            try await store.setRate(rate, of: "default")
        }
        model.setRate(rate, of: key, now: clock.now)
    }

    private mutating func setQueue() async throws {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            try await store.pause("default")
            model.isPaused = true
        case 1:
            let limit = [nil, 0, 2, 5].randomElement(using: &random) ?? nil
            try await store.setLimit(limit, of: "default")
            model.limit = limit
        default:
            try await store.resume("default")
            try await store.setLimit(nil, of: "default")
            model.isPaused = false
            model.limit = nil
        }
    }

    private mutating func hold() async throws {
        guard let id = anyJob() else { return }
        let isHeld = Bool.random(using: &random)
        let answer = isHeld ? try await store.hold(id) : try await store.letGo(id)
        try expectEqual(
            answer, model.setHeld(isHeld, id, now: clock.now), "answer for job \(id)")
    }

    private mutating func sweep() async throws {
        let sweep = try await store.sweep()
        let expected = model.sweep(now: clock.now, uptime: clock.uptime)
        try expectEqual(Set(sweep.reclaimed), expected.reclaimed, "reclaimed jobs")
        try expectEqual(Set(sweep.died), expected.died, "jobs that died")
    }

    private mutating func anyJob() -> JobID? {
        model.entries.keys.sorted().suffix(30).randomElement(using: &random)
    }

    private func compareAll() async throws {
        for entry in model.entries.values {
            guard let job = try await store.job(entry.id) else {
                throw Unexpected("job \(entry.id) was lost")
            }
            try expectEqual(job.state, entry.state, "state of job \(entry.id)")
            try expectEqual(job.attempt, entry.attempt, "attempt of job \(entry.id)")
            try expectEqual(job.failures, entry.failures, "failures of job \(entry.id)")
        }
        let all = try await store.jobs(matching: JobFilter(limit: .max))
        try expectEqual(all.count, model.entries.count, "number of jobs")

        let status = try await store.status().first
        for state in Job.State.allCases {
            try expectEqual(
                status?.counts[state] ?? 0, all.count { $0.state == state },
                "count of \(state) jobs")
        }
        for key in status?.keys ?? [] {
            let leased = all.count { $0.concurrencyKey == key.key && $0.state == .leased }
            try expectEqual(key.leased, leased, "leased jobs of key \(key.key)")
        }
    }
}
