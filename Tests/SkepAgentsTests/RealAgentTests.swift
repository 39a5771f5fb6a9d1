import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

/// `claude`, `codex` and `grok` themselves, through real hosts: in both directions, one way, and by
/// the Agent Client Protocol.
@Suite(
    "Real agents", .serialized,
    .enabled(if: !RealAgent.possible.isEmpty, "Scripts/setup-peers installs them"))
struct RealAgentTests {
    static let order = "Create the file NOTES.md with the line: Written for real."

    @Test(
        "It works, is resumed, and each session's usage is what the model counted",
        arguments: RealAgent.possible)
    func worksAndResumes(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settle(model)

        let (first, events) = try await fixture.follow(
            agent, fixture.assignment(prompt: Self.order))

        #expect(first.ending == .exited(code: 0))
        #expect(first.failure == nil)
        #expect(try fixture.notes() == "Written for real.\n")
        #expect(first.lastMessage == "Done.")
        #expect(events.contains(.turnEnded(.done)))
        #expect(events.tools.last?.status == .completed)
        let counted = try model.count()
        #expect(first.usage?.withoutCost == counted.usage)

        var next = try fixture.assignment(prompt: "All anew.", session: 18)
        next.resumes = try #require(first.start?.vendorSession)
        next.resumePrompt = "Go on."
        let (second, _) = try await fixture.follow(agent, next)

        let both = try model.count()
        #expect(second.start?.isResumed == true)
        #expect(model.told.contains("Go on."))
        #expect(!model.told.contains("All anew."))
        #expect(both.requests > counted.requests)
        #expect(second.usage?.withoutCost == both.usage.since(counted.usage))
        // One request after two.
        #expect(second.usage?.cost?.microdollars == first.usage?.cost.map { $0.microdollars / 2 })
    }

    @Test(
        "A session that is gone is told as that",
        arguments: RealAgent.possible.filter { $0 != .grok })
    func tellsGone(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settle(model)
        var assignment = try fixture.assignment()
        assignment.resumes = "01a2022f-4a30-7a93-8e99-c66a7da1a37d"

        let (result, events) = try await fixture.follow(agent, assignment)

        #expect(result.ending == .exited(code: 1))
        #expect(result.failure?.type == .sessionGone)
        #expect(events.troubles.map(\.code) == [AgentTrouble.resumeFailed])
    }

    /// Keys, and what they come to; see counting_model.py. `test-agents --failures` has more.
    private static let troubles: [(key: String, type: FailureType)] = [
        ("refused", .authentication), ("spent", .quota), ("limited", .rateLimit),
        ("broken", .overload),
    ]

    @Test("What its provider says no to is told as what it is", arguments: RealAgent.possible)
    func tellsTroubles(name: RealAgent) async throws {
        // At 500 grok tries for six minutes.
        for (key, type) in Self.troubles where name != .grok || type != .overload {
            let model = try await RealModel()
            let (agent, fixture) = try name.settle(model, key: key)

            let (result, events) = try await fixture.follow(
                agent, fixture.assignment(prompt: Self.order))

            #expect(result.failure?.type == type, "\(String(describing: result.failure))")
            #expect(result.failure?.evidence.isEmpty == false)
            #expect(events.contains(.turnEnded(.failed)))
            if name != .grok {
                #expect(result.ending == .exited(code: 1))
                #expect(events.troubles.last?.isFatal == true)
            }
            switch (name, type) {
            case (.claude, .rateLimit), (.codex, .quota): #expect(result.failure?.resetsAt != nil)
            case (.claude, .overload): #expect(events.contains { $0.isWaiting })
            default: break
            }
        }
    }

    @Test(
        "A model that never answers is a stall; nothing is left",
        arguments: RealAgent.possible)
    func silenceIsAStall(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settleImpatiently(
            model, key: "silent", after: .seconds(20))
        let assignment = try fixture.assignment(prompt: Self.order)

        let (result, _) = try await fixture.follow(agent, assignment)

        #expect(result.ending == .silent)
        #expect(result.failure?.type == .stalled)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }

    // codex waits ten seconds for a command before it goes on without its end.
    // grok has its tools run by Skep, and is waited for: it gives them two minutes.
    @Test(
        "A tool that never returns is a stall; nothing is left",
        arguments: RealAgent.possible.filter { $0 != .grok })
    func hangingToolIsAStall(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settleImpatiently(model, key: "stuck", after: .seconds(8))
        let assignment = try fixture.assignment(prompt: Self.order)

        let (result, events) = try await fixture.follow(agent, assignment)

        #expect(result.ending == .silent)
        #expect(result.failure?.type == .stalled)
        #expect(!events.tools.isEmpty)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }

    @Test(
        "What a person says while it works is told to it",
        .enabled(if: RealAgent.possible.contains(.claude)))
    func isToldMore() async throws {
        let model = try await RealModel()
        let (agent, fixture) = try RealAgent.claude.settle(model, key: "patient")
        let assignment = try fixture.assignment(prompt: Self.order)

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

    @Test("Stopped at work, it leaves nothing behind", arguments: RealAgent.possible)
    func stops(name: RealAgent) async throws {
        let model = try await RealModel()
        let (agent, fixture) = try name.settle(model, key: "patient")
        let assignment = try fixture.assignment(prompt: Self.order)

        try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .tool(let call) = event.kind, call.status == .completed { break }
            }
        }

        #expect(try fixture.remains(of: assignment.session) == 0)
        model.letGo()
    }
}

extension SessionEvent.Kind {
    fileprivate var isWaiting: Bool {
        if case .waiting = self { return true }
        return false
    }
}

extension [SessionEvent.Kind] {
    var troubles: [AgentTrouble] {
        compactMap { if case .problem(let trouble) = $0 { trouble } else { nil } }
    }

    fileprivate var tools: [ToolCall] {
        compactMap { if case .tool(let call) = $0 { call } else { nil } }
    }
}

extension Usage {
    /// Without what it cost.
    var withoutCost: Usage {
        var tokens = self
        tokens.cost = nil
        return tokens
    }
}
