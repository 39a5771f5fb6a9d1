import SkepQueue
import SkepTestSupport
import Testing

@Suite("What a schedule owes")
struct SchedulePlanTests {
    private let start = Timestamp(milliseconds: 1_800_000_000_000)

    @Test("Before its next tick it owes nothing")
    func nothingDue() {
        let plan = schedule(.runOnce).plan(after: start, through: start + .seconds(59))

        #expect(plan.due == [])
        #expect(plan.missed == 0)
        #expect(plan.newest == nil)
        #expect(plan.next == start + .seconds(60))
    }

    @Test("It owes nothing while the clock is behind its last tick")
    func clockBehind() {
        let plan = schedule(.runOnce).plan(after: start, through: start - .seconds(9000))

        #expect(plan.due == [])
        #expect(plan.missed == 0)
        #expect(plan.newest == nil)
        #expect(plan.next == start + .seconds(60))
    }

    @Test("A long gap is counted up to a limit, and its newest ticks are found")
    func longGap() {
        let now = start + .seconds(86_400 * 365) + .seconds(7)

        let plan = schedule(.runAll(limit: 3)).plan(after: start, through: now)

        let newest = now - .seconds(7)
        #expect(plan.due == [180, 120, 60, 0].map { newest - .seconds($0) })
        #expect(plan.missed == SchedulePlan.countedTicks - 4)
        #expect(plan.lastMissed == newest - .seconds(240))
        #expect(plan.newest == newest)
        #expect(plan.next == newest + .seconds(60))
    }

    @Test("After a gap without end the newest tick is found all the same")
    func endlessGap() throws {
        let now = try Timestamp(utc: "9000-01-01T00:00:30Z")

        let plan = schedule(.runOnce).plan(after: Timestamp(milliseconds: .min), through: now)

        #expect(plan.due == [now - .seconds(30)])
    }

    @Test("Several ticks that are all but on time are missed, save the newest")
    func quickTicks() {
        var schedule = schedule(.skip)
        schedule.timing = .every(.seconds(5), since: start)

        let plan = schedule.plan(after: start, through: start + .seconds(21))

        #expect(plan.due == [start + .seconds(20)])
        #expect(plan.missed == 3)
        #expect(plan.lastMissed == start + .seconds(15))
    }

    @Test("A minute late is on time, more isn't")
    func grace() {
        var schedule = schedule(.skip)
        schedule.timing = .once(start)

        let inTime = schedule.plan(after: start - .seconds(1), through: start + .seconds(60))
        let late = schedule.plan(after: start - .seconds(1), through: start + .seconds(61))

        #expect(inTime.due == [start])
        #expect(late.due == [])
        #expect(late.missed == 1)
        #expect(late.lastMissed == start)
        #expect(late.next == nil)
    }

    private func schedule(_ missed: MissedTicks) -> Schedule {
        Schedule(
            "s", .cron(try! CronExpression("* * * * *"), timeZone: .utc), kind: "k",
            missed: missed, overlap: .allow)
    }
}

@Suite("The rank of a job")
struct JobPriorityTests {
    @Test("A step of priority is worth ten minutes of waiting")
    func headStart() {
        let time = Timestamp(milliseconds: 0)

        #expect(JobPriority.rank(of: 1, readyAt: time) == time - .seconds(600))
        #expect(JobPriority.rank(of: -2, readyAt: time) == time + .seconds(1200))
    }

    @Test("No priority and no time makes it trap", arguments: [Int64.min, .max])
    func extremes(milliseconds: Int64) {
        for priority in [JobPriority.allowed.lowerBound, JobPriority.allowed.upperBound] {
            _ = JobPriority.rank(of: priority, readyAt: Timestamp(milliseconds: milliseconds))
        }
    }
}
