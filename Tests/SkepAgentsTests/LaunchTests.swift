@testable import SkepAgents
import SkepCore
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("The start of an agent")
struct LaunchTests {
    private let fixture = HostFixture()

    @Test("A missing program is told, with its path")
    func tellsMissingProgram() async throws {
        var request = fixture.request("true")
        request.program = "/nowhere/agent"

        #expect(try await failure(of: request).contains("\"/nowhere/agent\" can't be executed"))
        #expect(try await fixture.end().how == .startFailed(stage: .execute, errno: ENOENT))
    }

    @Test("A program without permission to execute is told")
    func tellsMissingPermission() async throws {
        var request = fixture.request("true")
        request.program = try fixture.folder.write("#!/bin/sh\n", to: "agent", mode: 0o644)

        #expect(try await failure(of: request).hasSuffix("Permission denied"))
    }

    @Test("A script whose interpreter is missing is told apart from a missing script")
    func tellsMissingInterpreter() async throws {
        var request = fixture.request("true")
        request.program = try fixture.folder.write("#!/no/such\n", to: "agent", mode: 0o755)

        #expect(try await failure(of: request).contains("names an interpreter that isn't there"))
    }

    @Test("A missing work folder is told")
    func tellsMissingFolder() async throws {
        var request = fixture.request("true")
        request.directory = "/nowhere"

        #expect(
            try await failure(of: request)
                == "its folder \"/nowhere\" can't be entered: No such file or directory")
    }

    @Test("A missing prompt file is told")
    func tellsMissingInput() async throws {
        #expect(
            try await failure(of: fixture.request("true", input: "/nowhere/prompt"))
                .contains("its input \"/nowhere/prompt\" can't be read"))
    }

    @Test("A missing host is told")
    func tellsMissingHost() async throws {
        let host = SessionHost(folder: fixture.host.folder, program: "/nowhere/skep-host")

        await #expect(throws: AgentsError.hostMissing(path: "/nowhere/skep-host")) {
            try await host.start(fixture.request("true"))
        }
    }

    @Test("A session folder with a very long path works, its socket too")
    func copesWithLongPath() async throws {
        var path = fixture.folder.path
        for _ in 0..<6 {
            path += "/" + String(repeating: "long", count: 12)
            mkdir(path, 0o755)
        }
        let host = SessionHost(folder: path, program: HostFixture.program)
        try await host.start(fixture.request("exec sleep 300"))
        let reply = await host.ask(.status)
        try await host.end(grace: .zero)

        #expect(reply?.agent != nil)
    }

    #if os(Linux)
        @Test("The agent has descriptors 0 to 2 and no other")
        func passesNoDescriptors() async throws {
            let extra = open("/dev/null", O_RDONLY)
            defer { close(extra) }
            _ = try await fixture.run(fixture.request("exec ls /proc/self/fd"))

            // The fourth is the one with which `ls` reads the folder.
            #expect(try fixture.text() == "0\n1\n2\n3\n")
        }

        @Test("No signal is blocked or ignored, and no privileges can be gained")
        func resetsSignals() async throws {
            let script = "exec grep -E '^(SigBlk|SigIgn|NoNewPrivs)' /proc/self/status"
            _ = try await fixture.run(fixture.request(script))
            let words = try fixture.text().split { $0 == "\n" || $0 == "\t" || $0 == " " }

            #expect(
                words == [
                    "SigBlk:", "0000000000000000", "SigIgn:", "0000000000000000", "NoNewPrivs:",
                    "1",
                ])
        }

        @Test("It leads a session and a process group of its own")
        func leadsSession() async throws {
            let script = "set -- $(cat /proc/$$/stat); echo $(($1 - $5)) $(($1 - $6))"
            _ = try await fixture.run(fixture.request(script))

            #expect(try fixture.text() == "0 0\n")
        }
    #endif

    @Test("The environment is what was allowed and the session's marker")
    func passesEnvironment() async throws {
        let request = fixture.request(
            "exec env", environment: ["PATH": "/usr/bin:/bin", "B": "a=b c", "EMPTY": ""])
        _ = try await fixture.run(request)
        // The shell adds these by itself.
        let own = ["PWD", "SHLVL", "_", "OLDPWD"]
        let lines = try fixture.text().split(separator: "\n").map(String.init)
            .filter { line in !own.contains { line.hasPrefix($0 + "=") } }

        #expect(
            Set(lines) == [
                "PATH=/usr/bin:/bin", "B=a=b c", "EMPTY=", "SKEP_SESSION=\(request.session)",
            ])
    }

    @Test("Limits hold in the agent")
    func setsLimits() async throws {
        let limits = LaunchRequest.Limits(graceMS: 500, openFiles: 77, fileBytes: 4096)
        let script = "ulimit -c; ulimit -n; ulimit -f; head -c 100000 /dev/zero > big"
        _ = try await fixture.run(fixture.request(script, limits: limits))
        var status = stat()
        stat(fixture.work + "/big", &status)

        #expect(try fixture.text().hasPrefix("0\n77\n8\n"))
        #expect(status.st_size == 4096)
    }

    @Test(
        "As root, the agent runs as the user that was named and can't write to the session folder",
        .enabled(if: geteuid() == 0, "only root can become another user"))
    func changesUser() async throws {
        let nobody = try AgentUser(named: "nobody")
        var request = fixture.request(
            "id -u; id -g; id -G; touch \(fixture.host.folder)/x || echo refused; touch here && echo ok"
        )
        request.user = LaunchRequest.User(uid: nobody.uid, gid: nobody.gid)
        chown(fixture.work, nobody.uid, nobody.gid)
        chmod(fixture.host.folder, 0o711)
        let record = try await fixture.run(request)

        #expect(record.how == .exited(code: 0))
        #expect(
            try fixture.text() == "\(nobody.uid)\n\(nobody.gid)\n\(nobody.gid)\nrefused\nok\n")
    }

    @Test(
        "A folder that its user may not enter is told",
        .enabled(if: geteuid() == 0, "only root can become another user"))
    func tellsForbiddenFolder() async throws {
        let nobody = try AgentUser(named: "nobody")
        var request = fixture.request("true")
        request.user = LaunchRequest.User(uid: nobody.uid, gid: nobody.gid)
        chmod(fixture.work, 0o700)

        #expect(try await failure(of: request).hasSuffix("can't be entered: Permission denied"))
    }

    @Test("There is no user with such a name")
    func refusesUnknownUser() {
        #expect(throws: AgentsError.noSuchUser("no-such-user")) {
            try AgentUser(named: "no-such-user")
        }
    }

    /// Why an agent never ran, as it is told.
    private func failure(of request: LaunchRequest) async throws -> String {
        let record = try await fixture.run(request)
        #expect(record.allProcessesGone)
        guard case .startFailed(let why) = try result(record) else {
            throw UnexpectedState(what: "it ran: \(record.how)")
        }
        return why
    }

    private func result(_ record: ExitRecord) throws -> SessionResult.Ending {
        try SessionResult(record, of: fixture.host, tailBytes: 100).ending
    }
}
