import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWire
import Testing

@testable import SkepAgents

@Suite("An agent that is asked to break off")
struct LeaderCancelTests {
    /// Ends its turn when it is cancelled, and stays.
    private static let obedient = """
        echo ready; read -r task; echo heard it; read -r word; echo "heard $word"
        echo done; exec sleep 300
        """

    @Test("Shortly before its time is up it is asked, and has ended for its time then")
    func timesOut() async throws {
        let fixture = try LeaderFixture(grace: .seconds(60))
        try await fixture.start(Self.obedient)
        let clock = ForwardClock()
        let limits = SessionLimits(time: .seconds(3600), start: .seconds(7200))
        let leader = try fixture.leader(limits: limits, clock: clock)

        async let outcome = leader.lead()
        try await fixture.waitForOutput("heard it")
        try await clock.putForward(.seconds(3598))
        let result = try fixture.result(try await outcome)

        #expect(try fixture.said() == ["task one", "cancel"])
        #expect(try fixture.chunks(.output).hasSuffix("heard cancel\ndone\n"))
        #expect(result.ending == .timedOut)
        #expect(result.failure?.type == .timedOut)
    }

    @Test("One that doesn't care is ended all the same, and was asked once")
    func ignoresIt() async throws {
        let fixture = try LeaderFixture()
        try await fixture.start(
            "trap '' INT TERM; echo ready; read -r task; echo heard it; while :; do sleep 1; done")
        let leading = Task { try await fixture.leader().lead() }
        try await fixture.waitForOutput("heard it")
        leading.cancel()
        _ = await leading.result

        // As a worker does that leads no more: it reads for itself what it needs to know.
        try await fixture.leader().end()

        #expect(try fixture.said() == ["task one", "cancel"])
        guard case .ended(let record) = try fixture.host.state() else {
            Issue.record("it goes on")
            return
        }
        #expect(record.how == .stopped)
        #expect(record.allProcessesGone)
    }

    @Test("A worker whose job is cancelled has it asked, and hears how its turn ends")
    func cancelledWorker() async throws {
        let fixture = try LeaderFixture(grace: .seconds(60))
        let definition = AgentDefinition(
            name: "bee", adapter: LineAdapter.name, location: SettingsLocation(source: "test"))
        let agent = HostedAgent(
            definition, LineAdapter(script: Self.obedient), house: fixture.stage.house)
        var assignment = try fixture.stage.assignment()
        let ends = Tally()
        assignment.watch = { event in
            if event.kind.isTurnEnd { ends.add() }
            return nil
        }

        let working = Task { [assignment] in
            try await agent.withSession(assignment, in: fixture.stage.workspace) {
                try await $0.result()
            }
        }
        try await fixture.waitForOutput("heard it")
        working.cancel()
        let outcome = await working.result

        #expect(throws: CancellationError.self) { try outcome.get() }
        #expect(try fixture.said() == ["task one", "cancel"])
        #expect(ends.all == ["": 1])
        #expect(try fixture.stage.remains(of: assignment.session) == 0)
    }

    @Test("One that somebody else stops is asked, and its worker hears what it used")
    func stoppedFromOutside() async throws {
        let fixture = try LeaderFixture(grace: .seconds(60))
        let program = try fixture.stage.bring("acp_agent.py")
        let keys: [(String, SettingsNode.Value)] = [
            ("adapter", .text("acp")),
            ("command", CommandFixture.list(["python3", program, "breaks_off"])),
        ]
        let (worker, other) = (try fixture.stage.agent(keys), try fixture.stage.agent(keys))

        let working = Task { try await fixture.stage.run(worker) }
        try await fixture.waitForOutput("at it")
        try await other.stop(SessionID(rawValue: 17))
        let result = try await working.value.result

        #expect(try fixture.chunks(.input).contains("session/cancel"))
        #expect(result.failure?.type == .stopped)
        #expect(result.usage?.tokens == 520)
    }

    @Test("Nobody is asked to break off who isn't at anything")
    func isIdle() async throws {
        let fixture = try LeaderFixture()
        try await fixture.start("echo ready; exec sleep 300")
        let leader = try fixture.leader()
        try await fixture.waitForOutput("ready")

        try await leader.end()

        #expect(try fixture.said() == [])
    }
}
