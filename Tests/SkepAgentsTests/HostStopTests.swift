import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Stopping a session")
struct HostStopTests {
    private let fixture = HostFixture()

    private func start(_ script: String, graceMS: Int64) async throws {
        try await fixture.host.start(
            fixture.request(script, limits: LaunchRequest.Limits(graceMS: graceMS)))
        try await fixture.waitForOutput("up")
    }

    private func terminateHost() throws {
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process
        kill(host.pid, SIGTERM)
    }

    @Test("It is interrupted first, and may end by itself")
    func interruptsFirst() async throws {
        try await start(
            "trap 'echo int; exit' INT; trap 'echo term' TERM; echo up; while :; do sleep 0.1; done",
            graceMS: 100_000)
        try terminateHost()
        let record = try await fixture.end()

        #expect(record.how == .stopped)
        #expect(try fixture.text() == "up\nint\n")
    }

    @Test("Who doesn't mind that is told to end, and killed at last")
    func escalates() async throws {
        try await start(
            "trap 'echo int' INT; trap 'echo term' TERM; echo up; while :; do sleep 0.1; done",
            graceMS: 1500)
        try terminateHost()
        let record = try await fixture.end()

        #expect(record.how == .stopped)
        #expect(record.allProcessesGone)
        #expect(try fixture.text() == "up\nint\nterm\n")
    }

    @Test("Asked again, the host takes the next step at once")
    func losesPatience() async throws {
        try await start(
            "trap 'echo int' INT; trap 'echo term' TERM; echo up; while :; do sleep 0.1; done",
            graceMS: 1_000_000)
        try terminateHost()
        try await fixture.waitForOutput("int")
        try terminateHost()
        try await fixture.waitForOutput("term")
        try terminateHost()

        #expect(try await fixture.end().how == .stopped)
    }

    @Test("Whoever ignores all, forks away and begins a session of its own is gone at the end")
    func endsEscaped() async throws {
        let script = """
            trap '' INT TERM HUP
            (setsid sh -c 'trap "" INT TERM HUP; (setsid sleep 300 &); echo x >> beat; sleep 300' &)
            while [ ! -s beat ]; do sleep 0.02; done
            echo up; while :; do sleep 1; done
            """
        let request = fixture.request(script)
        try await fixture.host.start(request)
        try await fixture.waitForOutput("up")
        let record = try await fixture.host.end(grace: .milliseconds(300))

        #expect(record.how == .stopped)
        #expect(record.allProcessesGone)
        #expect(SessionRemains.count(session: request.session) == 0)
    }
}
