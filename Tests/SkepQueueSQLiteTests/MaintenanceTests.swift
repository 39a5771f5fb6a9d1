import Foundation
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Maintenance")
struct MaintenanceTests {
    @Test("Finished jobs go when their time has come, with all that is known of them")
    func prunes() async throws {
        try await withStore { store, clock in
            try await finish(1200, store)
            try await setPruneTime(store, clock.now + .seconds(60))
            let kept = try await store.enqueue([NewJob("kept")])[0].id

            #expect(try await store.maintain() == Maintenance())
            clock.advance(by: .seconds(60))
            #expect(try await store.maintain().pruned == 1200)

            let left = try await store.jobs(matching: JobFilter())
            #expect(left.map(\.id) == [kept])
            let results = try await store.read {
                try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM job_result")
            }
            #expect(results == 0)
            #expect(try await store.maintain() == Maintenance())
        }
    }

    @Test("A job that an unfinished one depends on stays until that is finished")
    func keepsWhatIsNeeded() async throws {
        try await withStore { store, clock in
            try await finish(1, store)
            let first = try await store.jobs(matching: JobFilter())[0].id
            let second = try await store.enqueue([NewJob("b")])[0].id
            try await store.write { transaction in
                try transaction.database.execute(
                    sql: "INSERT INTO job_dependency (job, position, dependency) VALUES (?, 0, ?)",
                    arguments: [second.rawValue, first.rawValue])
            }
            try await setPruneTime(store, clock.now)

            #expect(try await store.maintain().pruned == 0)
            _ = try await store.cancel(second)
            clock.advance(by: .seconds(3600))

            #expect(try await store.maintain().pruned >= 1)
            #expect(try await store.job(first) == nil)
        }
    }

    @Test("A job that can't be removed is told of, and isn't in the way of the others")
    func goesOnAfterFailure() async throws {
        try await withStore { store, clock in
            try await finish(3, store)
            try await setPruneTime(store, clock.now)
            let jobs = try await store.jobs(matching: JobFilter())
            try await store.write { transaction in
                try transaction.database.execute(
                    sql: """
                        CREATE TABLE mine (job INTEGER REFERENCES job (id)) STRICT;
                        INSERT INTO mine VALUES (\(jobs[1].id));
                        """)
            }

            await #expect(throws: DatabaseError.self) { try await store.maintain() }

            let left = try await store.jobs(matching: JobFilter())
            #expect(left.map(\.id) == [jobs[1].id])
            #expect(try await store.maintain() == Maintenance())
        }
    }

    @Test("Old events for all go, new ones and those for a job stay")
    func removesEvents() async throws {
        try await withStore { store, clock in
            let job = try await store.enqueue([NewJob("a")])[0].id
            try await store.write { transaction in
                for (name, job) in [("old", nil), ("own", job.rawValue)] as [(String, Int64?)] {
                    try transaction.database.execute(
                        sql:
                            "INSERT INTO queue_event (name, job, payload, at_ms) VALUES (?, ?, '', ?)"
                            .replacingOccurrences(of: "''", with: "x''"),
                        arguments: [name, job, clock.now.milliseconds])
                }
            }
            clock.advance(by: .seconds(31 * 86_400))
            try await store.write { transaction in
                try transaction.database.execute(
                    sql: "INSERT INTO queue_event (name, payload, at_ms) VALUES ('new', x'', ?)",
                    arguments: [clock.now.milliseconds])
            }

            _ = try await store.maintain()

            let names = try await store.read {
                try String.fetchAll($0, sql: "SELECT name FROM queue_event ORDER BY name")
            }
            #expect(names == ["new", "own"])
        }
    }

    @Test("Nothing is written when there is nothing to do")
    func idle() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                try await finish(3, store)
                _ = try await store.maintain()
                let before = try files(queue)

                for _ in 0..<3 {
                    #expect(try await store.maintain() == Maintenance())
                    _ = try await store.sweep()
                    _ = try await store.status()
                }

                #expect(try files(queue) == before)
            }
        }
    }

    @Test("The file becomes smaller when much of it is free")
    func givesSpaceBack() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let job = NewJob("big", payload: [UInt8](repeating: 1, count: 100_000))
                _ = try await store.enqueue(Array(repeating: job, count: 200))
                _ = try await store.cancel(matching: JobFilter(limit: 200))
                #expect(try await store.prune(matching: JobFilter(limit: 200)) == 200)
                let pages = try await pageCount(store)

                while try await store.maintain().isUnfinished {}

                #expect(try await pageCount(store) < pages / 4)
                try await store.expectConsistent()
            }
        }
    }

    @Test("A log that a reader has kept from beginning anew is cut when the reader has gone")
    func shortensLog() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let reader = try self.reader(queue)
                try await reader.writeWithoutTransaction { database in
                    try database.execute(sql: "BEGIN; SELECT COUNT(*) FROM job;")
                }
                for _ in 0..<5 {
                    let job = NewJob("big", payload: [UInt8](repeating: 1, count: 4 << 20))
                    _ = try await store.enqueue([job])
                }
                #expect(logSize(queue) > 16 << 20)
                _ = try await store.maintain()
                #expect(logSize(queue) > 16 << 20, "somebody reads it")

                try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
                try reader.close()
                _ = try await store.maintain()

                #expect(logSize(queue) == 0)
                try await store.expectConsistent()
            }
        }
    }

    @Test("The log stays short beside a reader that comes back again and again")
    func boundedLog() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let reader = try self.reader(queue)
                var longest = 0
                for _ in 0..<20 {
                    try await reader.writeWithoutTransaction { database in
                        try database.execute(sql: "BEGIN; SELECT COUNT(*) FROM job;")
                    }
                    try await finish(150, store)
                    longest = max(longest, logSize(queue))
                    try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
                    try await finish(20, store)
                }
                try reader.close()

                #expect(longest < 16 << 20)
            }
        }
    }

    private func withStore(
        _ body: (SQLiteQueueStore, ManualClock) async throws -> Void
    ) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                try await body(store, clock)
                try await store.expectConsistent()
            }
        }
    }

    private func finish(_ count: Int, _ store: SQLiteQueueStore) async throws {
        _ = try await store.enqueue(Array(repeating: NewJob("step", payload: [1]), count: count))
        let leases = try await store.lease(
            LeaseRequest(queue: "default", limit: count, worker: "w"))
        let settled = leases.map {
            SettledLease($0.token, as: .succeeded(result: [1], next: []))
        }
        let exchange = try await store.exchange(settled, for: [])
        #expect(exchange.refused.isEmpty)
    }

    private func setPruneTime(_ store: SQLiteQueueStore, _ time: Timestamp) async throws {
        try await store.write { transaction in
            try transaction.database.execute(
                sql: "UPDATE job SET prune_at_ms = ? WHERE finished_at_ms IS NOT NULL",
                arguments: [time.milliseconds])
        }
    }

    /// A connection of another program that keeps a snapshot open between two accesses.
    private func reader(_ queue: TemporaryQueue) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: queue.path, configuration: configuration)
    }

    private func pageCount(_ store: SQLiteQueueStore) async throws -> Int {
        try await store.read { try Int.fetchOne($0, sql: "PRAGMA page_count") } ?? 0
    }

    private func logSize(_ queue: TemporaryQueue) -> Int {
        let path = queue.path + "-wal"
        return (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? -1
    }

    /// The bytes and times of the database and its log.
    private func files(_ queue: TemporaryQueue) throws -> [[String]] {
        try [queue.path, queue.path + "-wal"].map { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return ["\(attributes[.size] ?? 0)", "\(attributes[.modificationDate] ?? 0)"]
        }
    }
}
