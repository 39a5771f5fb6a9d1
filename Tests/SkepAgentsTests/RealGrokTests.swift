import Foundation
import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

/// Grok Build itself, by the Agent Client Protocol, through a real host.
@Suite(
    "Real grok", .serialized,
    .enabled(if: RealAgents.has("grok"), "Scripts/setup-peers installs it"))
struct RealGrokTests {
    private func agent(_ fixture: CommandFixture, _ model: RealAgents) throws -> any Agent {
        let file = fixture.house.operatorHome + "/.grok/config.toml"
        try FileManager.default.createDirectory(
            atPath: fixture.house.operatorHome + "/.grok", withIntermediateDirectories: true)
        try """
        [models]
        default = "scripted"
        [model.scripted]
        model = "scripted"
        name = "scripted"
        base_url = "\(model.address)/v1"
        api_key = "\(fixture.house.environment["XAI_API_KEY"] ?? "")"
        api_backend = "chat_completions"
        context_window = 128000
        """.write(toFile: file, atomically: true, encoding: .utf8)
        return try fixture.agent([
            ("adapter", .text("acp")),
            ("command", CommandFixture.list(["grok", "agent", "--no-leader", "stdio"])),
            ("secrets", CommandFixture.map([("XAI_API_KEY", .text("env"))])),
            (
                "home",
                CommandFixture.map([
                    ("mode", .text("own")), ("link", CommandFixture.list([".grok/config.toml"])),
                ])
            ),
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
        #expect(first.failure == nil)
        #expect(try fixture.notes() == "Written for real.\n")
        #expect(first.lastMessage == "Done.")
        #expect(events.contains(.turnEnded(.done)))
        let counted = try model.count()
        #expect(first.usage == counted.usage)

        var next = try fixture.assignment(prompt: "All anew.", session: 18)
        next.resumes = try #require(first.start?.vendorSession)
        next.resumePrompt = "Go on."
        let (second, _) = try await fixture.follow(agent, next)

        #expect(second.start?.isResumed == true)
        #expect(model.told.contains("Go on."))
        #expect(!model.told.contains("All anew."))
        #expect(second.usage == (try model.count().usage.since(counted.usage)))
    }

    // At 429 it waits as long as it is told, and at 500 for minutes, without a word.
    @Test(
        "What its provider says no to is told as what it is",
        arguments: RealAgents.troubles.filter { [.authentication, .quota].contains($0.1) })
    func tellsTroubles(key: String, type: FailureType) async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: key)

        let (result, events) = try await fixture.follow(
            agent(fixture, model), fixture.assignment(prompt: RealAgents.order))

        #expect(result.failure?.type == type, "\(String(describing: result.failure))")
        #expect(result.failure?.evidence.isEmpty == false)
        #expect(events.contains(.turnEnded(.failed)))
    }

    @Test("A provider that is broken is a stall; nothing is left of it")
    func stalls() async throws {
        let model = try await RealAgents()
        let fixture = try model.fixture(key: "broken")
        let agent = try #require(try agent(fixture, model) as? HostedAgent<ACPAdapter>)
        let impatient = agent.losingPatience(after: .seconds(5))
        let assignment = try fixture.assignment(prompt: RealAgents.order)

        let (result, _) = try await fixture.follow(impatient, assignment)

        #expect(result.ending == .silent)
        #expect(result.failure?.type == .stalled)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }
}
