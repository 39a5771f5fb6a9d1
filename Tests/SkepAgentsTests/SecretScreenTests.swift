import SkepCore
import SkepQueue
import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

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

    @Test("What a session was started with is known when a command gives another value, or none")
    func changing() async throws {
        let fixture = try CommandFixture()
        let file = fixture.folder.path + "/tokens"
        try Files.replace(file, with: Array("token-one\n".utf8))
        let keys: [(String, SettingsNode.Value)] = [
            ("secrets", CommandFixture.map([("KEY", .text("command:cat \(file)"))]))
        ]
        let agent = try fixture.agent(script: "echo $KEY", keys)
        #expect(try await fixture.run(agent).output == "[secret]\n")

        try Files.replace(file, with: Array("token-two\n".utf8))
        #expect(
            try await fixture.run(agent, fixture.assignment(session: 18)).output == "[secret]\n")
        unlink(file)

        let screen = try await agent.secretScreen(with: [])
        #expect(screen.redacted("token-one, token-two") == "[secret], [secret]")
    }

    @Test("A secret that is too short to be kept out is refused")
    func short() async throws {
        let fixture = try CommandFixture(environment: ["PATH": "/usr/bin:/bin", "PIN": "12345"])
        let keys: [(String, SettingsNode.Value)] = [
            ("secrets", CommandFixture.map([("PIN", .text("env"))]))
        ]
        let agent = try fixture.agent(script: "true", keys)

        await #expect(throws: AgentsError.secretTooShort(agent: "bee", variable: "PIN")) {
            try await agent.check()
        }
    }

    @Test("A file's line end is no part of its secret, also when it is Windows'")
    func lineEnds() async throws {
        let fixture = try CommandFixture()
        let file = fixture.folder.path + "/key"
        try Files.replace(file, with: Array("key-of-mine\r\n".utf8))

        #expect(try await fixture.house.value(of: .file(file)) == "key-of-mine")
    }

    @Test("Skep's own variables, and those it has tokens in, are no agent's")
    func ownVariables() throws {
        var fixture = try CommandFixture(environment: ["SKEP_X": "1", "FORGE": "2", "LANG": "C"])
        fixture.house.credentialVariables = ["FORGE"]
        let wrong: [(String, SettingsNode.Value)] = [
            ("environment", CommandFixture.list(["LANG", "SKEP_TOKEN", "FORGE"])),
            (
                "secrets",
                CommandFixture.map([("A", .text("env:SKEP_X")), ("B", .text("env:FORGE"))])
            ),
        ]

        let error = try #require(throws: SettingsError.self) {
            try fixture.agent(script: "true", wrong)
        }
        #expect(error.mistakes.count == 4)
        #expect(fixture.house.allowed(["SKEP_X", "FORGE", "LANG"]) == ["LANG": "C"])
    }
}
