import Foundation
@testable import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

/// Codex itself, through a real host.
@Suite(
    "Real codex", .serialized,
    .enabled(if: RealAgents.has("codex"), "Scripts/setup-peers installs it"))
struct RealCodexTests {
    private func agent(_ fixture: CommandFixture, _ model: RealAgents) throws -> any Agent {
        let settings = [
            "model_provider=here", "model_providers.here.name=here",
            "model_providers.here.base_url=\"\(model.address)/v1\"",
            "model_providers.here.env_key=CODEX_API_KEY",
            "model_providers.here.wire_api=responses",
            // Once each, and at once.
            "model_providers.here.request_max_retries=0",
            "model_providers.here.stream_max_retries=0",
        ]
        return try fixture.agent([
            ("adapter", .text("codex")), ("model", .text("scripted")),
            ("secrets", CommandFixture.map([("CODEX_API_KEY", .text("env"))])),
            ("arguments", CommandFixture.list(settings.flatMap { ["-c", $0] })),
        ])
    }

    @Test("It works, is resumed, and each session's usage is what the model counted")
    func worksAndResumes() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture()
        let agent = try agent(fixture, model)

        let (first, events) = try await fixture.follow(
            agent, fixture.assignment(prompt: RealAgents.order))

        #expect(first.ending == .exited(code: 0))
        #expect(try fixture.notes() == "Written for real.\n")
        #expect(first.lastMessage == "Done.")
        let tools = events.compactMap { if case .tool(let call) = $0 { call } else { nil } }
        #expect(tools.last?.status == .completed)
        let counted = try model.count()
        #expect(first.usage == counted.usage)

        var next = try fixture.assignment(prompt: "All anew.", session: 18)
        next.resumes = try #require(first.start?.vendorSession)
        next.resumePrompt = "Go on."
        let (second, _) = try await fixture.follow(agent, next)

        let both = try model.count()
        #expect(second.start?.isResumed == true)
        #expect(model.told.contains("Go on."))
        #expect(!model.told.contains("All anew."))
        #expect(both.requests > counted.requests)
        #expect(second.usage == both.usage.since(counted.usage))
    }

    @Test("A thread that is gone is told as that")
    func tellsGone() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture()
        var assignment = try fixture.assignment()
        assignment.resumes = "01a2022f-4a30-7a93-8e99-c66a7da1a37d"

        let (result, events) = try await fixture.follow(agent(fixture, model), assignment)

        #expect(result.ending == .exited(code: 1))
        #expect(events.troubles.map(\.code) == [AgentTrouble.resumeFailed])
    }

    @Test("What its provider says no to is told as what it is", arguments: RealAgents.troubles)
    func tellsTroubles(key: String, type: FailureType) async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: key)

        let (result, events) = try await fixture.follow(
            agent(fixture, model), fixture.assignment(prompt: RealAgents.order))

        #expect(result.ending == .exited(code: 1))
        #expect(result.failure?.type == type, "\(String(describing: result.failure))")
        #expect(result.failure?.evidence.isEmpty == false)
        #expect((result.failure?.resetsAt != nil) == (type == .quota))
        #expect(events.contains(.turnEnded(.failed)))
    }

    @Test("Stopped at work, it leaves nothing behind")
    func stops() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: "patient")
        let agent = try agent(fixture, model)
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

extension [SessionEvent.Kind] {
    var troubles: [AgentTrouble] {
        compactMap { if case .problem(let trouble) = $0 { trouble } else { nil } }
    }
}
