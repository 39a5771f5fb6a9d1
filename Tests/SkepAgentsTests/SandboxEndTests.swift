import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if os(Linux)
    import Glibc

    @Suite("The end of a session in a sandbox", .timeLimit(.minutes(10)))
    struct SandboxEndTests {
        @Test(
            "Code and signal of the agent are the session's own",
            arguments: SandboxStarter.possible)
        func statusIsExact(starter: SandboxStarter) async throws {
            let first = try SandboxFixture(starter)
            let second = try SandboxFixture(starter)

            #expect(try await first.run(first.request("exit 7")).how == .exited(code: 7))
            #expect(
                try await second.run(second.request("kill -SEGV $$")).how == .signalled(SIGSEGV))
        }

        @Test("INT and TERM reach the agent", arguments: SandboxStarter.possible)
        func signalsReachTheAgent(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            try await fixture.host.host.start(
                fixture.request(
                    """
                    trap 'echo got INT' INT; trap 'echo got TERM; exit 5' TERM
                    echo up; while :; do sleep 0.05; done
                    """, graceMS: 3_000))
            try await fixture.host.waitForOutput("up")
            let host = try #require(try HostRecord.read(from: fixture.host.host.files)).process
            kill(host.pid, SIGTERM)

            #expect(try await fixture.host.end().how == .stopped)
            #expect(try fixture.host.text() == "up\ngot INT\ngot TERM\n")
        }

        @Test("What it leaves behind ends with it", arguments: SandboxStarter.possible)
        func daemonsEnd(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            let time = "10000\(UInt16.random(in: 1000...9999))"
            let record = try await fixture.run(
                fixture.request(
                    "(trap '' TERM HUP INT; setsid sleep \(time) >/dev/null 2>&1 &) ; "
                        + "while ! pgrep -f 'sleep \(time)' >/dev/null; do :; done"))

            #expect(record.how == .exited(code: 0))
            #expect(record.allProcessesGone)
            #expect(!isAlive("sleep \(time)"))
        }

        @Test(
            "When the host is killed everything of the agent dies",
            arguments: SandboxStarter.possible)
        func dieWithTheHost(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            let time = "20000\(UInt16.random(in: 1000...9999))"
            try await fixture.host.host.start(
                fixture.request(
                    "trap '' TERM; (setsid sh -c 'trap \"\" TERM HUP; sleep \(time)' &); "
                        + "echo up; sleep \(time)"))
            try await fixture.host.waitForOutput("up")
            try await eventually("its processes are there") { isAlive("sleep \(time)") }
            let host = try #require(try HostRecord.read(from: fixture.host.host.files)).process
            kill(host.pid, SIGKILL)

            try await eventually("they are gone") { !isAlive("sleep \(time)") }
            try await fixture.host.host.end(grace: .zero)
        }
    }
#endif
