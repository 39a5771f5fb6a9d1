@testable import SkepAgents
import SkepCore
import SkepTestSupport
import SkepWire
import Testing

@Suite("Terminals of agents that speak ACP")
struct ACPTerminalTests {
    private let fixture = HostFixture()

    private func place(
        _ request: LaunchRequest, host: String = HostFixture.program, secrets: [String] = [],
        isReadOnly: Bool = false
    ) -> SessionWorkplace {
        let house = AgentHouse(
            sessions: fixture.folder.path, host: host, environment: [:],
            operatorHome: fixture.work, allowsRoot: true, grace: .milliseconds(200))
        let places = Brief.Places(
            workspace: fixture.work, home: fixture.work, output: "", promptFile: "", issueFile: "")
        return SessionWorkplace(
            places: places, house: house, folder: fixture.host.folder, request: request,
            environment: ["PATH": "/usr/bin:/bin", "KEY": "sk-3f9a7c5e1d"], secrets: secrets,
            isReadOnly: isReadOnly)
    }

    private func ask(
        _ number: Int, _ method: String, _ params: JSONValue, _ place: SessionWorkplace
    ) async throws -> JSONValue {
        let request = ACPRequest(number: number, id: .integer(1), method: method, params: params)
        return try await ACPErrand(request: request, permissions: PermissionPolicy())
            .perform(place).get()
    }

    @Test("A command is run once however often it is asked for, and shows the end of its output")
    func runsCommand() async throws {
        let request = fixture.request("sleep 1000")
        try await fixture.host.start(request)
        let place = place(request)
        let command: JSONValue = [
            "command": "sh", "args": ["-c", "echo $GREETING >> ran; printf 'abc€'; exit 3"],
            "env": [["name": "GREETING", "value": "hello"]], "outputByteLimit": 4,
        ]

        let terminal = try await ask(1, "terminal/create", command, place)
        let again = try await ask(1, "terminal/create", command, place)
        let status = try await ask(2, "terminal/wait_for_exit", terminal, place)
        let output = try await ask(3, "terminal/output", terminal, place)
        _ = try await ask(4, "terminal/release", terminal, place)

        #expect(again == terminal)
        #expect(status["exitCode"].integer == 3)
        #expect(output["output"].text == "c€")
        #expect(output["truncated"].bool == true)
        #expect(try Files.read(fixture.work + "/ran") == Array("hello\n".utf8))
        #expect(fixture.host.errands.isEmpty)
        try await fixture.host.end(grace: .zero)
    }

    @Test("Two who lead the session at once run a command once, and both know its terminal")
    func runsForTwo() async throws {
        let request = fixture.request("sleep 1000")
        try await fixture.host.start(request)
        let (hosts, go) = (fixture.folder.make("hosts"), fixture.folder.path + "/go")
        let slow = try fixture.folder.write(
            """
            #!/bin/sh
            : >'\(hosts)'/$$
            while [ ! -e '\(go)' ]; do /bin/sleep 0.02; done
            exec '\(HostFixture.program)' "$@"

            """, to: "skep-host", mode: 0o755)
        let place = place(request, host: slow)

        async let first = ask(1, "terminal/create", ["command": "echo x >> ran"], place)
        async let second = ask(1, "terminal/create", ["command": "echo x >> ran"], place)
        try await eventually("two hosts begin") { FileStatus.names(in: hosts).count == 2 }
        try Files.replace(go, with: [])

        #expect(try await first == second)
        _ = try await ask(2, "terminal/wait_for_exit", first, place)
        #expect(try Files.read(fixture.work + "/ran") == Array("x\n".utf8))
        try await fixture.host.end(grace: .zero)
    }

    @Test("A command has the session's environment, and its secrets don't get into the log")
    func filtersCommands() async throws {
        let request = fixture.request("sleep 1000")
        try await fixture.host.start(request)
        let place = place(request, secrets: ["sk-3f9a7c5e1d"])

        let terminal = try await ask(1, "terminal/create", ["command": "echo \"<$KEY>\""], place)
        _ = try await ask(2, "terminal/wait_for_exit", terminal, place)
        let output = try await ask(3, "terminal/output", terminal, place)

        #expect(output["output"].text == "<[secret]>\n")
        try await fixture.host.end(grace: .zero)
    }

    @Test("Terminals share the limits of their session, and there are no more than a few")
    func sharesLimits() async throws {
        var request = fixture.request("sleep 1000")
        request.limits.memoryBytes = 600 << 20
        try await fixture.host.start(request)
        let place = place(request)

        for number in 1...ACPTerminals.most {
            _ = try await ask(number, "terminal/create", ["command": "sleep 1000"], place)
        }
        let limits = try fixture.host.errands.compactMap { try $0.request()?.limits.memoryBytes }

        #expect(Set(limits).isSuperset(of: [600 << 20, 300 << 20, 200 << 20]))
        #expect(limits.reduce(0, +) < 3 * 600 << 20)
        await #expect(throws: ACPError.self) {
            _ = try await ask(99, "terminal/create", ["command": "sleep 1000"], place)
        }
        try await fixture.host.end(grace: .zero)
    }

    @Test("Nothing is written, run or opened by a text that a secret was taken out of")
    func refusesMarks() async throws {
        let place = place(fixture.request("true"))
        let path = fixture.work + "/settings"

        await #expect(throws: ACPError.self) {
            _ = try await ask(
                1, "fs/write_text_file",
                ["path": .text(path), "content": "key = [secret]"], place)
        }
        await #expect(throws: ACPError.self) {
            _ = try await ask(
                2, "terminal/create", ["command": "echo", "args": ["[secret]"]], place)
        }

        #expect(!FileStatus.exists(path))
        #expect(fixture.host.errands.isEmpty)
    }

    @Test("A session that only looks writes no files, whatever its sandbox")
    func readsOnly() async throws {
        let place = place(fixture.request("true"), isReadOnly: true)
        let path = fixture.work + "/settings"

        await #expect(throws: ACPError.self) {
            _ = try await ask(
                1, "fs/write_text_file", ["path": .text(path), "content": "a"], place)
        }
        #expect(!FileStatus.exists(path))
    }

    @Test("Terminals end with their session, and none begins after it")
    func endsWithSession() async throws {
        let request = fixture.request("sleep 1000")
        try await fixture.host.start(request)
        let place = place(request)
        _ = try await ask(1, "terminal/create", ["command": "sleep 1000"], place)
        let marker = try #require(try fixture.host.errands.first?.request()?.session)

        try await fixture.host.end(grace: .zero)
        _ = try? await ask(2, "terminal/create", ["command": "sleep 1000"], place)

        #expect(fixture.host.errands.isEmpty)
        #expect(SessionRemains.count(session: marker) == 0)
    }
}
