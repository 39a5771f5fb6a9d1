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

    @Test("Processes at once")
    func limitsProcesses() async throws {
        let script = "for i in 1 2 3 4 5 6 7 8; do setsid sleep 300 & done; wait"
        // The kernel counts all of a user's.
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

    @Test("Room left on the disk")
    func limitsFreeDisk() async throws {
        let how = try await run("sleep 300") { $0.freeDiskBytes = .max }

        #expect(how == .overLimit(.disk))
    }

    @Test("An agent within its limits isn't ended")
    func letsOthersBe() async throws {
        let how = try await run("sleep 2.5") {
            $0.memoryBytes = 1 << 30
            $0.processorMS = 60_000
            $0.diskBytes = 1 << 30
            $0.diskFolders = [fixture.work, "/nowhere"]
            $0.freeDiskBytes = 1
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
