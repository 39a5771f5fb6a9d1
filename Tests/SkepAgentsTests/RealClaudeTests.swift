import Foundation
@testable import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

/// Claude Code itself, through a real host, in both directions.
@Suite(
    "Real claude", .serialized,
    .enabled(if: RealAgents.has("claude"), "Scripts/setup-peers installs it"))
struct RealClaudeTests {
    private func agent(_ fixture: CommandFixture) throws -> any Agent {
        try fixture.agent([
            ("adapter", .text("claude-code")), ("model", .text("scripted")),
            ("environment", CommandFixture.list(["PATH", "ANTHROPIC_BASE_URL"])),
            ("secrets", CommandFixture.map([("ANTHROPIC_API_KEY", .text("env"))])),
            (
                "variables",
                CommandFixture.map([
                    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", .text("1")),
                    ("CLAUDE_CODE_MAX_RETRIES", .text("1")),
                ])
            ),
        ])
    }

    @Test("It works, is resumed, and each session's usage is what the model counted")
    func worksAndResumes() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture()
        let agent = try agent(fixture)

        let (first, events) = try await fixture.follow(
            agent, fixture.assignment(prompt: RealAgents.order))

        #expect(first.ending == .exited(code: 0))
        #expect(try fixture.notes() == "Written for real.\n")
        #expect(first.lastMessage == "Done.")
        #expect(events.contains(.told(RealAgents.order)))
        #expect(events.contains(.turnEnded(.done)))
        let counted = try model.count()
        #expect(first.usage?.withoutCost == counted.usage)

        var next = try fixture.assignment(prompt: "All anew.", session: 18)
        next.resumes = try #require(first.start?.vendorSession)
        next.resumePrompt = "Go on."
        let (second, _) = try await fixture.follow(agent, next)

        let both = try model.count()
        #expect(second.start?.isResumed == true)
        #expect(model.told.contains("Go on."))
        #expect(both.requests > counted.requests)
        #expect(second.usage?.withoutCost == both.usage.since(counted.usage))
        #expect(
            second.usage?.cost == first.usage?.cost.map { Money(microdollars: $0.microdollars / 2) }
        )
    }

    @Test("A session that is gone is told as that")
    func tellsGone() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture()
        var assignment = try fixture.assignment()
        assignment.resumes = "11111111-2222-3333-4444-555555555555"

        let (result, events) = try await fixture.follow(agent(fixture), assignment)

        #expect(result.ending == .exited(code: 1))
        #expect(events.troubles.map(\.code) == [AgentTrouble.resumeFailed])
    }

    @Test("What its provider says no to is told as what it is", arguments: RealAgents.troubles)
    func tellsTroubles(key: String, type: FailureType) async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: key)

        let (result, events) = try await fixture.follow(
            agent(fixture), fixture.assignment(prompt: RealAgents.order))

        #expect(result.ending == .exited(code: 1))
        #expect(result.failure?.type == type, "\(String(describing: result.failure))")
        #expect(result.failure?.evidence.isEmpty == false)
        #expect((result.failure?.resetsAt != nil) == (type == .rateLimit))
        #expect(events.troubles.last?.isFatal == true)
        if type == .overload {
            #expect(events.contains { if case .waiting = $0 { true } else { false } })
        }
    }

    @Test(
        "A model that never answers, and a tool that never returns, are a stall; nothing is left",
        arguments: [("silent", RealAgents.order), ("key", "Run the command: tail -f /dev/null")])
    func stalls(key: String, order: String) async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: key)
        let agent = try #require(try agent(fixture) as? HostedAgent<ClaudeCodeAdapter>)
        let impatient = agent.losingPatience(after: .seconds(5))
        let assignment = try fixture.assignment(prompt: order)

        let (result, _) = try await fixture.follow(impatient, assignment)

        #expect(result.ending == .silent)
        #expect(result.failure?.type == .stalled)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }

    @Test("What a person says while it works is told to it")
    func isToldMore() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: "patient")
        let agent = try agent(fixture)
        let assignment = try fixture.assignment(prompt: RealAgents.order)

        let result = try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                switch event.kind {
                case .tool(let call) where call.status == .completed:
                    try await agent.say("Mind the gap.", to: assignment.session)
                case .told("Mind the gap."): model.letGo()
                default: break
                }
            }
            return try await session.result()
        }

        #expect(result.ending == .exited(code: 0))
        #expect(model.told.contains("Mind the gap."))
    }

    @Test("Stopped at work, it leaves nothing behind")
    func stops() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: "patient")
        let agent = try agent(fixture)
        let assignment = try fixture.assignment(prompt: RealAgents.order)

        try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .tool(let call) = event.kind, call.status == .completed { break }
            }
        }

        #expect(try fixture.remains(of: assignment.session) == 0)
        model.letGo()
    }
}

extension Usage {
    /// Without what it cost.
    fileprivate var withoutCost: Usage {
        var tokens = self
        tokens.cost = nil
        return tokens
    }
}
