@testable import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A command agent")
struct CommandAgentTests {
    @Test("It does what every agent does", arguments: AgentConformance.cases)
    func conforms(_ conformance: AgentConformance.Case) async throws {
        let fixture = try CommandFixture()
        let subject = AgentConformance.Subject(workspace: fixture.workspace) { script, limits in
            let definition = AgentDefinition(
                name: "bee", adapter: "command", limits: limits,
                location: SettingsLocation(source: "test"))
            let command = CommandTemplate(words: ["sh", "-c", script], and: .promptFile)
            return HostedAgent(
                definition, CommandAdapter(options: CommandOptions(command: command)),
                house: fixture.house)
        }

        try await conformance.run(subject)
    }

    @Test("The prompt comes on standard input when the command has no place for it")
    func feedsPrompt() async throws {
        let fixture = try CommandFixture()
        let prompt = String(repeating: "Fix it, bee! ", count: 80_000)

        let (_, output) = try await fixture.run(
            fixture.agent(script: "cat"), fixture.assignment(prompt: prompt))

        #expect(output == prompt)
    }

    @Test("What it has said by now can be read while it goes on")
    func tellsWhatIsThere() async throws {
        let fixture = try CommandFixture()
        let agent = try fixture.agent(script: "echo one; exec sleep 300")
        let assignment = try fixture.assignment()

        let said = try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events {
                if case .output = event.kind { break }
            }
            var bytes: [UInt8] = []
            for try await event in agent.events(of: assignment.session, waits: false) {
                if case .output(let more) = event.kind { bytes += more }
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        #expect(said == "one\n")
    }

    @Test("All places of a command are filled, and other braces stay")
    func fillsPlaces() async throws {
        let fixture = try CommandFixture()
        let script = """
            printf '%s\\n' "$@"; cat {prompt_file} {issue_file}; cat | wc -c
            """
        let agent = try fixture.agent([
            (
                "command",
                CommandFixture.list([
                    "sh", "-c", script, "sh", "-p={prompt}", "{workspace}", "{output}", "{home}",
                    "-m {model}", "x={name=\"y\"}", "{}",
                ])
            ),
            ("model", .text("m-1")),
        ])

        let (_, output) = try await fixture.run(agent)

        let workspace = fixture.workspace
        #expect(
            output == """
                -p=Do it.
                \(workspace.path)
                \(workspace.outputPath)/output.json
                \(workspace.homePath)
                -m m-1
                x={name="y"}
                {}
                Do it.The issue.0

                """)
    }

    @Test("It gets the variables that are allowed, set or secret, and no others")
    func passesEnvironment() async throws {
        var fixture = try CommandFixture(environment: [
            "PATH": "/usr/bin:/bin", "GITEA_TOKEN": "no", "LANG": "C", "KEY": "key-value",
            "FROM": "other-value", "OTHER": "o",
            "TZ": "Europe/Berlin",
        ])
        let file = try fixture.folder.write("from file\n", to: "secret", mode: 0o600)
        fixture.house.environment["HOME"] = "/no"
        let agent = try fixture.agent(
            script: "env -u PWD -u SHLVL -u _ -u OLDPWD",
            [
                ("environment", CommandFixture.list(["PATH", "OTHER", "ABSENT"])),
                ("variables", CommandFixture.map([("FLAG", .text("1"))])),
                (
                    "secrets",
                    CommandFixture.map([
                        ("KEY", .text("env")), ("RENAMED", .text("env:FROM")),
                        ("FILED", .text("file:" + file)),
                    ])
                ),
            ])

        let (_, output) = try await fixture.run(agent)

        let lines = Set(output.split(separator: "\n").map(String.init))
            .filter { !$0.hasPrefix("SKEP_SESSION=17-") }
        #expect(
            lines == [
                "PATH=/usr/bin:/bin", "OTHER=o", "FLAG=1", "KEY=[secret]", "RENAMED=[secret]",
                "TZ=Europe/Berlin", "FILED=[secret]", "HOME=\(fixture.workspace.homePath)",
                "SKEP_OUTPUT=\(fixture.workspace.outputPath)/output.json",
            ])
    }

    @Test("A secret's value is kept in no file of the session")
    func keepsNoSecret() async throws {
        let fixture = try CommandFixture(environment: ["PATH": "/usr/bin:/bin", "KEY": "s3cr3t"])
        let agent = try fixture.agent(
            script: "[ ${#KEY} = 6 ]", [("secrets", CommandFixture.map([("KEY", .text("env"))]))])

        let (result, _) = try await fixture.run(agent)
        let search = HostFixture()
        let grep = try await search.run(
            search.request("grep -r s3cr3t \(fixture.house.sessions)/17"))

        #expect(result.ending == .exited(code: 0))
        #expect(grep.how == .exited(code: 1))
        #expect(try search.printed().isEmpty)
    }

    @Test("Its own home has links to what is named of the operator's")
    func linksHome() async throws {
        let fixture = try CommandFixture()
        _ = fixture.folder.make("operator/.config")
        _ = try fixture.folder.write("logged in", to: "operator/.config/login")
        let agent = try fixture.agent(
            script: "cat ~/.config/login",
            [
                (
                    "home",
                    CommandFixture.map([
                        ("mode", .text("own")), ("link", CommandFixture.list([".config/login"])),
                    ])
                )
            ])

        try await agent.check()
        let (_, output) = try await fixture.run(agent)

        #expect(output == "logged in")
    }

    @Test("A program is found along the agent's own path, never in the workspace")
    func findsProgram() async throws {
        let fixture = try CommandFixture(environment: ["PATH": "tree:/usr/bin:."])
        _ = try fixture.folder.write("#!/bin/sh\necho evil\n", to: "tree/bee-agent", mode: 0o755)
        chdir("/")

        let agent = try fixture.agent([("command", CommandFixture.list(["bee-agent"]))])

        await #expect(
            throws: AgentsError.programMissing(
                agent: "bee", program: "bee-agent", searched: "tree:/usr/bin:.")
        ) {
            try await agent.check()
        }
    }

    @Test(
        "A program that the agents' user may not run isn't one; a sandbox puts a home's back",
        .enabled(if: geteuid() == 0))
    func findsProgramOfUser() async throws {
        var fixture = try CommandFixture(environment: ["PATH": "/nowhere"])
        let closed = fixture.folder.make("operator/bin")
        let path = try fixture.folder.write(
            "#!/bin/sh\n", to: "operator/bin/bee-agent", mode: 0o755)
        let open = try fixture.folder.write("#!/bin/sh\n", to: "home/bee-agent", mode: 0o755)
        chmod(fixture.house.operatorHome, 0o700)
        let home = fixture.workspace.homePath
        fixture.house.environment["PATH"] = "\(closed):\(home)"
        fixture.house.user = try AgentUser(named: "nobody")
        func agent(_ word: String, _ sandbox: String) throws -> any InspectableAgent {
            let agent = try fixture.agent([
                ("command", CommandFixture.list([word])), ("sandbox", .text(sandbox)),
                ("environment", CommandFixture.list(["PATH"])),
            ])
            return try #require(agent as? any InspectableAgent)
        }

        #expect(try agent("bee-agent", "none").programPath == open)
        #expect(try agent("bee-agent", "workspace-write").programPath == path)
        await #expect(
            throws: AgentsError.programClosed(agent: "bee", program: path, user: "nobody")
        ) { try await agent(path, "none").check() }
    }

    @Test("What is missing is told before anything starts")
    func tellsMissing() async throws {
        let fixture = try CommandFixture()
        let lacksSecret = try fixture.agent(
            script: "true", [("secrets", CommandFixture.map([("KEY", .text("env"))]))])
        let lacksLink = try fixture.agent(
            script: "true", [("home", CommandFixture.map([("link", CommandFixture.list([".x"]))]))])
        let notExecutable = try fixture.agent([("command", CommandFixture.list(["/etc/passwd"]))])

        await #expect(
            throws: AgentsError.secretMissing(
                agent: "bee", variable: "KEY", source: .environment("KEY"))
        ) { try await lacksSecret.check() }
        let missing = fixture.house.loginHome + "/.x"
        await #expect(throws: AgentsError.linkMissing(agent: "bee", path: missing)) {
            try await lacksLink.check()
        }
        await #expect(
            throws: AgentsError.programNotExecutable(agent: "bee", program: "/etc/passwd")
        ) { try await notExecutable.check() }
    }

    @Test("A prompt too long for an argument is refused, with the way out")
    func refusesLongArgument() async throws {
        let fixture = try CommandFixture()
        let agent = try fixture.agent([("command", CommandFixture.list(["echo", "{prompt}"]))])
        let prompt = String(repeating: "x", count: 200_000)

        let error = await #expect(throws: AgentsError.self) {
            try await fixture.run(agent, fixture.assignment(prompt: prompt))
        }
        #expect(error?.advice?.contains("{prompt_file}") == true)
    }

    @Test("Nothing runs as root unless that was asked for", .enabled(if: geteuid() == 0))
    func refusesRoot() async throws {
        var fixture = try CommandFixture()
        fixture.house.allowsRoot = false
        let agent = try fixture.agent(script: "true")
        let commands = HostedCommands(fixture.house)

        await #expect(throws: AgentsError.rootRefused) { try await fixture.run(agent) }
        await #expect(throws: AgentsError.rootRefused) {
            try await commands.run(
                "true", in: fixture.workspace, for: .sample, environment: CommandEnvironment(),
                limits: SessionLimits())
        }
    }

    @Test("As another user it reads its prompt by name", .enabled(if: geteuid() == 0))
    func runsAsUser() async throws {
        var fixture = try CommandFixture()
        let nobody = try AgentUser(named: "nobody")
        fixture.house.user = nobody
        for path in [
            fixture.workspace.path, fixture.workspace.outputPath, fixture.workspace.homePath,
        ] {
            chown(path, nobody.uid, nobody.gid)
        }
        let agent = try fixture.agent(
            script: "id -un; cat {prompt_file}; echo; touch $SKEP_OUTPUT ~/x && echo $USER")

        let (_, output) = try await fixture.run(agent)

        #expect(output == "nobody\nDo it.\nnobody\n")
    }

    @Test("A session whose host was killed is lost, and what it left is gone")
    func adoptsDeadSession() async throws {
        let fixture = try CommandFixture()
        let agent = try fixture.agent(
            script: "setsid sh -c 'trap \"\" TERM; sleep 300' & echo up; sleep 300")
        let assignment = try fixture.assignment()
        let host = SessionHost(
            folder: fixture.house.sessions + "/17", program: HostFixture.program)
        let marker = try await agent.withSession(assignment, in: fixture.workspace) { session in
            for try await event in session.events { if case .output = event.kind { break } }
            let record = try HostRecord.read(from: host.files)
            kill(try #require(record).process.pid, SIGKILL)
            return try #require(try host.request()).session
        }

        let (isAdopted, result) = try await agent.withSession(assignment, in: fixture.workspace) {
            ($0.isAdopted, try await $0.result())
        }

        #expect(isAdopted)
        #expect(result.ending == .lost)
        #expect(result.tail == "up\n")
        #expect(result.outputBytes == 3)
        #expect(SessionRemains.count(session: marker) == 0)
    }

    @Test("A reaper ends a running session; a session that never began can't begin afterwards")
    func reapsSessions() async throws {
        let fixture = try CommandFixture()
        let reaper = HostedSessionReaper(fixture.house)
        let agent = try fixture.agent(script: "echo up; sleep 300")
        let result = try await agent.withSession(fixture.assignment(), in: fixture.workspace) {
            for try await event in $0.events { if case .output = event.kind { break } }
            try await reaper.end(SessionID(rawValue: 17))
            return try await $0.result()
        }
        try await reaper.end(SessionID(rawValue: 18))
        let later = try await fixture.run(agent, fixture.assignment(session: 18)).result

        #expect(result.ending == .stopped)
        #expect(later.ending == .lost)
    }
}
