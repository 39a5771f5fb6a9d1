import GRDB
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Places under all that may happen to jobs")
struct PlaceStormTests {
    @Test(
        "While a place is free nobody waits who could use it, whatever happened before",
        arguments: 1...8)
    func storm(seed: UInt64) async throws {
        try await withStore { bench in
            var storm = PlaceStorm(bench: bench, random: SeededGenerator(seed: seed))
            try await storm.begin()
            for _ in 1...150 {
                let what = try await storm.act()
                try await storm.check(after: what)
            }
            try await storm.workOff()
        }
    }
}

/// Does to jobs what workers, people and deaths may do to them, at random, and without time passing
/// that would let them look by themselves.
private struct PlaceStorm {
    let bench: StoreBench
    var random: SeededGenerator

    private let account = ProviderAccount(rawValue: "claude-max")
    private let agents: [AgentName] = ["ann", "bob", "cleo"]
    private var issues = 0
    private var mostPlaces = 2
    private var trail: [String] = []
    /// How far the attempts are whose workers live.
    private var attempts: [LeaseToken: Stage] = [:]
    private var deaths = 0

    private enum Stage {
        case leased, begun, refused
        case hasLeave
        case runs(SessionID)
    }

    init(bench: StoreBench, random: SeededGenerator) {
        self.bench = bench
        self.random = random
    }

    mutating func begin() async throws {
        try await set(2)
        // Ann has a limit of her own.
        try await bench.queue.setLimit(1, of: "agent:ann", in: SwarmQueues.steps)
        for _ in 1...15 { try await open() }
    }

    private mutating func set(_ places: Int) async throws {
        mostPlaces = max(mostPlaces, places)
        try await bench.store.setPlaces(
            [account: places],
            of: Dictionary(uniqueKeysWithValues: agents.map { ($0, account) }))
    }

    /// Does one thing.
    ///
    /// - Returns: What, for whoever has to understand a failure.
    mutating func act() async throws -> String {
        // Often those that were woken just now.
        let states: Set<Job.State> =
            random.next() % 2 > 0 ? [.ready, .leased] : [.scheduled, .ready, .leased]
        let job = try await unfinished(states).randomElement(using: &random)
        let attempt = attempts.keys.sorted { $0.job < $1.job }.randomElement(using: &random)
        switch random.next() % 20 {
        case 0: try await open()
        case 1...4: try await lease()
        case 5...12:
            guard let attempt else { return try await act() }
            try await goOn(attempt)
        case 13:
            if let job { try await bench.queue.hold(job) }
            trail.append("held \(job.map(\.description) ?? "none")")
        case 14...15:
            for job in try await unfinished() { try await bench.queue.letGo(job) }
            trail.append("let all go")
        case 16:
            if let job { _ = try await bench.queue.cancel(job) }
            trail.append("cancelled \(job.map(\.description) ?? "none")")
        case 17:
            if let job, try await bench.queue.job(job)?.state != .leased {
                try await bench.queue.retry(job)
                trail.append("retried \(job)")
            }
        case 18:
            // Ten of them together are shorter than the longest wait.
            guard deaths < 10, random.next() % 3 == 0 else { return try await act() }
            try await die()
        default:
            _ = try await bench.queue.prune(matching: JobFilter(states: [.cancelled]))
            _ = try await closeAbandoned()
            trail.append("removed what was cancelled")
        }
        return trail.last ?? ""
    }

    private mutating func open() async throws {
        issues += 1
        let agent = agents[issues % agents.count]
        try await bench.openRun(
            by: agent, on: issues, maxFailures: 100, priority: Int(random.next() % 3))
        trail.append("opened run \(issues) of \(agent)")
    }

    @discardableResult
    private mutating func lease() async throws -> LeaseToken? {
        let lease = try? await bench.lease()
        guard let token = lease?.token else { return nil }
        attempts[token] = .leased
        trail.append("leased \(token.job)")
        return token
    }

    /// One transaction of a worker's way through a job.
    private mutating func goOn(_ token: LeaseToken) async throws {
        switch attempts[token] {
        case nil: break
        case .leased:
            let job = try #require(try await bench.queue.job(token.job))
            do {
                let step = try await bench.store.beginAttempt(
                    Lease(job: job, worker: "w-1", expiresAt: bench.clock.now))
                attempts[token] = step.openSession.map { .runs($0.id) } ?? .begun
            } catch SwarmError.runClosed {
                try await bench.queue.settle(token, as: .cancelled)
                attempts[token] = nil
            }
        case .begun:
            let pause = try await bench.store.claim(account, for: token)
            attempts[token] = pause == nil ? .hasLeave : .refused
        case .refused: try await settle(token, .park(account))
        case .hasLeave:
            guard random.next() % 8 > 0 else {
                return try await settle(
                    token, .snooze(until: bench.clock.now + .seconds(100_000), reason: "network"))
            }
            attempts[token] = .runs(
                try await bench.store.openSession(
                    token, agent: "ann", workspacePath: "/w", base: .sample("0")
                ).id)
        case .runs(let session):
            guard random.next() % 4 > 0 else { return try await settle(token, .release) }
            try await settle(
                token, .close(.chosen, detail: ""),
                SessionClosing(id: session, ending: "x", outputBytes: 0))
        }
        trail.append("went on with \(token.job)")
    }

    private mutating func settle(
        _ token: LeaseToken, _ way: StepSettlement.Way, _ session: SessionClosing? = nil
    ) async throws {
        try await bench.store.settle(token, as: StepSettlement(way, session: session))
        attempts[token] = nil
        trail.append("settled \(token.job): \(way)")
    }

    /// All workers are killed; their sessions live on.
    private mutating func die() async throws {
        deaths += 1
        bench.clock.advance(by: .seconds(31))
        _ = try await bench.queue.sweep()
        attempts = [:]
        trail.append("the workers died")
    }

    /// - Returns: Whether there were any.
    private func closeAbandoned() async throws -> Bool {
        let before = try await bench.store.openSessions()
        for session in before {
            try await bench.store.closeAbandonedSession(session.id, ending: "stopped")
        }
        return try await bench.store.openSessions().count < before.count
    }

    private func unfinished(
        _ states: Set<Job.State> = [.scheduled, .ready, .leased]
    ) async throws -> [JobID] {
        try await bench.queue.jobs(
            matching: JobFilter(queue: SwarmQueues.steps, states: states, limit: 10_000)
        ).map(\.id).sorted()
    }

    func check(after what: String) async throws {
        let use = try await bench.store.use(of: account)
        let asleep = try await bench.database.read { [account] database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT concurrency_key AS key, SUM(job.state = 'scheduled') AS asleep,
                           SUM(job.state <> 'scheduled') AS awake
                      FROM step_job
                      JOIN job ON job.id = step_job.job
                     WHERE waits_for = ? AND NOT (is_held AND job.state = 'scheduled')
                       AND job.state IN ('scheduled', 'ready', 'leased')
                     GROUP BY concurrency_key
                    """, arguments: [account.rawValue]
            ).map {
                (key: $0["key"] as String, asleep: $0["asleep"] as Int, awake: $0["awake"] as Int)
            }
        }
        let living = Set(try await bench.store.openSessions().map(\.run))
        let leave = try await runsWithLeave()

        #expect(use.runs.count <= mostPlaces, "\(trail)")
        #expect(Set(use.runs) == living.union(leave), "\(trail)")
        let free = use.free(at: bench.clock.now)
        for group in asleep {
            #expect(
                group.asleep == 0 || group.awake >= free,
                "\(group) though \(free) are free, after \(what): \(trail)")
        }
    }

    private func runsWithLeave() async throws -> Set<RunID> {
        var runs: Set<RunID> = []
        for (token, stage) in attempts {
            guard case .hasLeave = stage, let job = try await bench.queue.job(token.job) else {
                continue
            }
            runs.insert(try #require(RunID(String(decoding: job.payload, as: UTF8.self))))
        }
        return runs
    }

    /// Nothing happens any more but work: all of it is done, and nobody had to wait for a time.
    mutating func workOff() async throws {
        try await bench.queue.setLimit(nil, of: "agent:ann", in: SwarmQueues.steps)
        for job in try await unfinished() { try await bench.queue.letGo(job) }
        while true {
            if let token = attempts.keys.min(by: { $0.job < $1.job }) {
                try await goOn(token)
            } else if try await lease() == nil {
                // Nobody leads those whose run was cancelled.
                guard try await closeAbandoned() else { break }
            }
        }
        let left = try await bench.queue.jobs(
            matching: JobFilter(queue: SwarmQueues.steps, states: [.scheduled], limit: 10_000)
        ).filter { $0.reason != "network" }
        #expect(left.isEmpty, "\(left.map(\.id)) wait: \(trail)")
    }
}
