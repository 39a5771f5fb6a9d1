internal import SkepQueue

extension QueueConformance {
    /// What becomes of ticks while a former one's job isn't finished, when one of them may wait.
    static let overlapping: [Case] = [
        Case("One tick waits behind the former one's job, and further ones are skipped") {
            fixture in
            let (first, second) = try await fixture.tickTwice()
            try await fixture.expectWaits(for: 1, second)

            let third = try await fixture.tick(at: "2026-11-01T15:00:00Z")

            try expectEqual(third.map(\.outcome), [.skipped(.overlapped)], "third tick")
            let status = try await fixture.status()
            try expectEqual(status.skipped, 1, "skipped")
            try expectEqual(status.lastSkip, .overlapped, "last skip")
            try expectEqual(status.lastJob, .init(id: second, state: .scheduled), "last job")
            let leases = try await fixture.lease(9)
            try expectEqual(leases.map(\.job.id), [first], "what can be leased")
        },
        Case("Once the former one is finished the waiting one is ready, and another may wait") {
            fixture in
            let (_, second) = try await fixture.tickTwice()

            try await fixture.end("nightly", as: .succeeded)
            try await fixture.expectState(.ready, of: second)
            let third = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T15:00:00Z"))[0]

            try await fixture.expectWaits(for: 1, third)
            try expectEqual(
                try await fixture.store.relations(of: third).dependencies, [second], "behind whom")
            try await fixture.end("nightly", as: .succeeded)
            try await fixture.end("nightly", as: .succeeded)
            let fourth = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T16:00:00Z"))[0]
            try await fixture.expectState(.ready, of: fourth)
        },
        Case("However the former one ends, the waiting one runs") { fixture in
            let ends: [(String, (JobID) async throws -> Void)] = [
                ("it died", { _ in try await fixture.end("nightly", as: .dead) }),
                (
                    "it was cancelled by its holder",
                    { _ in
                        try await fixture.end("nightly", as: .cancelled)
                    }
                ),
                (
                    "it was cancelled before it began",
                    {
                        _ = try await fixture.store.cancel($0)
                    }
                ),
                (
                    "its holder died",
                    { _ in
                        _ = try await fixture.leaseOne()
                        fixture.clock.advance(by: .seconds(31))
                        _ = try await fixture.store.sweep()
                    }
                ),
            ]
            var schedule = Schedule.oneWaits()
            schedule.maxFailures = 1
            try await fixture.set(schedule)
            for (words, end) in ends {
                fixture.clock.advance(by: .seconds(3600))
                let former = try fixture.jobs(of: try await fixture.store.tick().ticks)[0]
                fixture.clock.advance(by: .seconds(3600))
                let waiting = try fixture.jobs(of: try await fixture.store.tick().ticks)[0]

                try await end(former)

                try expect(try await fixture.job(former).state.isFinished, "an end: \(words)")
                try await fixture.expectState(.ready, of: waiting, words)
                try await fixture.end("nightly", as: .succeeded)
            }
        },
        Case("While the former one is tried again the waiting one waits") { fixture in
            let (first, second) = try await fixture.tickTwice()
            let failure = Failure(kind: "k", message: "m")

            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(lease.token, as: .retry(failure, notBefore: nil))

            try await fixture.expectState(.scheduled, of: first)
            try await fixture.expectWaits(for: 1, second)
        },
        Case("Among several schedulers one tick waits") { fixture in
            try await fixture.set(.oneWaits())
            try fixture.setClock("2026-11-01T13:00:00Z")
            let first = try fixture.jobs(of: try await fixture.tickAtOnce(6))
            try fixture.setClock("2026-11-01T14:00:00Z")
            let second = try fixture.jobs(of: try await fixture.tickAtOnce(6))
            try fixture.setClock("2026-11-01T15:00:00Z")
            let third = try await fixture.tickAtOnce(6)

            try expectEqual([first.count, second.count], [1, 1], "jobs of each tick")
            try await fixture.expectWaits(for: 1, second[0])
            try expectEqual(third.map(\.outcome), [.skipped(.overlapped)], "third tick")
        },
        Case("What is run by hand waits as a tick does, and is refused when one waits") { fixture in
            try await fixture.set(.oneWaits())
            let first = try await fixture.store.runSchedule("hourly")
            let second = try await fixture.store.runSchedule("hourly")
            try await fixture.expectWaits(for: 1, second)

            do {
                _ = try await fixture.store.runSchedule("hourly")
                throw Unexpected("a second one waits")
            } catch ScheduleError.stillRunning("hourly", second) {}
            let planned = try await fixture.tick(at: "2026-11-01T13:00:00Z")
            try expectEqual(planned.map(\.outcome), [.skipped(.overlapped)], "planned tick")
            _ = try await fixture.store.cancel(first)

            let third = try await fixture.store.runSchedule("hourly")
            try await fixture.expectState(.ready, of: second)
            try await fixture.expectWaits(for: 1, third)
        },
        Case("Of missed ticks the newest waits, unless they are to be skipped") { fixture in
            for missed in [MissedTicks.runOnce, .skip] {
                var schedule = Schedule.oneWaits()
                schedule.missed = missed
                try await fixture.set(schedule)
                let first = try await fixture.store.runSchedule("hourly")
                fixture.clock.advance(by: .seconds(3 * 3600 + 1800))

                let late = try await fixture.store.tick()

                try expectEqual(late.jobs.count, missed == .skip ? 0 : 1, "jobs for \(missed)")
                for job in late.jobs { try await fixture.expectWaits(for: 1, job) }
                for job in [first] + late.jobs { _ = try await fixture.store.cancel(job) }
            }
        },
        Case("A waiting tick's job doesn't begin before its jitter is over") { fixture in
            var schedule = Schedule.oneWaits()
            schedule.jitter = .seconds(600)
            try await fixture.set(schedule)
            let first = try await fixture.store.runSchedule("hourly")
            let job = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T13:00:00Z"))[0]

            _ = try await fixture.store.cancel(first)
            try await fixture.expectState(.scheduled, of: job)
            try fixture.setClock("2026-11-01T13:05:00Z")
            _ = try await fixture.store.sweep()

            try await fixture.expectState(.ready, of: job)
        },
        Case("When jobs might overlap before, a tick waits for all of them") { fixture in
            var schedule = Schedule.oneWaits()
            schedule.overlap = .allow
            try await fixture.set(schedule)
            var former: [JobID] = []
            for _ in 0..<3 { former.append(try await fixture.store.runSchedule("hourly")) }
            try await fixture.set(.oneWaits())

            let job = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T13:00:00Z"))[0]
            try await fixture.expectWaits(for: 3, job)
            for id in former { _ = try await fixture.store.cancel(id) }

            try await fixture.expectState(.ready, of: job)
        },
        Case("While one waits no other does, though jobs might overlap in between") { fixture in
            _ = try await fixture.tickTwice()
            var schedule = Schedule.oneWaits()
            schedule.overlap = .allow
            try await fixture.set(schedule)
            _ = try await fixture.store.runSchedule("hourly")
            try await fixture.set(.oneWaits())

            let third = try await fixture.tick(at: "2026-11-01T15:00:00Z")

            try expectEqual(third.map(\.outcome), [.skipped(.overlapped)], "third tick")
        },
        Case("Whoever retries a waiting job has it run beside the former one; the next waits") {
            fixture in
            let (_, second) = try await fixture.tickTwice()

            try await fixture.store.retry(second)
            try await fixture.expectState(.ready, of: second)
            let third = try fixture.jobs(of: try await fixture.tick(at: "2026-11-01T15:00:00Z"))[0]

            try await fixture.expectWaits(for: 2, third)
        },
        Case("A job that waits stays when its schedule is changed to skip, or removed") { fixture in
            let (first, second) = try await fixture.tickTwice()
            var schedule = Schedule.oneWaits()
            schedule.overlap = .skip

            try await fixture.set(schedule)
            let third = try await fixture.tick(at: "2026-11-01T15:00:00Z")
            try expectEqual(third.map(\.outcome), [.skipped(.overlapped)], "third tick")
            try await fixture.store.setSchedules([], of: "test")
            try await fixture.expectWaits(for: 1, second)
            _ = try await fixture.store.cancel(first)

            try await fixture.expectState(.ready, of: second)
        },
    ]
}

extension Schedule {
    fileprivate static func oneWaits() -> Schedule {
        var schedule = Schedule.hourly()
        schedule.queue = "default"
        schedule.overlap = .queueOne
        return schedule
    }
}

extension QueueFixture {
    /// Declares a schedule of which one tick may wait, and lets it tick at 13:00 and 14:00.
    fileprivate func tickTwice() async throws -> (JobID, JobID) {
        try await set(.oneWaits())
        let first = try jobs(of: try await tick(at: "2026-11-01T13:00:00Z"))[0]
        let second = try jobs(of: try await tick(at: "2026-11-01T14:00:00Z"))[0]
        return (first, second)
    }
}
