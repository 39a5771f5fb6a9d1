import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("A disk that is nearly full")
struct FullDiskTests {
    private func fill(_ swarm: Swarm, leaving bytes: Int64 = 52 << 20) {
        swarm.workspaces.change { $0.freeBytes = bytes }
    }

    private func makeRoom(_ swarm: Swarm) {
        swarm.workspaces.change { $0.freeBytes = FullDisk.floor }
    }

    /// Lets the clock go on until a run waits for the disk.
    private func untilWaiting(_ swarm: Swarm, _ run: RunID, attempts: Int) async throws {
        try await eventually("run \(run) waits", within: .seconds(120)) {
            let history = try await swarm.store.history(of: run)
            if history.attempts.count(where: { $0.outcome == "snoozed" }) >= attempts {
                return true
            }
            swarm.clock.advance(by: .milliseconds(100))
            return false
        }
    }

    @Test("Nothing is begun, which counts as no failure; with room it goes on by itself")
    func beginsNothing() async throws {
        try await Swarm.with { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
            }
            fill(swarm)
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                // More often than it may fail.
                try await untilWaiting(swarm, run, attempts: 4)
                let summary = try await swarm.run(run)
                #expect(swarm.agents[0].snapshot.prompts.isEmpty)
                #expect(summary.failures == 0)
                #expect(
                    summary.state.words.contains(
                        "disk full: 52 MiB are free for \"/state\", and nothing is begun below "
                            + "256 MiB"))

                makeRoom(swarm)
                #expect(try await swarm.untilClosed(run).state == .published)
            }
        }
    }

    @Test("An agent at work goes on, and isn't to blame when it fails meanwhile")
    func blamesNobody() async throws {
        try await Swarm.with(endings: []) { swarm in
            let agent = swarm.agents[0]
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                try await eventually("it is at work") { !agent.snapshot.running.isEmpty }
                fill(swarm)
                let failure = AgentFailure(type: .diskLimit, message: "No space left on device")
                agent.finish(.exited(code: 1), facts: .init(failure: failure))
                try await untilWaiting(swarm, run, attempts: 2)
                #expect(try await swarm.run(run).failures == 0)
                #expect(agent.snapshot.prompts.count == 1)

                agent.answer(with: [nil])
                makeRoom(swarm)
                _ = try await swarm.untilClosed(run)
            }

            let sessions = try await swarm.store.history(of: run).sessions
            #expect(sessions.map(\.facts.failure?.type) == [.diskLimit, nil])
        }
    }

    @Test("What ends a run for another reason still does; a check's failure isn't its commit's")
    func excuses() async throws {
        try await Swarm.with { swarm in
            let runner = StepRunner(parts: swarm.parts) { .stop }
            let failed = StepOutcome.Way.sentBack(outcome: "failed", findings: "", detail: "")
            let refused = StepOutcome.Way.giveUp(AgentFailure(type: .refused, message: ""))
            let unready = StepOutcome.Way.giveUp(AgentFailure(type: .setupFailed, message: ""))
            #expect(runner.excuse(failed, CommandsStep()) == nil)

            fill(swarm)

            #expect(runner.excuse(failed, CommandsStep())?.type == .diskFull)
            #expect(runner.excuse(failed, ReviewStep()) == nil)
            #expect(runner.excuse(unready, AgentStep())?.type == .diskFull)
            #expect(runner.excuse(refused, AgentStep()) == nil)
        }
    }

    @Test("What was made is still published: then its workspaces can go")
    func publishes() async throws {
        try await Swarm.with { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
                $0.pushFailure = ScriptedRefusal(kind: .unavailable, what: "not yet")
            }
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working {
                try await eventually("it is to be published", within: .seconds(120)) {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.run(run).state.words.contains("not yet")
                }
                fill(swarm)
                swarm.workspaces.change { $0.pushFailure = nil }
                #expect(try await swarm.untilClosed(run).state == .published)
            }
        }
    }
}
