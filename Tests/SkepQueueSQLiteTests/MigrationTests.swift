import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

/// Files as released programs have left them, and what becomes of them.
@Suite("Files of earlier versions")
struct MigrationTests {
    @Test("Jobs of every state are there afterwards, and everything works", arguments: [1, 2, 9])
    func migrates(_ version: Int) async throws {
        try await TemporaryQueue.with { queue in
            let now = Timestamp(milliseconds: 1_790_000_000_000)
            let clock = ManualClock(now: now)
            try makeFile(queue, version: version, boot: BootID.current())

            try await queue.withStore(clock: clock) { store in
                try await store.expectConsistent()
                let states = try await store.jobs(matching: JobFilter()).reversed().map(\.state)
                #expect(
                    states == [
                        .scheduled, .ready, .ready, .ready, .leased, .leased, .succeeded, .dead,
                        .cancelled,
                    ])

                try await leasesGoOn(store)
                try await keysCount(store)
                try await uniqueKeysHold(store)
                if version >= 2 { try await schedulesTick(store, clock) }
                try await store.expectConsistent()
            }
        }
    }

    @Test("Counts, heads and claims of a thousand jobs with many keys are right afterwards")
    func migratesKeys() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            let old = Crowd()
            try makeFile(queue, version: 2, boot: BootID.current(), rows: old.sql)

            try await queue.withStore(clock: clock) { store in
                try await store.expectConsistent()
                #expect(try await store.check(isThorough: true).problems == [])
                for status in try await store.status() {
                    for state in Job.State.allCases {
                        #expect(
                            status.counts[state] ?? 0 == old.count(state, in: status.queue),
                            "\(status.queue) \(state)")
                    }
                }

                for name in old.queues {
                    var taken: [Int64] = []
                    while true {
                        let leases = try await store.lease(
                            LeaseRequest(queue: name, limit: 7, worker: "w-new"))
                        guard !leases.isEmpty else { break }
                        taken += leases.map(\.job.id.rawValue)
                    }
                    #expect(Set(taken) == old.claimable(in: name), "\(name)")
                    #expect(Set(taken).count == taken.count)
                }
                try await store.expectConsistent()
            }
        }
    }

    @Test("Schedules keep what they do when ticks overlap, and may be given more to choose from")
    func migratesSchedules() async throws {
        try await TemporaryQueue.with { queue in
            try makeFile(queue, version: 9, boot: BootID.current())

            try await queue.withStore { store in
                var schedules = try await store.schedules().map(\.schedule)
                #expect(schedules.map(\.name) == ["minutely", "nightly"])
                #expect(schedules.map(\.overlap) == [.allow, .skip])
                #expect(try await store.ticks(of: "nightly", limit: 9).count == 1)
                await #expect(throws: DatabaseError.self) {
                    try await store.write { transaction in
                        try transaction.database.execute(sql: "UPDATE schedule SET overlap = 'x'")
                    }
                }

                for index in schedules.indices { schedules[index].overlap = .queueOne }
                try await store.setSchedules(schedules, of: "test")
                #expect(try await store.schedules().map(\.schedule) == schedules)
                try await store.setSchedules([], of: "test")
                #expect(try await store.ticks(of: "nightly", limit: 9) == [])
                try await store.expectConsistent()
            }
        }
    }

    @Test("A migration that can't be done changes nothing")
    func failsWhole() async throws {
        try await TemporaryQueue.with { queue in
            try makeFile(queue, version: 2, boot: BootID.current())
            let broken = SchemaMigration(name: "own-m001", sql: "CREATE TABLE a (id INTEGER); NO;")
            await #expect(throws: (any Error).self) {
                try await queue.withStore(migrations: [broken]) { _ in }
            }

            try await queue.withStore { store in
                #expect(try await store.jobs(matching: JobFilter()).count == 9)
                try await store.expectConsistent()
            }
        }
    }

    private func leasesGoOn(_ store: SQLiteQueueStore) async throws {
        let token = LeaseToken(job: JobID(rawValue: 5), attempt: 2, worker: "w-old")
        let renewals = try await store.renew([token], length: .seconds(30))
        #expect(renewals[token] == .renewed)
        try await store.settle(token, as: .succeeded(result: [1], next: []))
        #expect(try await store.failures(of: token.job).map(\.failure.kind) == ["old"])
        #expect(try await store.result(of: JobID(rawValue: 7)) == [9])
    }

    /// Key "k" has one lease left, a limit of 1, and two ready jobs.
    private func keysCount(_ store: SQLiteQueueStore) async throws {
        let request = LeaseRequest(queue: "default", limit: 10, worker: "w-new")
        let first = try await store.lease(request)
        #expect(first.map(\.job.id.rawValue) == [2], "only the one without a key")
        let held = LeaseToken(job: JobID(rawValue: 6), attempt: 1, worker: "w-old")
        try await store.settle(held, as: .succeeded(result: nil, next: []))
        let second = try await store.lease(request)
        #expect(second.map(\.job.id.rawValue) == [4], "the more urgent one of the key")
    }

    private func uniqueKeysHold(_ store: SQLiteQueueStore) async throws {
        let answers = try await store.enqueue([NewJob("step", uniqueKey: "u")])
        #expect(answers == [.existing(JobID(rawValue: 1))])
        let anew = try await store.enqueue([NewJob("step", uniqueKey: "done")])
        #expect(anew[0].id.rawValue > 9)
    }

    private func schedulesTick(_ store: SQLiteQueueStore, _ clock: ManualClock) async throws {
        clock.advance(by: .seconds(61))
        let before = try await store.jobs(matching: JobFilter(kind: "tick")).count
        _ = try await store.tick()
        #expect(try await store.jobs(matching: JobFilter(kind: "tick")).count == before + 1)
    }

    /// Written by hand, as programs of that version have written.
    private func makeFile(
        _ queue: TemporaryQueue, version: Int, boot: BootID, rows: String? = nil
    ) throws {
        let migrations = [
            ("m001_queue", PackageResources.m001_queue_sql),
            ("m002_schedules", PackageResources.m002_schedules_sql),
            ("m003_breadth", PackageResources.m003_breadth_sql),
            ("m004_control", PackageResources.m004_control_sql),
            ("m005_flows", PackageResources.m005_flows_sql),
            ("m006_steps", PackageResources.m006_steps_sql),
            ("m007_watching", PackageResources.m007_watching_sql),
            ("m008_semaphores", PackageResources.m008_semaphores_sql),
            ("m009_checks", PackageResources.m009_checks_sql),
        ].prefix(version)
        let database = try DatabaseQueue(path: queue.path)
        try database.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA journal_mode = WAL;
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    """)
            func run(_ migrations: ArraySlice<(String, [UInt8])>) throws {
                for (name, source) in migrations {
                    try database.execute(sql: String(decoding: source, as: UTF8.self))
                    try database.execute(
                        sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: ["queue-" + name])
                }
            }
            try run(migrations.prefix(2))
            try database.execute(
                sql: (rows ?? Self.jobs).replacingOccurrences(
                    of: ":boot", with: "'\(boot.rawValue)'"))
            if version >= 2 { try database.execute(sql: Self.schedules) }
            // Only a program of that version can write jobs from the fourth on.
            try run(migrations.dropFirst(2))
        }
        try database.close()
    }

    private static let jobs = """
        INSERT INTO concurrency_key (queue, key, lim) VALUES ('default', 'k', 1);
        INSERT INTO job (id, queue, kind, state, priority, concurrency_key, unique_key,
                         enqueued_at_ms, not_before_ms, ready_at_ms, leased_at_ms, finished_at_ms,
                         attempt, failures, max_failures, worker, lease_until_uptime_ms, lease_boot)
        VALUES
          (1, 'default', 'step', 'scheduled', 0, NULL, 'u', 1, 1790000900000, NULL, NULL, NULL,
           0, 0, 3, NULL, NULL, NULL),
          (2, 'default', 'step', 'ready', 0, NULL, NULL, 1, 1, 1, NULL, NULL,
           0, 0, 3, NULL, NULL, NULL),
          (3, 'default', 'step', 'ready', 0, 'k', NULL, 1, 1, 1, NULL, NULL,
           0, 0, 3, NULL, NULL, NULL),
          (4, 'default', 'step', 'ready', 5, 'k', NULL, 1, 1, 1, NULL, NULL,
           0, 0, 3, NULL, NULL, NULL),
          (5, 'default', 'step', 'ready', 0, NULL, NULL, 1, 1, 1, 2, NULL,
           2, 1, 3, 'w-old', NULL, NULL),
          (6, 'default', 'step', 'ready', 0, 'k', NULL, 1, 1, 1, 2, NULL,
           1, 0, 3, 'w-old', NULL, NULL),
          (7, 'default', 'step', 'succeeded', 0, NULL, 'done', 1, 1, 1, 2, 3,
           1, 0, 3, 'w-old', NULL, NULL),
          (8, 'default', 'step', 'dead', 0, NULL, NULL, 1, 1, 1, 2, 3,
           3, 3, 3, 'w-old', NULL, NULL),
          (9, 'other', 'step', 'cancelled', 0, 'k', NULL, 1, 1, NULL, NULL, 3,
           0, 0, 3, NULL, NULL, NULL);
        INSERT INTO job_payload (job, payload) VALUES (2, x'01');
        INSERT INTO job_result (job, result) VALUES (7, x'09');
        INSERT INTO job_failure (job, attempt, failed_at_ms, kind, message, counted)
        VALUES (5, 1, 2, 'old', 'It failed.', 1), (8, 3, 3, 'old', 'It failed.', 1);
        UPDATE job SET state = 'leased', lease_until_uptime_ms = 1030000, lease_boot = :boot
         WHERE id IN (5, 6);
        """

    private static let schedules = """
        INSERT INTO schedule (name, owner, timing, every_ms, at_ms, queue, kind, priority,
                              max_failures, missed, overlap, jitter_ms, payload, counted_at_ms,
                              next_tick_at_ms)
        VALUES ('minutely', 'test', 'every', 60000, 1790000000000, 'ticks', 'tick', 0,
                3, 'run_once', 'allow', 0, x'', 1790000000000, 1790000060000),
               ('nightly', 'test', 'every', 86400000, 1790000000000, 'ticks', 'step', 0,
                3, 'run_once', 'skip', 0, x'', 1790000000000, 1790086400000);
        INSERT INTO schedule_tick (schedule, nominal_at_ms, outcome, job, at_ms)
        VALUES ('nightly', 1790000000000, 'queued', 7, 1790000000000);
        """
}

/// Jobs of every state with many keys, and what a claim must find among them.
private struct Crowd {
    private struct Row {
        let id: Int64
        let queue: QueueName
        let key: String?
        let kind: String
        let state: Job.State
        let priority: Int
        let readyAt: Int

        var rank: Int { readyAt - priority * 600_000 }
    }

    let queues: [QueueName] = ["a", "b", "c"]
    private let rows: [Row]
    /// The limits of keys, in each queue; every third key has none.
    private let limits: [String: Int]

    init() {
        var generator = Generator()
        func pick(_ count: Int) -> Int { generator.next(below: count) }
        limits = Dictionary(
            uniqueKeysWithValues: (0..<60).filter { $0 % 3 > 0 }.map { ("k\($0)", $0 % 5) })
        let queues = queues
        rows = (1...1000).map { id in
            Row(
                id: Int64(id), queue: queues[pick(3)], key: pick(6) > 0 ? "k\(pick(60))" : nil,
                kind: ["step", "tick"][pick(2)], state: Job.State.allCases[pick(6)],
                priority: pick(7) - 3, readyAt: 1_789_000_000_000 + pick(1_000_000))
        }
    }

    func count(_ state: Job.State, in queue: QueueName) -> Int {
        rows.count { $0.state == state && $0.queue == queue }
    }

    /// Those without a key, and of each key the first ones that fit below its limit.
    func claimable(in queue: QueueName) -> Set<Int64> {
        let rows = rows.filter { $0.queue == queue }
        return Dictionary(grouping: rows, by: \.key).reduce(into: []) { claimable, entry in
            let ready = entry.value.filter { $0.state == .ready }
                .sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }
            let leased = entry.value.count { $0.state == .leased }
            let room = entry.key.flatMap { limits[$0] }.map { max(0, $0 - leased) }
            claimable.formUnion(ready.prefix(room ?? ready.count).map(\.id))
        }
    }

    /// As a program of that version has made them: ready first, and then what they are.
    var sql: String {
        let keys = queues.flatMap { queue in
            limits.sorted { $0.key < $1.key }.map { "('\(queue)', '\($0.key)', \($0.value))" }
        }
        let jobs = rows.map { row in
            let key = row.key.map { "'\($0)'" } ?? "NULL"
            return "(\(row.id), '\(row.queue)', '\(row.kind)', 'ready', \(row.priority), \(key), "
                + "1, 1, \(row.readyAt), 3)"
        }
        let moves = rows.map { row in
            let change =
                switch row.state {
                case .ready: "priority = priority"
                case .scheduled: "state = 'scheduled', not_before_ms = 1790000900000"
                case .leased:
                    "state = 'leased', attempt = 1, worker = 'w-old', leased_at_ms = 2, "
                        + "lease_until_uptime_ms = 1030000, lease_boot = :boot"
                case .succeeded, .dead, .cancelled:
                    "state = '\(row.state.rawValue)', finished_at_ms = 3"
                }
            return "UPDATE job SET \(change) WHERE id = \(row.id);"
        }
        return """
            BEGIN;
            INSERT INTO concurrency_key (queue, key, lim) VALUES \(keys.joined(separator: ","));
            INSERT INTO job (id, queue, kind, state, priority, concurrency_key, enqueued_at_ms,
                             not_before_ms, ready_at_ms, max_failures)
            VALUES \(jobs.joined(separator: ","));
            \(moves.joined(separator: "\n"))
            COMMIT;
            """
    }

    /// The same numbers each time.
    private struct Generator {
        private var state: UInt64 = 4711

        mutating func next(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
    }
}
