import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Schedules in a file")
struct ScheduleTests {
    @Test("Schedulers of several stores, some stopped at random, tick each tick once")
    func manySchedulers() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            let start = clock.now
            let timing = ScheduleTiming.every(.seconds(60), since: start)
            try await queue.withStore(clock: clock) { store in
                try await store.setSchedules(
                    (0..<3).map {
                        Schedule(
                            ScheduleName(rawValue: "s\($0)"), timing, kind: "k", overlap: .allow)
                    }, of: "test")
            }

            for _ in 0..<10 {
                clock.advance(by: .seconds(60))
                await withTaskGroup { group in
                    for number in 0..<4 {
                        group.addTask {
                            let work = Task {
                                try await queue.withStore(clock: clock) { try await $0.tick() }
                            }
                            if number > 0, Bool.random() { work.cancel() }
                            _ = await work.result
                        }
                    }
                }
            }

            try await queue.withStore(clock: clock) { store in
                let jobs = try await store.jobs(matching: JobFilter())
                #expect(jobs.count == 30)
                for schedule in try await store.schedules() {
                    let ticks = try await store.ticks(of: schedule.schedule.name, limit: 99)
                    let times = (1...10).reversed().map { start + .seconds(60 * $0) }
                    #expect(ticks.map(\.nominalAt) == times)
                }
                try await store.expectConsistent()
            }
        }
    }

    @Test("A tick and its job are written together or not at all")
    func ticksAreWhole() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                let timing = ScheduleTiming.once(clock.now + .seconds(1))
                try await store.setSchedules(
                    ["bad", "good"].map {
                        Schedule($0, timing, kind: JobKind(rawValue: $0.rawValue))
                    },
                    of: "test")
                try await store.write { transaction in
                    try transaction.database.execute(
                        sql: """
                            CREATE TRIGGER broken BEFORE INSERT ON schedule_tick
                              WHEN NEW.schedule = 'bad'
                            BEGIN
                              SELECT RAISE(ABORT, 'broken');
                            END
                            """)
                }
                clock.advance(by: .seconds(1))

                await #expect(throws: DatabaseError.self) { try await store.tick() }
                let kinds = try await store.jobs(matching: JobFilter()).map(\.kind)
                #expect(kinds == ["good"])
                try await store.write { transaction in
                    try transaction.database.execute(sql: "DROP TRIGGER broken")
                }

                #expect(try await store.tick().jobs.count == 1)
                #expect(try await store.tick().ticks == [])
            }
        }
    }

    @Test("A tick that is to wait is written with what it waits for, or not at all")
    func waitingTicksAreWhole() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                try await store.setSchedules(
                    [Schedule("s", .once(clock.now + .seconds(1)), kind: "k", overlap: .queueOne)],
                    of: "test")
                let former = try await store.runSchedule("s")
                clock.advance(by: .seconds(1))

                for table in ["job_dependency", "schedule_tick"] {
                    try await store.write { transaction in
                        try transaction.database.execute(
                            sql: """
                                CREATE TRIGGER broken BEFORE INSERT ON \(table)
                                BEGIN
                                  SELECT RAISE(ABORT, 'broken');
                                END
                                """)
                    }
                    await #expect(throws: DatabaseError.self) { try await store.tick() }
                    #expect(try await store.jobs(matching: JobFilter()).map(\.id) == [former])
                    try await store.write { transaction in
                        try transaction.database.execute(sql: "DROP TRIGGER broken")
                    }
                }

                let waiting = try #require(try await store.tick().jobs.first)
                #expect(try await store.relations(of: waiting).dependencies == [former])
                try await store.expectConsistent()
            }
        }
    }

    @Test("Looking when nothing is due writes nothing")
    func idleTicksWriteNothing() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                let schedule = Schedule("s", .once(clock.now + .seconds(9)), kind: "k")
                try await store.setSchedules([schedule], of: "test")
                let before = try await store.changes()

                for _ in 0..<10 { _ = try await store.tick() }
                try await store.setSchedules([schedule], of: "test")

                #expect(try await store.changes() == before)
            }
        }
    }

    @Test("A file of before schedules is brought up to date, with its jobs")
    func migratesFromFirstVersion() async throws {
        try await TemporaryQueue.with { queue in
            let old = try DatabaseQueue(path: queue.path)
            try await old.write { database in
                try database.execute(
                    sql: String(decoding: PackageResources.m001_queue_sql, as: UTF8.self))
                try database.execute(
                    sql: """
                        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                        INSERT INTO grdb_migrations (identifier) VALUES ('queue-m001_queue');
                        INSERT INTO job (queue, kind, state, priority, enqueued_at_ms,
                                         not_before_ms, ready_at_ms, max_failures)
                        VALUES ('default', 'step', 'ready', 3, 1, 1, 1, 3);
                        """)
            }
            try old.close()

            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                #expect(try await store.leaseOne().job.priority == 3)
                try await store.setSchedules(
                    [Schedule("s", .once(clock.now + .seconds(9)), kind: "k")], of: "test")
                clock.advance(by: .seconds(9))
                #expect(try await store.tick().jobs.count == 1)
                try await store.expectConsistent()
            }
        }
    }

    @Test("What the table reckons a job's rank to be is what the rule says")
    func ranksAgree() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let priorities = [-1000, -1, 0, 1, 1000]
                _ = try await store.enqueue(priorities.map { NewJob("step", priority: $0) })

                let ranks = try await store.read {
                    try Int64.fetchAll($0, sql: "SELECT rank_ms FROM job ORDER BY id")
                }
                let jobs = try await store.jobs(matching: JobFilter()).reversed()

                let expected = try jobs.map { job in
                    JobPriority.rank(of: job.priority, readyAt: try #require(job.readyAt))
                }
                #expect(jobs.map(\.priority) == priorities)
                #expect(ranks == expected.map(\.milliseconds))
            }
        }
    }
}

extension SQLiteQueueStore {
    /// How many rows its writer has changed.
    fileprivate func changes() async throws -> Int {
        try await write { $0.database.totalChangesCount }
    }
}
