import Foundation
import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

private enum Peer {
    /// Where all tests must be run, they fail without it.
    static let canRun =
        ProcessInfo.processInfo.environment["CI"] != nil
        || (try? String(contentsOfFile: RealAgent.programs + "/../installed", encoding: .utf8))?
            .contains("agent-client-protocol") == true
}

/// The protocol's own Python package on the other side; see Fixtures/acp_peer.py.
@Suite(
    "An agent made with the protocol's own package", .serialized,
    .enabled(if: Peer.canRun, "Scripts/setup-peers installs it"))
struct ACPPeerTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture(environment: ["PATH": RealAgent.programs + ":/usr/bin:/bin"])
    }

    private func agent(
        _ way: String = "load", _ further: [(String, SettingsNode.Value)] = []
    ) throws -> any Agent {
        let command = CommandFixture.list(["python3", try fixture.bring("acp_peer.py"), way])
        // Python's packages may lie where a sandbox shows nothing.
        return try fixture.agent(
            [("adapter", .text("acp")), ("command", command), ("sandbox", .text("none"))]
                + further)
    }

    /// What it was told, in its last message, when all of it was as the schema says.
    private func told(_ result: SessionResult) throws -> [JSONValue] {
        try told(result.lastMessage)
    }

    private func told(_ message: String) throws -> [JSONValue] {
        let report = try #require(JSONValue(decoding: String(message.drop { $0 != "{" })))
        #expect(report["faults"].list == [])
        return report["told"].list ?? []
    }

    @Test("It gets what it asks for, and all that it is told is as the schema says")
    func works() async throws {
        let server = CommandFixture.map([
            (
                "files",
                CommandFixture.map([
                    ("command", CommandFixture.list(["serve", "files"])),
                    ("variables", CommandFixture.map([("A", .text("b"))])),
                ])
            )
        ])
        let agent = try agent(
            "load",
            [
                ("permissions", CommandFixture.map([("refuse", CommandFixture.list(["delete"]))])),
                ("mode", .text("auto")), ("model", .text("large")), ("mcp", server),
            ])

        let (result, events) = try await fixture.follow(
            agent, fixture.assignment(prompt: "works"))

        #expect(result.failure == nil)
        #expect(result.ending == .exited(code: 0))
        #expect(
            result.start == SessionStart(vendorSession: "s1", model: "small", version: "7.1"))
        #expect(
            result.usage
                == Usage(
                    input: 140, cachedInput: 40, output: 15, reasoning: 5,
                    cost: Money(microdollars: 250_000)))
        let told = try told(result)
        #expect(
            told == [
                "auto", "llm=large", "o2", "o3", "two\n", -32002, -32602, 3, "you", true, 3, .null,
                "SIGKILL", 1,
            ])
        #expect(
            events.contains(.plan([PlanEntry(text: "Think", status: .inProgress)])))
        #expect(events.contains(.change(FileChange(path: "/a", kind: .modified))))
        let tools = events.compactMap { event -> ToolCall? in
            guard case .tool(let call) = event else { return nil }
            return call
        }
        #expect(tools.prefix(4).map(\.id) == ["c1", "c1", "c1", "c4"])
        #expect(tools.dropFirst(4).allSatisfy { $0.status == .unfinished })
        #expect(events.words.hasPrefix("Hello.[image][audio]file:///a"))
    }

    @Test("Its session is gone on with", arguments: ["load", "resume"])
    func resumes(way: String) async throws {
        var assignment = try fixture.assignment(prompt: "All anew.")
        assignment.resumes = "s1"
        assignment.resumePrompt = "measures it"

        let (result, events) = try await fixture.follow(agent(way), assignment)

        #expect(result.start?.isResumed == true)
        let told = try told(result)
        #expect(told == [11])
        #expect(!events.contains { "\($0)".contains("Old answer.") })
    }

    @Test("A new one is begun when it is gone")
    func beginsAnew() async throws {
        var assignment = try fixture.assignment(prompt: "measures")
        assignment.resumes = "s0"
        assignment.resumePrompt = "measures it"

        let (result, _) = try await fixture.follow(agent("load"), assignment)

        #expect(result.start?.isResumed == false)
        let told = try told(result)
        #expect(told == [8])
    }

    @Test("It is told a prompt of a megabyte")
    func isToldMuch() async throws {
        let prompt = "measures " + String(repeating: "ä\n\"\u{1}", count: 200_000)

        let (result, _) = try await fixture.follow(
            agent(), fixture.assignment(prompt: prompt))

        #expect(result.failure == nil)
        let told = try told(result)
        #expect(told == [.integer(Int64(prompt.unicodeScalars.count))])
    }

    @Test("Stopped at work it is cancelled, gets no leave any more, and ends its turn")
    func isCancelled() async throws {
        let agent = try agent()
        let assignment = try fixture.assignment(prompt: "waits")

        try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .reasoning = event.kind { break }
            }
        }

        var events: [SessionEvent.Kind] = []
        for try await event in agent.events(of: assignment.session, waits: true) {
            events.append(event.kind)
        }
        let permissions = events.compactMap { event -> PermissionDecision.Answer? in
            guard case .permission(let decision) = event else { return nil }
            return decision.answer
        }
        #expect(permissions == [.cancelled])
        let told = try told(events.words)
        #expect(told == ["cancelled"])
        #expect(events.last(where: \.isTurnEnd) == .turnEnded(.cancelled))
        #expect(try fixture.remains(of: assignment.session) == 0)
    }

    @Test("What it asks a person ends the session, declined")
    func asks() async throws {
        let (result, _) = try await fixture.follow(
            agent(), fixture.assignment(prompt: "asks"))

        #expect(result.question == "Red or blue?")
        #expect(result.failure == nil)
    }
}

extension [SessionEvent.Kind] {
    /// All messages, as one.
    fileprivate var words: String {
        lazy.compactMap { if case .message(let piece) = $0 { piece.text } else { nil } }.joined()
    }
}

extension SessionEvent.Kind {
    var isTurnEnd: Bool {
        if case .turnEnded = self { return true }
        return false
    }
}
