import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("The request that a session is started with")
struct HostRequestTests {
    private let fixture = HostFixture()

    private func secretRequest(_ script: String) -> LaunchRequest {
        fixture.request(script, environment: ["PATH": "/usr/bin:/bin", "KEY": "sk-3f9a7c5e1d"])
    }

    @Test("Whoever comes late doesn't write over that of the agent that works")
    func staysFirst() async throws {
        let first = secretRequest("echo up; exec sleep 300")
        try await fixture.host.start(first)
        try await fixture.waitForOutput("up")

        await #expect(throws: AgentsError.self) {
            try await fixture.host.start(secretRequest("true"))
        }

        #expect(try fixture.host.request() == first.redacted)
        try await fixture.host.end(grace: .zero)
        #expect(SessionRemains.count(session: first.session) == 0)
    }

    @Test("One that comes after the session's end isn't written")
    func comesTooLate() async throws {
        try await fixture.host.end(grace: .zero)

        await #expect(throws: AgentsError.self) {
            try await fixture.host.start(secretRequest("true"))
        }

        #expect(try fixture.host.request() == nil)
    }

    @Test("Where no host can be started it is forgotten, and nothing begins with it later")
    func isForgotten() async throws {
        let program = try fixture.folder.write("#!/bin/sh\nexit 1\n", to: "broken", mode: 0o755)
        let broken = HostFixture(fixture, program: program)

        await #expect(throws: AgentsError.self) {
            try await broken.host.start(secretRequest("true"))
        }

        #expect(try fixture.host.request() == nil)
        #expect(try fixture.host.state() == .notStarted)
    }

    @Test("A lock that was given back is free, also while a process that begins has its descriptor")
    func givesLocksBack() async throws {
        let lock = try await fixture.host.takeLock()
        let inherited = dup(lock)
        defer { close(inherited) }

        SessionHost.giveBack(lock)

        SessionHost.giveBack(try await fixture.host.takeLock())
    }

    @Test("It is deleted first, and last the record that says that the session has ended")
    func isDeletedFirst() {
        let files = SessionFiles("")
        let names = [files.exit, files.lock, files.launch, files.host]

        let order = FileStatus.forgettingOrder(names)

        #expect(order == [files.launch, files.lock, files.host, files.exit])
    }
}
