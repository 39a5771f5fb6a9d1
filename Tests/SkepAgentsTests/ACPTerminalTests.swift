@testable import SkepAgents
import SkepCore
import SkepTestSupport
import SkepWire
import Testing

@Suite("Terminals of agents that speak ACP")
struct ACPTerminalTests {
    private let fixture = HostFixture()

    private func place(_ request: LaunchRequest) -> SessionWorkplace {
        let house = AgentHouse(
            sessions: fixture.folder.path, host: HostFixture.program, environment: [:],
            operatorHome: fixture.work, allowsRoot: true, grace: .milliseconds(200))
        let places = Brief.Places(
            workspace: fixture.work, home: fixture.work, output: "", promptFile: "", issueFile: "")
        return SessionWorkplace(
            places: places, house: house, folder: fixture.host.folder, request: request,
            environment: ["PATH": "/usr/bin:/bin"])
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
