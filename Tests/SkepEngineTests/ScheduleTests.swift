import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Schedules of workflows")
struct ScheduleTests {
    /// Does all tick jobs there are, once.
    private func work(_ night: Night) async throws {
        _ = try await night.queue.sweep()
        let leases = try await night.queue.lease(
            LeaseRequest(queue: SwarmQueues.ticks, limit: 10, worker: Night.worker))
        for lease in leases {
            let disposition = try await TickRunner(parts: night.parts).run(lease)
            guard case .settle(let settlement) = disposition else { continue }
            try await night.queue.settle(lease.token, as: settlement)
        }
    }

    private func ticks(_ night: Night) async throws -> [Job] {
        try await night.queue.jobs(matching: JobFilter(queue: SwarmQueues.ticks))
    }

    private static func nightly(until: Int? = 6 * 60, labels: [String] = []) -> Workflow {
        .plain(
            "nightly", schedule: Workflow.cron("0 22 * * *"),
            burndown: BurndownTemplate(
                settings: BurndownSettings(repositories: [], labels: labels, agents: ["ann"]),
                until: until, timeZone: "Europe/Berlin"))
    }

    @Test("A tick opens one burn-down, whoever else looks, and its window closes in the morning")
    func opensOnce() async throws {
        // 21:59 in Berlin.
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [Self.nightly()]) { night in
            night.put(1...2)
            try await SwarmSchedules(night.parts).declare()
            night.clock.advance(by: .seconds(60))

            try await night.restarted { other in
                async let one = night.queue.tick()
                async let two = other.queue.tick()
                let count = try await one.jobs.count + two.jobs.count
                #expect(count == 1)
            }
            try await work(night)
            try await work(night)

            let burndowns = try await night.store.burndowns(openOnly: false, limit: 10)
            try #require(burndowns.count == 1)
            #expect(burndowns[0].until == (try Timestamp(utc: "2026-11-23T05:00:00Z")))
            #expect(burndowns[0].settings.workflow == "nightly")
            #expect(burndowns[0].settings.repositories == [.sample])
            #expect(try await ticks(night).map(\.state) == [.succeeded])
        }
    }

    @Test(
        "In a night in which clocks are turned the window closes when they show the time",
        arguments: [
            // To summer: 22:00 is 21:00 UTC, 06:00 is 04:00 UTC.
            ("2026-03-28T21:00:00Z", 6 * 60, "2026-03-29T04:00:00Z"),
            // To winter: 22:00 is 20:00 UTC, 06:00 is 05:00 UTC.
            ("2026-10-24T20:00:00Z", 6 * 60, "2026-10-25T05:00:00Z"),
            // 02:30 doesn't come: clocks go from 02:00 to 03:00, at 01:00 UTC.
            ("2026-03-28T21:00:00Z", 2 * 60 + 30, "2026-03-29T01:00:00Z"),
            // 02:30 comes twice; the first time counts.
            ("2026-10-24T20:00:00Z", 2 * 60 + 30, "2026-10-25T00:30:00Z"),
        ])
    func clocksTurned(begin: String, until: Int, end: String) throws {
        let template = BurndownTemplate(
            settings: BurndownSettings(repositories: []), until: until, timeZone: "Europe/Berlin")

        #expect(try template.close(after: Timestamp(utc: begin)) == Timestamp(utc: end))
    }

    @Test("After three days off the missed tick that is over opens nothing, and says so")
    func missed() async throws {
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [Self.nightly()]) { night in
            night.put(1...2)
            try await SwarmSchedules(night.parts).declare()
            // To 12:00 in Berlin on the 26th; the newest tick was at 22:00 on the 25th.
            night.clock.setWallClock(try Timestamp(utc: "2026-11-26T11:00:00Z"))

            _ = try await night.queue.tick()
            try await work(night)

            let burndowns = try await night.store.burndowns(openOnly: false, limit: 10)
            #expect(burndowns.isEmpty)
            #expect(try await ticks(night).map(\.state) == [.succeeded])
            #expect(
                try await night.store.lastEvents([.schedule], limit: 1).map(\.text) == [
                    "nightly begins no burn-down: The window of the burn-down is over: it closes at 2026-11-26 05:00 UTC."
                ])
        }
    }

    @Test("A tick that comes late in its night has the rest of it")
    func late() async throws {
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [Self.nightly()]) { night in
            night.put(1...2)
            try await SwarmSchedules(night.parts).declare()
            night.clock.setWallClock(try Timestamp(utc: "2026-11-26T03:00:00Z"))

            _ = try await night.queue.tick()
            try await work(night)

            let burndowns = try await night.store.burndowns(openOnly: false, limit: 10)
            #expect(burndowns.map(\.until) == [try Timestamp(utc: "2026-11-26T05:00:00Z")])
        }
    }

    @Test("A tick of a workflow that is gone, or whose agent is, ends with the reason")
    func gone() async throws {
        let carl = Workflow.plain(
            "nightly", schedule: Workflow.cron("0 22 * * *"),
            burndown: BurndownTemplate(
                settings: BurndownSettings(repositories: [], agents: ["carl"]), until: nil,
                timeZone: "UTC"))
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [carl]) { night in
            let gone = Workflow.plain("gone", schedule: Workflow.cron("0 22 * * *"))
            try await night.queue.setSchedules(
                try SwarmSchedules.schedules(of: [carl, gone]), of: SwarmSchedules.owner)
            night.clock.advance(by: .seconds(60))
            _ = try await night.queue.tick()

            try await work(night)

            var reasons: Set<String> = []
            for job in try await ticks(night) {
                #expect(job.state == .dead)
                for failure in try await night.queue.failures(of: job.id) {
                    reasons.insert(
                        String(failure.failure.message.prefix { $0 != "\n" }))
                }
            }
            #expect(
                reasons == [
                    "There is no workflow \"gone\" any more.", "There is no agent \"carl\".",
                ])
            let told = try await night.store.lastEvents([.trouble], limit: 10).map(\.text)
            #expect(told.count == 2)
            #expect(
                told.contains(
                    "the schedule of gone begins nothing: There is no workflow \"gone\" any more."))
        }
    }

    @Test("A tracker that is down makes the tick wait, and it keeps its own time")
    func trackerDown() async throws {
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [Self.nightly()]) { night in
            night.put(1...2)
            try await SwarmSchedules(night.parts).declare()
            night.clock.advance(by: .seconds(60))
            _ = try await night.queue.tick()
            night.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }
            try await work(night)
            #expect(try await ticks(night).map(\.state) == [.scheduled])

            night.tracker.change { $0.failure = nil }
            night.clock.advance(by: .seconds(3600))
            try await work(night)

            let causes = try await night.store.burndowns(openOnly: false, limit: 10).map(\.cause)
            let nominal = try Timestamp(utc: "2026-11-22T21:00:00Z").milliseconds
            #expect(causes == ["tick:nightly:\(nominal)"])
        }
    }

    @Test("Without a burn-down a tick asks for what the workflow selects and nobody is at")
    func demands() async throws {
        let hourly = Workflow.plain(
            "hourly", selecting: ["ready"], schedule: Workflow.every(.seconds(3600)))
        let urgent = DispatchSettings(repositories: [.sample])
        try await Night.with(dispatch: urgent, workflows: [.plain(), hourly]) { night in
            night.put(1...3, labels: ["ready"])
            night.put(4...4)
            night.tracker.put(2, labels: ["ready", "priority/high"])
            _ = try await night.swarm.dispatch(
                IssueReference(repository: .sample, number: 3), to: ["bob"])
            try await SwarmSchedules(night.parts).declare()
            for _ in 0..<2 {
                night.clock.advance(by: .seconds(3600))
                _ = try await night.queue.tick()
                try await work(night)
            }

            // The second tick finds the first one's demands waiting.
            let waiting = try await night.store.waitingTriggers(on: nil)
            #expect(waiting.map(\.demand.trigger.issue.number) == [2, 1])
            #expect(waiting.map(\.demand.workflow) == ["hourly", "hourly"])
            #expect(waiting.map(\.demand.priority) == [20, 0])
            #expect(waiting.allSatisfy { $0.cause.hasPrefix("tick:hourly:") })
        }
    }

    @Test("A worker declares the schedules, ticks them and does what they begin")
    func worker() async throws {
        try await Night.with(start: "2026-11-22T20:59:00Z", workflows: [Self.nightly()]) { night in
            night.put(1...2)
            let worker = SwarmWorker(night.parts) { .stop }
            // Awaited below.
            let task = Task { try await worker.run() }

            try await eventually("the schedule is declared", within: .seconds(120)) {
                try await night.queue.schedules().map(\.schedule.name) == ["nightly"]
            }
            try await eventually("a burn-down is opened", within: .seconds(120)) {
                night.clock.advance(by: .seconds(1))
                return try await night.store.burndowns(openOnly: false, limit: 1).count == 1
            }

            task.cancel()
            _ = await task.result
        }
    }
}
