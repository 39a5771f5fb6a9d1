import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

@Suite(
    "Real agents that are cancelled", .serialized,
    .enabled(if: !RealAgent.possible.isEmpty, "Scripts/setup-peers installs them"))
struct RealCancelTests {
    @Test(
        "Stopped at work it is told in its own protocol, ends its turn, and can be gone on with",
        arguments: RealAgent.possible.filter { $0 != .codex })
    func isCancelled(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settle(model, key: "patient", grace: .seconds(60))
        let assignment = try fixture.assignment(prompt: RealAgentTests.order)

        try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .tool(let call) = event.kind, call.status == .completed { break }
            }
        }
        var events: [SessionEvent.Kind] = []
        for try await event in agent.events(of: assignment.session, waits: true) {
            events.append(event.kind)
        }
        model.letGo()
        var next = try fixture.assignment(prompt: "All anew.", session: 18)
        next.resumes = events.vendorSession
        next.resumePrompt = "Go on."
        let (second, _) = try await fixture.follow(agent, next)

        #expect(events.last(where: \.isTurnEnd) == .turnEnded(.cancelled))
        #expect(try fixture.remains(of: assignment.session) == 0)
        #expect(second.start?.isResumed == true)
        #expect(second.failure == nil)
        #expect(model.told.contains("Go on."))
    }

    @Test(
        "Ended within its turn, its use is what the model counted until then",
        arguments: RealAgent.possible.filter { $0 != .grok })
    func isCountedWithinTurn(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settle(
            model, key: "patient",
            [
                (
                    "budgets",
                    CommandFixture.map([
                        ("run", CommandFixture.map([("tokens", .integer(1_000_000))]))
                    ])
                )
            ])
        let assignment = try fixture.assignment(prompt: RealAgentTests.order)

        try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .tool(let call) = event.kind, call.status == .completed { break }
            }
        }
        var used: [Usage] = []
        for try await event in agent.events(of: assignment.session, waits: true) {
            if case .usage(let usage) = event.kind { used.append(usage) }
        }

        let counted = try model.count()
        #expect(counted.requests == 1)
        #expect(used.last?.withoutCost == counted.usage)
    }
}

extension [SessionEvent.Kind] {
    fileprivate var vendorSession: String? {
        lazy.compactMap { if case .began(let start) = $0 { start.vendorSession } else { nil } }
            .first
    }
}
