import SkepCore
import SkepTestSupport
import SkepWire
import Testing

@testable import SkepAgents

/// Each one through a real host; see Fixtures/acp_agent.py for what they do.
@Suite("Agents that misuse ACP")
struct ACPMisfitTests {
    private func agent(
        _ way: String, _ fixture: CommandFixture,
        _ further: [(String, SettingsNode.Value)] = []
    ) throws -> any Agent {
        let program = try fixture.bring("acp_agent.py")
        let command = CommandFixture.list(["python3", program, way])
        return try fixture.agent([("adapter", .text("acp")), ("command", command)] + further)
    }

    @Test(
        "One that asks for ever for what it doesn't get is ended, whatever it says after the cancel"
    )
    func asksForEver() async throws {
        let fixture = try CommandFixture()
        let agent = try agent(
            "asks_for_ever", fixture,
            [("permissions", CommandFixture.map([("refuse", CommandFixture.list(["delete"]))]))])

        let (result, _) = try await fixture.run(agent)

        #expect(result.failure?.type == .policyViolation)
        #expect(result.failure?.message.contains("rm -rf /") == true)
    }

    @Test("One that ends in the middle of its answer has failed, though its exit status is 0")
    func endsInHalf() async throws {
        let fixture = try CommandFixture()

        let (result, output) = try await fixture.run(agent("ends_in_half", fixture))

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure?.type == .protocolViolation)
        #expect(output.hasSuffix("stopReas\n"))
    }

    @Test("One that ends before it answered is told with its last words")
    func endsBeforeAnswer() async throws {
        let fixture = try CommandFixture()
        let agent = try fixture.agent([
            ("adapter", .text("acp")),
            ("command", CommandFixture.list(["sh", "-c", "echo 'choose a model first' >&2"])),
        ])

        let failure = try await fixture.run(agent).result.failure

        #expect(failure?.message == "it ended before it answered: choose a model first")
    }

    @Test("A line too long for a message is passed over, and the next ones are read")
    func floods() async throws {
        let fixture = try CommandFixture()

        let (result, output) = try await fixture.run(agent("floods", fixture))

        #expect(result.failure == nil)
        #expect(result.lastMessage == "still here")
        #expect(output.utf8.count < 1 << 16)
    }

    @Test("One that closes its output in a turn and lives on is ended, and nothing of it is left")
    func fallsSilent() async throws {
        let fixture = try CommandFixture()
        let agent = try agent("falls_silent", fixture)
        let assignment = try fixture.assignment()

        let (result, _) = try await fixture.run(agent, assignment)

        #expect(result.failure?.type == .protocolViolation)
        #expect(result.failure?.message.hasPrefix("it closed its output") == true)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }

    @Test(
        "One that closes its output since another process ends it was stopped, however long it takes"
    )
    func hangsAtItsEnd() async throws {
        let fixture = try CommandFixture()
        let agent = try agent("hangs_at_its_end", fixture)
        let assignment = try fixture.assignment()
        let host = fixture.house.sessionHost(assignment.session)

        async let run = fixture.run(agent, assignment)
        try await eventually("it is at it") {
            FileStatus.exists(fixture.workspace.path + "/at-it")
        }
        // Told to end after a third of it: later than a host says that the output is closed.
        try await host.end(grace: .seconds(18))

        #expect(try await run.result.failure?.type == .stopped)
    }

    @Test("Links don't lead it out of its workspace, neither to read nor to write nor to run")
    func reachesOut() async throws {
        let fixture = try CommandFixture()

        let (result, _) = try await fixture.run(agent("reaches_out", fixture))

        #expect(result.lastMessage == "-32602 -32602 -32602 -32602")
        #expect(try Files.read("/etc/skep-was-here") == nil)
    }

    @Test("Ids used twice, unasked answers and unknown requests do no harm")
    func mixesIDs() async throws {
        let fixture = try CommandFixture()

        let (result, _) = try await fixture.run(agent("mixes_ids", fixture))

        #expect(result.failure == nil)
        #expect(result.lastMessage == "1 -32601")
        #expect(try Files.read(fixture.workspace.path + "/ran") == Array(".\n".utf8))
    }

    @Test("Whoever adopts it in the middle of an errand ends the errand, and does nothing twice")
    func isAdoptedInErrand() async throws {
        let fixture = try CommandFixture()
        let agent = try agent("waits", fixture)
        var assignment = try fixture.assignment()
        assignment.ending = { .detach }
        let ran = fixture.workspace.path + "/ran"

        let first = Task { [assignment] in try await fixture.run(agent, assignment) }
        try await eventually("its command runs") { try Files.read(ran) != nil }
        first.cancel()
        _ = await first.result
        try Files.replace(fixture.workspace.path + "/go", with: [], mode: 0o600)
        let (result, _) = try await fixture.run(agent, assignment)

        #expect(result.failure == nil)
        #expect(result.lastMessage == "through\n")
        #expect(try Files.read(ran) == Array(".\n".utf8))
    }
}
