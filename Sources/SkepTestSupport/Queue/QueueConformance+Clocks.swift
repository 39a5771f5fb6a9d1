internal import SkepQueue

extension QueueConformance {
    /// What schedules make of gaps, and of clocks that are turned.
    static let clocks: [Case] = missing + turning + daylightSaving

    private static let missing: [Case] = [
        Case("Of missed ticks the newest runs, once for all") { fixture in
            try await fixture.set(.hourly())

            let ticks = try await fixture.tick(at: "2026-11-01T15:30:00Z")

            try expectEqual(ticks.map(\.isQueued), [false, true], "which run")
            try expectEqual(
                ticks.map(\.nominalAt),
                [
                    try Timestamp(utc: "2026-11-01T14:00:00Z"),
                    try Timestamp(utc: "2026-11-01T15:00:00Z"),
                ], "ticks")
            let status = try await fixture.status()
            try expectEqual(status.skipped, 2, "skipped")
            try expectEqual(status.lastSkip, .missed, "last skip")
            try expectEqual(
                status.nextTickAt, try Timestamp(utc: "2026-11-01T16:00:00Z"), "next tick")
        },
        Case("Missed ticks are left out when they are to be skipped, one just late isn't") {
            fixture in
            var schedule = Schedule.hourly()
            schedule.missed = .skip
            try await fixture.set(schedule)

            let late = try await fixture.tick(at: "2026-11-01T15:30:00Z")
            let justLate = try await fixture.tick(at: "2026-11-01T17:00:40Z")

            try expectEqual(late.map(\.outcome), [.skipped(.missed)], "outcomes when late")
            try expectEqual(justLate.map(\.isQueued), [false, true], "which run when just late")
            try expectEqual(try await fixture.status().skipped, 4, "skipped")
        },
        Case("All missed ticks run when they are to, the newest ones up to the limit") { fixture in
            var schedule = Schedule.hourly()
            schedule.missed = .runAll(limit: 3)
            schedule.overlap = .allow
            try await fixture.set(schedule)

            let ticks = try await fixture.tick(at: "2026-11-02T00:30:00Z")

            try expectEqual(
                ticks.filter(\.isQueued).map(\.nominalAt),
                [
                    try Timestamp(utc: "2026-11-01T22:00:00Z"),
                    try Timestamp(utc: "2026-11-01T23:00:00Z"),
                    try Timestamp(utc: "2026-11-02T00:00:00Z"),
                ], "ticks that run")
            try expectEqual(try await fixture.status().skipped, 9, "skipped")
        },
        Case("Ten years of missed seconds cost no more than a look") { fixture in
            var schedule = Schedule.hourly()
            schedule.timing = .every(.seconds(1), since: fixture.clock.now)
            try await fixture.set(schedule)

            let ticks = try await fixture.tick(at: "2036-11-01T12:30:00Z")

            try expectEqual(ticks.map(\.isQueued), [false, true], "which run")
            try expectEqual(ticks.last?.nominalAt, fixture.clock.now, "newest tick")
        },
    ]

    private static let turning: [Case] = [
        Case("A clock that is set back repeats no tick") { fixture in
            var schedule = Schedule.hourly()
            schedule.overlap = .allow
            try await fixture.set(schedule)
            _ = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            _ = try await fixture.tick(at: "2026-11-01T14:00:00Z")

            for time in ["12:59:59", "13:00:00", "13:30:00", "14:00:00", "14:59:59"] {
                let ticks = try await fixture.tick(at: "2026-11-01T\(time)Z")
                try expectEqual(ticks, [], "ticks at \(time)")
            }

            try expectEqual(
                try await fixture.tick(at: "2026-11-01T15:00:00Z").count, 1, "ticks after it")
        },
        Case("A clock that is set back while a schedule is paused repeats no tick") { fixture in
            try await fixture.set(.hourly())
            _ = try await fixture.tick(at: "2026-11-01T14:00:00Z")
            try await fixture.store.pauseSchedule("hourly")
            try fixture.setClock("2026-11-01T12:30:00Z")

            try await fixture.store.resumeSchedule("hourly")

            try expectEqual(
                try await fixture.status().nextTickAt, try Timestamp(utc: "2026-11-01T15:00:00Z"),
                "next tick")
        },
        Case("A clock that is set forward misses ticks, and when set back repeats none") {
            fixture in
            var schedule = Schedule.hourly()
            schedule.overlap = .allow
            try await fixture.set(schedule)

            let forward = try await fixture.tick(at: "2026-11-01T18:00:00Z")
            let back = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            let again = try await fixture.tick(at: "2026-11-01T18:00:00Z")

            try expectEqual(forward.filter(\.isQueued).count, 1, "ticks that run")
            try expectEqual(back + again, [], "ticks after it")
        },
    ]

    private static let daylightSaving: [Case] = [
        clockChange(
            "A time that Berlin skips in spring comes at the end of the gap",
            "30 2 * * *", "Europe/Berlin", from: "2027-03-27T00:00:00Z",
            ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]),
        clockChange(
            "A time that Berlin has twice in autumn comes the first time",
            "30 2 * * *", "Europe/Berlin", from: "2026-10-24T00:00:00Z",
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        clockChange(
            "Several times that are skipped come as one",
            "*/20 2 * * *", "America/New_York", from: "2027-03-13T08:00:00Z",
            ["2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z", "2027-03-15T06:20:00Z"]),
        clockChange(
            "A time that New York has twice comes the first time",
            "0 1,2 * * *", "America/New_York", from: "2026-11-01T00:00:00Z",
            ["2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z", "2026-11-02T06:00:00Z"]),
        clockChange(
            "Lord Howe skips half an hour",
            "15 2 * * *", "Australia/Lord_Howe", from: "2026-10-02T16:00:00Z",
            ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]),
        clockChange(
            "Lord Howe has half an hour twice",
            "45 1 * * *", "Australia/Lord_Howe", from: "2026-04-03T16:00:00Z",
            ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"]),
        clockChange(
            "An interval goes on by elapsed time when clocks are turned forward",
            "*/30 * * * *", "Europe/Berlin", from: "2027-03-28T00:15:00Z",
            ["2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z"]),
        clockChange(
            "An interval goes on by elapsed time when clocks are turned back",
            "*/30 * * * *", "America/New_York", from: "2026-11-01T05:15:00Z",
            ["2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"]),
        clockChange(
            "An interval of Lord Howe's clock counts both passes of the half hour",
            "45 * * * *", "Australia/Lord_Howe", from: "2026-04-04T14:15:00Z",
            ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-04T16:15:00Z"]),
    ]

    /// Lets several schedulers tick from one tick to the next.
    private static func clockChange(
        _ name: String, _ expression: String, _ zone: String, from start: String,
        _ expected: [String]
    ) -> Case {
        Case(name) { fixture in
            try fixture.setClock(start)
            let timing = ScheduleTiming.cron(
                try CronExpression(expression), timeZone: try ScheduleTimeZone(zone))
            try await fixture.store.setSchedules(
                [Schedule("clock", timing, kind: "k", overlap: .allow)], of: "test")

            var ticks: [ScheduleTick] = []
            for _ in expected {
                guard let due = try await fixture.store.tick().nextDue else { break }
                fixture.clock.setWallClock(due)
                ticks += try await fixture.tickAtOnce(3)
            }

            try expectEqual(
                ticks.map(\.nominalAt), try expected.map { try Timestamp(utc: $0) }, "ticks")
            try expectEqual(Set(ticks.compactMap(\.job)).count, expected.count, "jobs")
        }
    }
}

extension ScheduleTick {
    fileprivate var isQueued: Bool { job != nil }
}
