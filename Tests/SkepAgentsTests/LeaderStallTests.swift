import SkepCore
import SkepTestSupport
import SkepWire
import Testing

@testable import SkepAgents

@Suite("An agent that is stuck")
struct LeaderStallTests {
    private func result(_ script: String, _ limits: SessionLimits) async throws -> SessionResult {
        let fixture = try LeaderFixture()
        try await fixture.start(script)
        let outcome = try await fixture.leader(limits: limits).lead()
        return try fixture.result(outcome)
    }

    @Test("Who never says a word is stopped when its start takes too long")
    func neverStarts() async throws {
        let result = try await result("exec sleep 300", SessionLimits(start: .milliseconds(100)))

        #expect(result.ending == .silent)
        #expect(result.failure?.type == .stalled)
        #expect(result.failure?.message.hasPrefix("it never said a word") == true)
    }

    @Test("Who falls silent at work is stopped, also with its output closed")
    func fallsSilent() async throws {
        let limits = SessionLimits(silence: .milliseconds(300))
        for script in [
            "echo ready; exec sleep 300", "echo ready; exec >&- 2>&-; exec sleep 300",
        ] {
            let result = try await result(script, limits)

            #expect(result.ending == .silent)
            #expect(result.failure?.type == .stalled)
        }
    }

    @Test("Who is still there when its work is done, for what it left running, is through")
    func lingers() async throws {
        let script = LeaderFixture.agent + "\nexec sleep 300"
        let result = try await result(script, SessionLimits(silence: .seconds(5)))

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure == nil)
    }

    @Test("Who closes its output when its work is done may live on")
    func closesOutput() async throws {
        let fixture = try LeaderFixture()
        let go = fixture.stage.workspace.path + "/go"
        try await fixture.start(
            LeaderFixture.agent + "\nexec >&-; while [ ! -e '\(go)' ]; do sleep 0.05; done")
        let leader = try fixture.leader()
        let leading = Task { try await leader.lead() }

        try await eventually("its log says so") { try fixture.chunks(.note).contains("output") }
        try Files.replace(go, with: [], mode: 0o600)
        let result = try fixture.result(await leading.value)

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure == nil)
    }

    @Test("Who waits for what is done for it, or for somebody to answer, isn't stuck")
    func isWaitedFor() async throws {
        let limits = SessionLimits(silence: .seconds(600))
        let fixture = try LeaderFixture()
        let clock = ForwardClock()
        let wants = Tally()
        try await fixture.start()
        // Its first leader goes away with three wants unanswered.
        let dialogue = LineDialogue { _ in
            wants.add()
            return await forever()
        }
        let first = try fixture.leader(dialogue, limits: limits, clock: clock)
        let leading = Task { try await first.lead() }
        try await eventually("it is asked for all three") { wants.all == ["": 3] }
        for _ in 0..<2 { try await clock.putForward(.seconds(900)) }
        #expect(try fixture.host.state() == .alive)
        leading.cancel()
        _ = await leading.result

        let outcome = try await fixture.leader(limits: limits).lead()

        #expect(try fixture.result(outcome).failure == nil)
        #expect(try fixture.said().count == 4)
    }

    /// Until the task is cancelled.
    private func forever() async -> String {
        let (stream, _) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
        return ""
    }

    @Test("Each phase has a limit of its own, by the log's times")
    func knowsPhases() {
        func at(_ seconds: Int64) -> Moment { Moment(wallMS: 0, uptimeMS: seconds * 1000) }
        let limits = SessionLimits(silence: .seconds(60), start: .seconds(10))
        var watch = StallWatch(limits, hasProtocol: true, startedAt: at(0))
        func isStuck(_ seconds: Int64) -> Bool { watch.failure(at: at(seconds)) != nil }

        #expect(!isStuck(9) && isStuck(10))

        watch.take(LogEntry(at: at(5), kind: .output([])))
        #expect(!isStuck(64) && isStuck(65))

        watch.take(.waiting(AgentWait(type: .quota, text: "", length: .seconds(600))))
        #expect(!isStuck(664) && isStuck(665))

        watch.take(LogEntry(at: at(500), kind: .output([])))
        #expect(!isStuck(559) && isStuck(560))

        watch.take(LogEntry(at: at(550), kind: .said([])))
        #expect(!isStuck(609) && isStuck(610))
    }

    @Test("Without limits only the start has one, and only where there is a protocol")
    func isPatient() {
        func at(_ seconds: Int64) -> Moment { Moment(wallMS: 0, uptimeMS: seconds * 1000) }
        var spoken = StallWatch(SessionLimits(), hasProtocol: true, startedAt: at(0))
        let plain = StallWatch(SessionLimits(), hasProtocol: false, startedAt: at(0))

        #expect(spoken.failure(at: at(299)) == nil)
        #expect(spoken.failure(at: at(300)) != nil)
        #expect(plain.failure(at: at(100_000)) == nil)
        spoken.take(LogEntry(at: at(1), kind: .errorOutput([])))
        #expect(spoken.failure(at: at(100_000)) == nil)
    }
}
