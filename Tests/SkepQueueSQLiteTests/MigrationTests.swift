import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

/// Files as released programs have left them, and what becomes of them.
@Suite("Files of earlier versions")
struct MigrationTests {
    @Test("Jobs of every state are there afterwards, and everything works", arguments: [1, 2])
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
    private func makeFile(_ queue: TemporaryQueue, version: Int, boot: BootID) throws {
        let names = ["m001_queue", "m002_schedules"].prefix(version)
        let sources = [PackageResources.m001_queue_sql, PackageResources.m002_schedules_sql]
        let database = try DatabaseQueue(path: queue.path)
        try database.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA journal_mode = WAL;
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    """)
            for (name, source) in zip(names, sources) {
                try database.execute(sql: String(decoding: source, as: UTF8.self))
                try database.execute(
                    sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: ["queue-" + name])
            }
            try database.execute(
                sql: Self.jobs.replacingOccurrences(of: ":boot", with: "'\(boot.rawValue)'"))
            if version >= 2 { try database.execute(sql: Self.schedule) }
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

    private static let schedule = """
        INSERT INTO schedule (name, owner, timing, every_ms, at_ms, queue, kind, priority,
                              max_failures, missed, overlap, jitter_ms, payload, counted_at_ms,
                              next_tick_at_ms)
        VALUES ('minutely', 'test', 'every', 60000, 1790000000000, 'ticks', 'tick', 0,
                3, 'run_once', 'allow', 0, x'', 1790000000000, 1790000060000);
        """
}
