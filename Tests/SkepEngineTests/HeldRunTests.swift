import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@testable import SkepEngine

/// What becomes of a run whose session a person stops.
@Suite("Held runs")
struct HeldRunTests {
    private static let ended = ScriptedAgent.Facts(start: SessionStart(vendorSession: "v-1"))

    /// Has an agent begin, and its worker go as if it had crashed: the session runs on.
    private func leaveBehind(_ swarm: Swarm) async throws -> RunID {
        let run = try await swarm.dispatch(swarm.tracker.put(5))
        try await swarm.working(ending: .detach) {
            try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
        }
        return run
    }

    private func goesOn(_ swarm: Swarm) async throws {
        try await eventually("it goes on") {
            swarm.clock.advance(by: .milliseconds(100))
            return swarm.agents[0].snapshot.running.count == 1
        }
    }

    @Test("A stopped session is no failure, and its run goes on when it is let go")
    func stoppedByHand() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                let session = try #require(try await swarm.store.openSessions().first)
                #expect(try await swarm.store.stop(run) == .atWork(session.id))
                swarm.agents[0].finish(.stopped, facts: Self.ended)
                try await eventually("it waits") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.openSessions().isEmpty
                }
                let held = try #require(try await swarm.store.run(run))
                #expect(held.state.word == "waiting")
                #expect(held.failures == 0)

                #expect(try await swarm.store.goOn(run))
                try await goesOn(swarm)
            }

            #expect(swarm.agents[0].snapshot.resumes == [nil, "v-1"])
            #expect(try await swarm.store.run(run)?.failures == 0)
        }
    }

    @Test("A stopped agent without a session of its own goes on in its tree, and is told so")
    func stoppedWithoutSession() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                _ = try await swarm.store.stop(run)
                swarm.agents[0].finish(.stopped)
                try await eventually("it waits") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.openSessions().isEmpty
                }
                #expect(try await swarm.store.goOn(run))
                try await goesOn(swarm)
            }

            let sessions = try await swarm.store.history(of: run).sessions
            let paths = swarm.workspaces.change { $0.requests.map(\.resumes) }
            #expect(paths.first == .some(nil))
            #expect(paths.dropFirst().first == sessions[0].workspacePath)
            #expect(sessions[1].base == sessions[0].base)
            let prompts = swarm.agents[0].snapshot.prompts
            #expect(prompts[1].hasPrefix(prompts[0]))
            #expect(prompts[1].contains("(stopped). The working tree is as you left it."))
        }
    }

    @Test("What an agent was told and didn't hear is told to its next session, once")
    func unheard() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                for sessions in 1...4 {
                    try await eventually("it runs") {
                        swarm.clock.advance(by: .milliseconds(100))
                        return swarm.agents[0].snapshot.prompts.count == sessions
                    }
                    // The second one ends before it has its prompt.
                    switch sessions {
                    case 1: swarm.agents[0].miss(UnheardMail(["Remember the milk."]))
                    case 2: swarm.agents[0].miss(UnheardMail(["And bread."], wasPrompted: false))
                    default: break
                    }
                    _ = try await swarm.store.stop(run)
                    swarm.agents[0].finish(.stopped, facts: Self.ended)
                    try await eventually("it waits") {
                        swarm.clock.advance(by: .milliseconds(100))
                        return try await swarm.store.openSessions().isEmpty
                    }
                    #expect(try await swarm.store.goOn(run))
                }
            }

            let prompts = swarm.agents[0].snapshot.prompts
            #expect(
                prompts[1].hasSuffix(
                    "This was said to you, and you haven't heard it yet:\n\nRemember the milk."))
            #expect(
                prompts[2].hasSuffix("haven't heard it yet:\n\nRemember the milk.\n\nAnd bread."))
            #expect(!prompts[3].contains("milk"))
            #expect(!prompts[3].contains("bread"))
        }
    }

    @Test(
        "A session that was stopped while nobody served is saved by the next worker, and its run held"
    )
    func stoppedWhileNobodyServed() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await leaveBehind(swarm)
            _ = try await swarm.store.stop(run)
            swarm.agents[0].finish(.stopped, facts: Self.ended)
            #expect(try await swarm.store.run(run)?.state.words == Self.waits)

            try await swarm.working {
                try await eventually("it is saved") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.openSessions().isEmpty
                }
                let held = try #require(try await swarm.store.run(run))
                #expect(held.state.words == Self.waits)
                #expect(held.failures == 0)
                let history = try await swarm.store.history(of: run)
                #expect(history.attempts.allSatisfy { $0.endedAt != nil })
                #expect(history.attempts.last?.outcome == "snoozed")

                #expect(try await swarm.store.goOn(run))
                try await goesOn(swarm)
            }
            #expect(swarm.agents[0].snapshot.resumes == [nil, "v-1"])
        }
    }

    @Test("One that is let go before anybody served counts nothing, and goes on at once")
    func letGoWhileNobodyServed() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await leaveBehind(swarm)
            _ = try await swarm.store.stop(run)
            swarm.agents[0].finish(.stopped, facts: Self.ended)

            #expect(try await swarm.store.goOn(run))
            #expect(try await swarm.store.run(run)?.state.words != Self.waits)
            try await swarm.working { try await goesOn(swarm) }

            #expect(swarm.agents[0].snapshot.resumes == [nil, "v-1"])
            #expect(try await swarm.store.run(run)?.failures == 0)
        }
    }

    @Test("Whoever adopts a session that was to be stopped ends it")
    func stopBrokenOff() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await leaveBehind(swarm)
            guard case .atWork(let session) = try await swarm.store.stop(run) else {
                Issue.record("no session is at work")
                return
            }

            try await swarm.working {
                try await eventually("it is ended") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return swarm.agents[0].snapshot.stopped == [session]
                }
                try await eventually("it is settled") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.openSessions().isEmpty
                }
            }

            #expect(try await swarm.store.run(run)?.failures == 0)
        }
    }

    @Test("A session that ends well just as it is stopped holds what comes next")
    func endedJustBefore() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let run = try await leaveBehind(swarm)
            _ = try await swarm.store.stop(run)
            swarm.agents[0].finish(.exited(code: 0))

            try await swarm.working {
                try await eventually("its step is done") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.run(run)?.step != "work"
                }
                #expect(try await swarm.store.run(run)?.state.words == Self.waits)
            }
        }
    }

    private static let waits = "waiting: skep run resume, since somebody stopped it"
}
