@testable import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A session's limits")
struct HostLimitTests {
    private let fixture = HostFixture()

    private func run(
        _ script: String, _ change: (inout LaunchRequest.Limits) -> Void
    ) async throws -> ExitRecord.How {
        var request = fixture.request(script)
        request.limits.wallMS = 60_000
        change(&request.limits)
        let record = try await fixture.run(request)
        #expect(record.allProcessesGone)
        return record.how
    }

    #if os(Linux)
        @Test("Memory of all processes together")
        func limitsMemory() async throws {
            let script = """
                hold() { python3 -c 'x = bytearray(60 << 20); import signal; signal.pause()'; }
                hold & hold & wait
                """
            let how = try await run(script) { $0.memoryBytes = 100 << 20 }

            #expect(how == .overLimit(.memory))
        }

        @Test("Processor time, that of ended processes included")
        func limitsProcessorTime() async throws {
            let script = """
                while :; do sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; done
                """
            let how = try await run(script) { $0.processorMS = 1000 }

            #expect(how == .overLimit(.processorTime))
        }
    #endif

    #if os(Linux)
        @Test(
            "What else the user runs doesn't count for a session's processes",
            .enabled(if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0))
        func countsOwnProcesses() async throws {
            let others = fixture.folder.path + "/others"
            let script = """
                for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 300 & done; echo $! > \(others)
                exec skep-nothing 2>/dev/null || wait
                """
            chmod(fixture.folder.path, 0o777)
            var busy = fixture.request(script)
            busy.user = LaunchRequest.User(uid: 4242, gid: 4242)
            try await fixture.host.start(busy)
            try await eventually("they run") { FileStatus.exists(others) }
            let second = HostFixture()
            chown(second.work, 4242, 4242)
            var request = second.request("/bin/sh -c 'true & wait'; echo $?")
            request.user = LaunchRequest.User(uid: 4242, gid: 4242)
            request.limits.processes = 8

            let record = try await second.run(request)

            #expect(record.how == .exited(code: 0))
            #expect(try second.text().contains("0"))
            try await fixture.host.end(grace: .zero)
        }
    #endif

    @Test("Processes at once")
    func limitsProcesses() async throws {
        let script = "for i in 1 2 3 4 5 6 7 8; do setsid sleep 300 & done; wait"
        let how = try await run(script) { $0.processes = 5 }

        #expect([.overLimit(.processes), .exited(code: 2)].contains(how))
    }

    @Test("What its folders hold; where links lead isn't theirs")
    func limitsDisk() async throws {
        let script = "ln -s / link; mkdir -p a/b; head -c 9000000 /dev/zero > a/b/c; sleep 300"
        let how = try await run(script) {
            $0.diskBytes = 8 << 20
            $0.diskFolders = [fixture.work]
        }

        #expect(how == .overLimit(.disk))
    }

    @Test("An agent within its limits isn't ended")
    func letsOthersBe() async throws {
        let how = try await run("sleep 2.5") {
            $0.memoryBytes = 1 << 30
            $0.processorMS = 60_000
            $0.diskBytes = 1 << 30
            $0.diskFolders = [fixture.work, "/nowhere"]
        }

        #expect(how == .exited(code: 0))
    }

    @Test("A line of a gigabyte ends at the limit of output")
    func limitsLine() async throws {
        let script = "head -c 1000000000 /dev/zero | tr '\\\\0' x; sleep 300"
        var request = fixture.request(script)
        request.limits.outputBytes = 64 << 20
        request.secrets = (0..<20).map {
            "secret number \($0) \(String(repeating: "y", count: 30))"
        }
        try await fixture.host.start(request)
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process.pid
        var peak = 0
        for await _ in fixture.host.growth() {
            peak = max(peak, HostFixture.privateKiB(host) ?? 0)
        }

        #expect(try await fixture.end().how == .outputLimit)
        #expect(peak < 12 << 10, "the host took \(peak) KiB of its own")
    }
}
