import SkepAgents
import SkepCore
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A session whose host was killed")
struct HostDeathTests {
    private let fixture = HostFixture()

    private func killHost() async throws {
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process
        kill(host.pid, SIGKILL)
        try await eventually("the host is gone") { try fixture.host.state() != .alive }
    }

    @Test("It is dead, and its agent with it")
    func isDead() async throws {
        try await fixture.host.start(fixture.request("echo $$; exec sleep 300"))
        try await eventually("its pid is printed") { try !fixture.text().isEmpty }
        let agent = try #require(Int32(try fixture.text().dropLast()))
        try await killHost()

        #expect(try fixture.host.state() == .dead)
        try await eventually("the agent is gone") {
            ProcessTable.entry(of: agent).map(\.isZombie) ?? true
        }
    }

    @Test("What its agent had started is found, killed and proven gone; nobody else is touched")
    func killsRemains() async throws {
        let other = HostFixture()
        try await other.host.start(other.request("echo up; exec sleep 300"))
        try await other.waitForOutput("up")
        let request = fixture.request(
            """
            touch beat
            for i in 1 2 3; do
                setsid sh -c 'trap "" TERM; sleep 300 & env -i sleep 300 & echo x >> beat; wait' &
            done
            while [ "$(wc -l < beat)" != 3 ]; do sleep 0.02; done
            echo up; exec sleep 300
            """)
        try await fixture.host.start(request)
        try await fixture.waitForOutput("up")
        try await killHost()
        let before = SessionRemains.count(session: request.session)
        let record = try await fixture.host.end(grace: .zero)
        let othersState = try other.host.state()
        try await other.host.end(grace: .zero)

        #expect(before >= 9)
        #expect(SessionRemains.count(session: request.session) == 0)
        #expect(record.how == .abandoned)
        #expect(record.allProcessesGone)
        #expect(othersState == .alive)
    }

    @Test("What it had printed until then can be read")
    func keepsOutput() async throws {
        try await fixture.host.start(fixture.request("echo before; exec sleep 300"))
        try await fixture.waitForOutput("before")
        try await killHost()
        try await fixture.host.end(grace: .zero)

        #expect(try fixture.text() == "before\n")
    }

    @Test("Half a record at the end of its log is told from damage")
    func tellsHalfRecord() async throws {
        try await fixture.host.start(fixture.request("echo before; exec sleep 300"))
        try await fixture.waitForOutput("before")
        try await killHost()
        try await fixture.host.end(grace: .zero)
        let file = open(fixture.host.files.segment(1), O_WRONLY | O_APPEND)
        try Files.write([200, 0, 0, 0, 1, 2, 3, 4, 3, 1], to: file, path: "spool")
        close(file)
        var kinds: [SessionEvent.Kind] = []
        for try await event in fixture.host.output(waits: true) { kinds.append(event.kind) }

        #expect(kinds.count == 2)
        guard case .note(let why) = kinds.last else {
            Issue.record("it isn't said")
            return
        }
        #expect(why.contains("wasn't kept whole"))
    }

    @Test("A host that no longer answers is killed, and what it kept")
    func endsFrozenHost() async throws {
        let request = fixture.request("echo up; exec sleep 300")
        try await fixture.host.start(request)
        try await fixture.waitForOutput("up")
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process
        kill(host.pid, SIGSTOP)
        let record = try await fixture.host.end(
            grace: .zero, patience: .milliseconds(200))

        #expect(record.how == .abandoned)
        #expect(!host.isAlive)
        #expect(SessionRemains.count(session: request.session) == 0)
    }
}
