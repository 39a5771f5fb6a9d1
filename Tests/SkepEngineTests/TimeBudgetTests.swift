import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Budgets of time and output")
struct TimeBudgetTests {
    /// Lets time pass while sessions say nothing, no faster than they are looked at.
    private func pass(
        _ swarm: Swarm, _ what: String, until condition: () async throws -> Bool
    ) async throws {
        try await eventually(what, within: .seconds(120)) {
            swarm.clock.advance(by: .seconds(20))
            // The first one may have begun before.
            let ticks = swarm.agents[0].snapshot.ticks
            try await eventually("its sessions are looked at") {
                let agent = swarm.agents[0].snapshot
                return agent.running.allSatisfy {
                    agent.ticks[$0, default: 0] > ticks[$0, default: 0] + 1
                }
            }
            return try await condition()
        }
    }

    /// Whether the last attempt of each was put off.
    private func wait(_ runs: [RunID], _ swarm: Swarm) async throws -> Bool {
        for run in runs {
            let last = try await swarm.store.history(of: run).attempts.last
            guard last?.outcome == "snoozed" else { return false }
        }
        return true
    }

    private func warnings(_ swarm: Swarm) async throws -> [String] {
        try await swarm.store.lastEvents([.trouble], limit: 100).map(\.text)
            .filter { $0.contains("has used") }
    }

    /// Lets time pass until a warning of something was told.
    private func passUntilWarned(of what: String, _ swarm: Swarm) async throws {
        try await pass(swarm, "a warning of \(what)") {
            let told = try await warnings(swarm)
            return told.contains { $0.hasSuffix(what) }
        }
    }

    @Test("A silent session is stopped when its run's minutes are used up, and its work is kept")
    func silent() async throws {
        try await Swarm.with(budgets: Budgets(run: Budget(time: .seconds(600)))) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(leases: .seconds(86_400)) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                try await passUntilWarned(of: "the budget for a run (10 minutes)", swarm)
                #expect(swarm.agents[0].snapshot.running.count == 1)
                try await pass(swarm, "the run is closed") {
                    try await swarm.store.run(run)?.state == .failed
                }
            }

            let session = try await swarm.store.history(of: run).sessions.first
            #expect(session?.facts.failure?.type == .budget)
            #expect(session?.facts.failure?.evidence.map(\.rule) == ["budget/run@1"])
            let report = try await swarm.store.history(of: run).reports.last?.body
            #expect(report?.contains("What it had done is kept: commit") == true)
        }
    }

    @Test("Sessions that run side by side use up a day's minutes together, and wait for midnight")
    func day() async throws {
        try await Swarm.with(budgets: Budgets(day: Budget(time: .seconds(600)))) { swarm in
            let runs = [
                try await swarm.dispatch(swarm.tracker.put(5)),
                try await swarm.dispatch(swarm.tracker.put(6)),
            ]
            try await swarm.working(leases: .seconds(86_400)) {
                try await eventually("both run") { swarm.agents[0].snapshot.running.count == 2 }
                let start = swarm.clock.now
                try await pass(swarm, "one was stopped") {
                    !swarm.agents[0].snapshot.stopped.isEmpty
                }
                // Five minutes of each; the other's share is looked at now and then.
                #expect(swarm.clock.now - start < .seconds(550))
                try await eventually("both wait") { try await wait(runs, swarm) }
            }

            let midnight = LocalTime.machine.day(around: swarm.clock.now).end
            for run in runs {
                let failure = try await swarm.store.history(of: run).sessions.last?.facts.failure
                #expect(failure?.resetsAt == midnight)
                #expect(try await swarm.store.run(run)?.failures == 0)
            }
            let gates = try await swarm.dispatchAnswer(swarm.tracker.put(7), to: ["ann"])
            #expect(gates.map(\.kind) == [.budget])
        }
    }

    @Test("What sessions print side by side uses up a day's output together")
    func output() async throws {
        try await Swarm.with(budgets: Budgets(day: Budget(outputBytes: 10 << 20))) { swarm in
            let runs = [
                try await swarm.dispatch(swarm.tracker.put(5)),
                try await swarm.dispatch(swarm.tracker.put(6)),
            ]
            try await swarm.working(leases: .seconds(86_400)) {
                try await eventually("both run") { swarm.agents[0].snapshot.running.count == 2 }
                swarm.agents[0].print(Int64(9) << 19)
                try await passUntilWarned(
                    of: "the budget for a day (10 MiB of output)", swarm)
                #expect(swarm.agents[0].snapshot.running.count == 2)
                swarm.agents[0].print(6 << 20)
                try await pass(swarm, "both wait") { try await wait(runs, swarm) }
            }

            for run in runs {
                let session = try await swarm.store.history(of: run).sessions.last
                #expect(session?.facts.failure?.type == .budget)
                #expect(session?.facts.usage == nil)
                #expect(session?.outputBytes == 6 << 20)
            }
        }
    }

    @Test("A session that is lost with its host keeps what it was seen to have printed")
    func lost() async throws {
        try await Swarm.with(budgets: Budgets(run: Budget(outputBytes: 10 << 20))) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(leases: .seconds(86_400)) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                swarm.agents[0].print(4096)
                try await pass(swarm, "it is noted") {
                    try await swarm.store.usage(of: .run(run)).outputBytes == 4096
                }
                swarm.agents[0].finish(.lost)
                try await eventually("it has ended") {
                    try await swarm.store.history(of: run).sessions.first?.endedAt != nil
                }
            }

            #expect(try await swarm.store.history(of: run).sessions.first?.outputBytes == 4096)
        }
    }

    @Test("A session that comes near its own limits of time or output is warned of once")
    func limits() async throws {
        try await Swarm.with(budgets: Budgets()) { swarm in
            _ = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(leases: .seconds(86_400)) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                swarm.agents[0].print(60 << 20)
                try await passUntilWarned(of: "its time (limits.minutes)", swarm)
                swarm.agents[0].print(62 << 20)
                swarm.clock.advance(by: .seconds(60))
                swarm.agents[0].finish()
                try await eventually("it has ended") {
                    try await swarm.store.openSessions().isEmpty
                }
            }

            let told = try await warnings(swarm)
            #expect(told.contains("agent ann has used 93 % of its output (limits.output_mb)"))
            #expect(told.count == 2)
        }
    }
}

@Suite("Places of an account")
struct AccountPlaceTests {
    private let account = ProviderAccount(rawValue: "claude-max")

    @Test("A job whose account is full waits, says so, and goes on when a session has ended")
    func waits() async throws {
        try await Swarm.with(endings: [], provider: account, places: [account: 1]) { swarm in
            let first = try await swarm.dispatch(swarm.tracker.put(5), to: ["ann"])
            try await swarm.working {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                let second = try await swarm.dispatch(swarm.tracker.put(6), to: ["bob"])
                let full = "account claude-max has 1 of 1 sessions"
                try await eventually("the other one waits") {
                    try await swarm.store.run(second)?.state == .waiting(reason: full, until: nil)
                }
                let issue = try #require(try await swarm.store.run(second)?.run.issue)
                let explanation = try await Explainer(swarm.parts).explain(issue)
                #expect(explanation.work.first?.placesTakenBy == [first])
                #expect(
                    explanation.lines.first
                        == "bob has run \(second): waiting: \(full), of run \(first); it goes on as "
                        + "soon as one of them has ended; \"agents.account_sessions\" says how many "
                        + "claude-max may have")

                swarm.agents[0].finish()

                try await eventually("it runs, too") {
                    swarm.agents[1].snapshot.running.count == 1
                }
                #expect(try await swarm.store.run(second)?.failures == 0)
                #expect(try await swarm.store.history(of: first).sessions.count == 1)
                swarm.agents[1].finish()
            }
        }
    }
}
