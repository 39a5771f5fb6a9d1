import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

#if os(Linux)
    @Suite("What an agent in a sandbox sees")
    struct AgentSightTests {
        @Test("The mirror's objects but not its names, and no file of a token")
        func hidesNamesAndTokens() async throws {
            var fixture = try CommandFixture()
            let mirror = fixture.folder.path + "/mirrors/owner/name.git"
            try FileStatus.makeFolder(mirror + "/objects/ab", mode: 0o755)
            let object = try fixture.folder.write(
                "object\n", to: "mirrors/owner/name.git/objects/ab/cd")
            let name = try fixture.folder.write("name\n", to: "mirrors/owner/name.git/packed-refs")
            let token = try fixture.folder.write("token\n", to: "token")
            let plain = try fixture.folder.write("plain\n", to: "plain")
            fixture.house.mirrors = fixture.folder.path + "/mirrors"
            fixture.house.ownFolders = [fixture.folder.path + "/mirrors"]
            fixture.house.credentialFiles = [token]
            let agent = try fixture.agent(
                script: "cat \(object) \(name) \(token) \(plain) 2>/dev/null; ls \(mirror)",
                [
                    (
                        "sandbox",
                        CommandFixture.map([
                            ("level", .text("workspace-write")),
                            ("read", CommandFixture.list([fixture.folder.path])),
                        ])
                    )
                ])

            #expect(try await fixture.run(agent).output == "object\nplain\nobjects\n")
            let commands = HostedCommands(fixture.house)
            let result = try await commands.run(
                "cat \(object) \(token)", in: fixture.workspace, for: .sample,
                environment: CommandEnvironment(), limits: SessionLimits())
            #expect(result.tail.hasPrefix("object\n") && !result.tail.contains("token\n"))
        }

        @Test("Of the operator's home what is named, and it writes nothing but its login")
        func operatorsHome() async throws {
            let fixture = try CommandFixture()
            for name in [".agent", ".ssh"] { _ = fixture.folder.make("operator/\(name)") }
            let settings = try fixture.folder.write("settings\n", to: "operator/.agent/settings")
            let login = try fixture.folder.write("old\n", to: "operator/.agent/login")
            _ = try fixture.folder.write("key\n", to: "operator/.ssh/key")
            let script = """
                cat ~/.agent/settings; cat ~/.ssh/key 2>/dev/null
                echo new >~/.agent/login; echo bad 2>/dev/null >~/.agent/settings; exit 0
                """
            for mode in ["operator", "own"] {
                try Files.replace(login, with: Array("old\n".utf8))
                let home = CommandFixture.map([
                    ("mode", .text(mode)), ("link", CommandFixture.list([".agent/settings"])),
                    ("login", CommandFixture.list([".agent/login"])),
                ])
                let agent = try fixture.agent(
                    script: script, [("home", home), ("sandbox", .text("workspace-write"))])
                let session = mode == "own" ? Int64(18) : 17

                let output = try await fixture.run(agent, fixture.assignment(session: session))
                    .output

                #expect(output.hasPrefix("settings\n") && !output.contains("key"), "\(mode)")
                #expect(try Files.read(login) == Array("new\n".utf8), "\(mode)")
                #expect(try Files.read(settings) == Array("settings\n".utf8), "\(mode)")
            }
        }
    }
#endif
