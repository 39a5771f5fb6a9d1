internal import SkepQueue

extension QueueConformance {
    static let scheduling: [Case] = [
        Case("A tick comes at its time, with its job, and once") { fixture in
            try await fixture.set(.hourly())
            let first = try Timestamp(utc: "2026-11-01T13:00:00Z")

            try expectEqual(try await fixture.tick(at: "2026-11-01T12:59:59Z"), [], "too early")
            try expectEqual(try await fixture.store.tick().nextDue, first, "next due")
            let result = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            try expectEqual(result.map(\.nominalAt), [first], "ticks")
            try expectEqual(try await fixture.store.tick().ticks, [], "ticks at the same time")

            let job = try await fixture.job(try fixture.jobs(of: result)[0])
            try expectEqual(job.kind, "nightly", "kind")
            try expectEqual(job.queue, "swarm", "queue")
            try expectEqual(job.payload, [1, 2], "payload")
            try expectEqual(job.priority, 7, "priority")
            try expectEqual(job.maxFailures, 2, "maxFailures")
            try expectEqual(job.state, .ready, "state")
        },
        Case("Among several schedulers each tick comes once") { fixture in
            var every = Schedule.hourly()
            every.timing = .every(.seconds(10), since: fixture.clock.now)
            every.overlap = .allow
            try await fixture.set(every)

            var ticks: [ScheduleTick] = []
            for _ in 0..<20 {
                fixture.clock.advance(by: .seconds(10))
                ticks += try await fixture.tickAtOnce(6)
            }

            try expectEqual(ticks.count, 20, "ticks")
            try expectEqual(Set(ticks.map(\.nominalAt)).count, 20, "different times")
            let jobs = try await fixture.store.jobs(matching: JobFilter())
            try expectEqual(Set(jobs.map(\.id)), Set(ticks.compactMap(\.job)), "jobs")
        },
        Case("A schedule run by hand queues a job beside its plan") { fixture in
            try await fixture.set(.hourly())
            try fixture.setClock("2026-11-01T13:00:00Z")

            let byHand = try await fixture.store.runSchedule("hourly")
            do {
                _ = try await fixture.store.runSchedule("hourly")
                throw Unexpected("it was run beside its former job")
            } catch ScheduleError.stillRunning("hourly", byHand) {}
            _ = try await fixture.store.cancel(byHand)
            let planned = try await fixture.store.tick()

            try expectEqual(planned.jobs.count, 1, "planned jobs")
            let history = try await fixture.store.ticks(of: "hourly", limit: 9)
            try expectEqual(
                history.map(\.outcome), [.queued(planned.jobs[0]), .runByHand(byHand)], "history")
            try expectEqual(
                try await fixture.status().lastJob, .init(id: planned.jobs[0], state: .ready),
                "last job")
        },
        Case("A tick is skipped while a job of a former one isn't finished") { fixture in
            try await fixture.set(.hourly())
            let first = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T13:00:00Z"))[0]

            let second = try await fixture.tick(at: "2026-11-01T14:00:00Z")
            try expectEqual(second.map(\.outcome), [.skipped(.overlapped)], "second tick")
            _ = try await fixture.store.cancel(first)
            let third = try await fixture.tick(at: "2026-11-01T15:00:00Z")

            try expectEqual(try fixture.jobs(of: third).count, 1, "third tick's jobs")
            let status = try await fixture.status()
            try expectEqual(status.skipped, 1, "skipped")
            try expectEqual(status.lastSkip, .overlapped, "last skip")
        },
        Case("A long job is known to overlap however many ticks it outlives") { fixture in
            var schedule = Schedule.hourly()
            schedule.timing = .every(.seconds(60), since: fixture.clock.now)
            try await fixture.set(schedule)
            var jobs = 0

            for _ in 0..<120 {
                fixture.clock.advance(by: .seconds(60))
                jobs += try await fixture.store.tick().jobs.count
            }

            try expectEqual(jobs, 1, "jobs")
            try expectEqual(try await fixture.status().skipped, 119, "skipped")
            let history = try await fixture.store.ticks(of: "hourly", limit: .max)
            try expect((100...101).contains(history.count), "a hundred ticks to be remembered")
        },
        Case("A paused schedule leaves out what comes, and goes on when it is resumed") { fixture in
            try await fixture.set(.hourly())
            try await fixture.store.pauseSchedule("hourly")

            try expectEqual(try await fixture.tick(at: "2026-11-01T13:00:00Z"), [], "while paused")
            try expectEqual(try await fixture.status().nextTickAt, nil, "next tick while paused")
            try await fixture.set(.hourly())
            try expect(try await fixture.status().isPaused, "paused when declared again")
            try await fixture.store.resumeSchedule("hourly")
            try expectEqual(try await fixture.store.tick().ticks, [], "when it is resumed")
            let next = try await fixture.tick(at: "2026-11-01T14:00:00Z")

            try expectEqual(next.count, 1, "ticks after it")
            try await fixture.store.resumeSchedule("hourly")
            try expectEqual(try await fixture.store.tick().ticks, [], "when resumed twice")
        },
        Case("A tick's job is ready later by its jitter, and at once when the tick is late") {
            fixture in
            var schedule = Schedule.hourly()
            schedule.jitter = .seconds(600)
            schedule.overlap = .allow
            try await fixture.set(schedule)

            let onTime = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            let late = try await fixture.tick(at: "2026-11-01T14:20:00Z")

            let first = try await fixture.job(try fixture.jobs(of: onTime)[0])
            try expectEqual(
                first.notBefore, try Timestamp(utc: "2026-11-01T13:05:00Z"), "not before")
            try await fixture.expectState(.ready, of: try fixture.jobs(of: late)[0])
        },
        Case("A schedule for one time ticks then, and never again") { fixture in
            try fixture.setClock("2026-11-01T12:30:00Z")
            let time = fixture.clock.now + .seconds(90)
            try await fixture.set(Schedule("once", .once(time), kind: "nightly"))

            fixture.clock.advance(by: .seconds(90))
            try expectEqual(try await fixture.store.tick().ticks.map(\.nominalAt), [time], "ticks")
            try await fixture.set(Schedule("once", .once(time), kind: "nightly"))
            fixture.clock.advance(by: .seconds(90))

            try expectEqual(try await fixture.store.tick(), TickResult(), "afterwards")
        },
        Case("A schedule that isn't there can't be paused, resumed or run") { fixture in
            let calls: [(ScheduleName) async throws -> Void] = [
                fixture.store.pauseSchedule, fixture.store.resumeSchedule,
                { _ = try await fixture.store.runSchedule($0) },
            ]
            for call in calls {
                do {
                    try await call("nothing")
                    throw Unexpected("a schedule that isn't there was found")
                } catch ScheduleError.noSuchSchedule("nothing") {}
            }
        },
    ]
}

extension Schedule {
    /// One whose first ticks are at 13:00 and 14:00 of the day on which fixtures set their clock.
    static func hourly() -> Schedule {
        Schedule(
            "hourly", .every(.seconds(3600), since: Timestamp(milliseconds: 0)), queue: "swarm",
            kind: "nightly", payload: [1, 2], priority: 7, maxFailures: 2)
    }
}

extension QueueFixture {
    /// Declares one schedule, on November 1 at 12:30 unless the clock is set already.
    func set(_ schedules: Schedule...) async throws {
        let start = try Timestamp(utc: "2026-11-01T12:30:00Z")
        if clock.now < start { clock.setWallClock(start) }
        try await store.setSchedules(schedules, of: "test")
    }

    func setClock(_ time: String) throws { clock.setWallClock(try Timestamp(utc: time)) }

    func tick(at time: String) async throws -> [ScheduleTick] {
        try setClock(time)
        return try await store.tick().ticks
    }

    /// Ticks several times at the same time.
    func tickAtOnce(_ count: Int) async throws -> [ScheduleTick] {
        try await withThrowingTaskGroup(of: [ScheduleTick].self) { group in
            for _ in 0..<count { group.addTask { try await store.tick().ticks } }
            var all: [ScheduleTick] = []
            while let ticks = try await group.next() { all += ticks }
            return all
        }
    }

    func jobs(of ticks: [ScheduleTick]) throws -> [JobID] {
        let jobs = ticks.compactMap(\.job)
        try expect(!jobs.isEmpty, "a job of \(ticks)")
        return jobs
    }

    /// How the only schedule stands.
    func status() async throws -> ScheduleStatus {
        let all = try await store.schedules()
        try expect(all.count == 1, "one schedule, not \(all.map(\.schedule.name))")
        return all[0]
    }
}
