import SkepAgents
import SkepCore
import Testing

@Suite("Secret screens")
struct SecretScreenTests {
    @Test("An agent's secrets, and what else it was given, are known in whatever form")
    func forms() async throws {
        let fixture = try CommandFixture(environment: ["KEY": "sk-3f9a7c5e1d"])
        let keys: [(String, SettingsNode.Value)] = [
            ("secrets", CommandFixture.map([("KEY", .text("env"))]))
        ]
        let agent = try fixture.agent(script: "true", keys)

        let screen = try await agent.secretScreen(with: ["hunter22"])

        #expect(screen.redacted("a sk-3f9a7c5e1d b hunter22 c") == "a [secret] b [secret] c")
        // "x" and the secret, in base64: the secret isn't where a group of bytes begins.
        #expect(screen.holdsSecret(Array("eHNrLTNmOWE3YzVlMWQ=".utf8)))
        #expect(!screen.holdsSecret(Array("nothing of that".utf8)))
    }

    @Test("An agent without secrets has nothing to look for, and one that can't be had is told")
    func none() async throws {
        let fixture = try CommandFixture(environment: [:])
        let keys: [(String, SettingsNode.Value)] = [
            ("secrets", CommandFixture.map([("KEY", .text("env"))]))
        ]

        let screen = try await fixture.agent(script: "true").secretScreen(with: [])

        #expect(screen.isEmpty)
        let other = try fixture.agent(script: "true", keys)
        await #expect(throws: AgentsError.self) { try await other.secretScreen(with: []) }
    }
}
