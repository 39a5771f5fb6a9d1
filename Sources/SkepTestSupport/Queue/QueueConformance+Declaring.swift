internal import SkepQueue

extension QueueConformance {
    static let declaring: [Case] = [
        Case("Schedules are kept as they were declared") { fixture in
            let all: [Schedule] = [
                .hourly(),
                Schedule(
                    "cron",
                    .cron(
                        try CronExpression("*/5 2 * * MON-FRI"),
                        timeZone: try ScheduleTimeZone("Europe/Berlin")),
                    kind: "k", missed: .skip, jitter: .seconds(3)),
                Schedule(
                    "every", .every(.milliseconds(1500), since: fixture.clock.now), kind: "k",
                    missed: .runAll(limit: 4), overlap: .allow),
                Schedule(
                    "once", .once(fixture.clock.now + .seconds(4)), kind: "k", overlap: .queueOne),
            ]

            try await fixture.store.setSchedules(all.reversed(), of: "test")

            let kept = try await fixture.store.schedules()
            try expectEqual(
                kept.map(\.schedule), all.sorted { $0.name < $1.name }, "schedules")
            try expectEqual(Set(kept.map(\.owner)), ["test"], "owners")
        },
        Case("Declaring again what is there changes nothing, and goes on from the last tick") {
            fixture in
            try await fixture.set(.hourly())
            _ = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            let before = try await fixture.status()
            try fixture.setClock("2026-11-01T15:10:00Z")

            try await fixture.set(.hourly())

            try expectEqual(try await fixture.status(), before, "status")
            _ = try await fixture.store.cancel(before.lastJob?.id ?? JobID(rawValue: 0))
            try expectEqual(
                try await fixture.store.tick().jobs.count, 1, "jobs for what came meanwhile")
        },
        Case("Another job is queued once a schedule has changed, with the same ticks") { fixture in
            var schedule = Schedule.hourly()
            schedule.overlap = .allow
            try await fixture.set(schedule)
            _ = try await fixture.tick(at: "2026-11-01T13:00:00Z")

            schedule.payload = [9]
            try await fixture.set(schedule)

            try expectEqual(try await fixture.store.tick().ticks, [], "ticks at once")
            let next = try await fixture.tick(at: "2026-11-01T14:00:00Z")
            try expectEqual(
                try await fixture.job(try fixture.jobs(of: next)[0]).payload, [9], "payload")
        },
        Case("A schedule whose timing has changed begins anew") { fixture in
            var schedule = Schedule.hourly()
            try await fixture.set(schedule)
            _ = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            try fixture.setClock("2026-11-01T18:10:00Z")

            schedule.timing = .every(.seconds(1800), since: Timestamp(milliseconds: 0))
            try await fixture.set(schedule)

            try expectEqual(try await fixture.store.tick().ticks, [], "missed ticks")
            let status = try await fixture.status()
            try expectEqual(status.lastTickAt, nil, "last tick")
            try expectEqual(
                status.nextTickAt, try Timestamp(utc: "2026-11-01T18:30:00Z"), "next tick")
            try expect(status.lastJob != nil, "the last job to be remembered")
        },
        Case("A tick that came isn't repeated by a change of timing to and fro") { fixture in
            var schedule = Schedule.hourly()
            schedule.overlap = .allow
            try await fixture.set(schedule)
            _ = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            try fixture.setClock("2026-11-01T12:59:00Z")
            let timing = schedule.timing

            schedule.timing = .every(.seconds(86_400), since: Timestamp(milliseconds: 0))
            try await fixture.set(schedule)
            schedule.timing = timing
            try await fixture.set(schedule)

            try expectEqual(
                try await fixture.tick(at: "2026-11-01T13:00:00Z"), [], "the same tick")
            try expectEqual(
                try await fixture.tick(at: "2026-11-01T14:00:00Z").count, 1, "the next one")
        },
        Case("Each owner's schedules are its own: what it doesn't name any more is removed") {
            fixture in
            try await fixture.set(.hourly())
            let other = Schedule("other", .once(fixture.clock.now + .seconds(5)), kind: "k")
            try await fixture.store.setSchedules([other], of: "another")

            try await fixture.store.setSchedules([], of: "test")

            let left = try await fixture.store.schedules()
            try expectEqual(left.map(\.schedule), [other], "schedules")
            do {
                try await fixture.set(.hourly(), other)
                throw Unexpected("another owner's schedule was taken")
            } catch ScheduleError.nameTaken("other", owner: "another") {}
            try expectEqual(try await fixture.store.schedules(), left, "schedules after it")
        },
        Case("A schedule that breaks a limit is refused, and all others with it") { fixture in
            let fine = Schedule.hourly()
            func changed(_ change: (inout Schedule) -> Void) -> Schedule {
                var schedule = fine
                schedule.name = "broken"
                change(&schedule)
                return schedule
            }
            let broken = [
                changed { $0.name = "" }, changed { $0.name = "a\0b" }, changed { $0.kind = "" },
                changed { $0.timing = .every(.milliseconds(999), since: fixture.clock.now) },
                changed { $0.timing = .every(.microseconds(1_000_001), since: fixture.clock.now) },
                changed { $0.missed = .runAll(limit: 3) },
                changed {
                    $0.missed = .runAll(limit: 3)
                    $0.overlap = .queueOne
                },
                changed { $0.jitter = .seconds(-1) }, changed { $0.jitter = .seconds(86_401) },
                changed { $0.priority = 1001 }, changed { $0.name = fine.name },
                changed {
                    $0.missed = .runAll(limit: 101)
                    $0.overlap = .allow
                },
            ]

            for schedule in broken {
                do {
                    try await fixture.store.setSchedules([fine, schedule], of: "test")
                    throw Unexpected("\(schedule) was taken")
                } catch is ScheduleError {
                } catch QueueError.invalidJob {}
            }

            try expectEqual(try await fixture.store.schedules(), [], "schedules")
        },
    ]
}
