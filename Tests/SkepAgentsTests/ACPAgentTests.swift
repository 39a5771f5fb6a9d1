import SkepAgents
import SkepCore
import Testing

@Suite("A program that speaks ACP")
struct ACPAgentTests {
    @Test("It works through its client, is kept in its workspace, and ends with its input")
    func works() async throws {
        let fixture = try CommandFixture()
        let program = try fixture.bring("acp_agent.py")
        let agent = try fixture.agent([
            ("adapter", .text("acp")),
            ("command", CommandFixture.list(["python3", program, "works"])),
        ])

        let (result, output) = try await fixture.run(agent)

        #expect(output == "no JSON at all\n")
        #expect(result.ending == .exited(code: 0))
        #expect(result.lastMessage == "-32602 made\n")
        #expect(result.start?.vendorSession == "s1")
    }
}
