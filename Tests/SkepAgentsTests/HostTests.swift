import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A session's host")
struct HostTests {
    private let fixture = HostFixture()

    @Test("It tells the exit code, and keeps both streams")
    func tellsExitCode() async throws {
        let record = try await fixture.run(fixture.request("echo out; echo err >&2; exit 7"))

        #expect(record.how == .exited(code: 7))
        #expect(try fixture.text(.output) == "out\n")
        #expect(try fixture.text(.error) == "err\n")
        #expect(record.outputBytes == 4)
        #expect(record.errorBytes == 4)
        #expect(record.allProcessesGone)
        #expect(record.endedAt.uptimeMS >= record.startedAt.uptimeMS)
        #expect((record.peakMemoryBytes ?? 0) > 100_000)
    }

    @Test("It tells the signal that ended the agent")
    func tellsSignal() async throws {
        let record = try await fixture.run(fixture.request("kill -SEGV $$"))

        #expect(record.how == .signalled(SIGSEGV))
    }

    @Test("An agent that takes too long is ended")
    func enforcesWallTime() async throws {
        let limits = LaunchRequest.Limits(wallMS: 300, graceMS: 5000)
        let record = try await fixture.run(fixture.request("sleep 60", limits: limits))

        #expect(record.how == .timedOut)
        #expect(record.endedAt.uptimeMS - record.startedAt.uptimeMS < 4000)
    }

    @Test("An agent that ignores the request to end is killed after its grace")
    func killsAfterGrace() async throws {
        let limits = LaunchRequest.Limits(wallMS: 200, graceMS: 300)
        let script = "trap '' TERM; echo ready; while :; do sleep 1; done"
        let record = try await fixture.run(fixture.request(script, limits: limits))

        #expect(record.how == .timedOut)
        #expect(record.allProcessesGone)
    }

    @Test("An agent that prints nothing for too long is ended")
    func enforcesSilence() async throws {
        let limits = LaunchRequest.Limits(silenceMS: 2000, graceMS: 500)
        let script = "for i in 1 2 3 4; do echo $i; sleep 0.1; done; sleep 60"
        let record = try await fixture.run(fixture.request(script, limits: limits))

        #expect(record.how == .silent)
        #expect(try fixture.text() == "1\n2\n3\n4\n")
    }

    @Test("A flood of output ends at the limit, and the host stays small")
    func stopsFlood() async throws {
        let limits = LaunchRequest.Limits(outputBytes: 200 << 20, graceMS: 500)
        let request = fixture.request("exec cat /dev/zero", limits: limits)
        try await fixture.host.start(request)
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process.pid
        var peakKiB = 0
        while try fixture.host.state() == .alive {
            if let now = HostFixture.privateKiB(host) { peakKiB = max(peakKiB, now) }
            try await Task.sleep(for: .milliseconds(5))
        }
        let record = try await fixture.end()

        #expect(record.how == .outputLimit)
        #expect(record.outputBytes == 200 << 20)
        #expect(peakKiB < 12 << 10, "the host took \(peakKiB) KiB of its own")
        #expect(access(fixture.host.files.segment(50), F_OK) == 0)
        #expect(access(fixture.host.files.segment(52), F_OK) != 0)
    }

    @Test("Single bytes are gathered, so that records don't fill the disk")
    func gathersSmallWrites() async throws {
        let script = "i=0; while [ $i -lt 20000 ]; do printf x; i=$((i+1)); done"
        let record = try await fixture.run(fixture.request(script))
        var status = stat()
        stat(fixture.host.files.segment(1), &status)

        #expect(record.outputBytes == 20000)
        #expect(status.st_size < 30000)
    }

    @Test("Any bytes are kept as they are")
    func keepsBinary() async throws {
        let bytes = (0..<300_000).map { _ in UInt8.random(in: 0...255) }
        let file = fixture.folder.path + "/bytes"
        try Files.replace(file, with: bytes)
        let record = try await fixture.run(fixture.request("cat \(file)"))

        #expect(record.how == .exited(code: 0))
        #expect(try fixture.printed() == bytes)
    }

    @Test("A prompt of one megabyte goes through standard input")
    func feedsInput() async throws {
        let prompt = String(repeating: "prompt \u{1F41D} ", count: 90_000)
        let file = try fixture.folder.write(prompt, to: "prompt")
        let record = try await fixture.run(fixture.request("cat", input: file))

        #expect(record.how == .exited(code: 0))
        #expect(try fixture.text() == prompt)
    }

    @Test("Without a prompt standard input is empty")
    func hasEmptyInput() async throws {
        _ = try await fixture.run(fixture.request("wc -c"))

        #expect(try fixture.text().contains("0"))
    }

    @Test("Descendants in sessions of their own that ignore TERM are dead at the end")
    func killsEscapedDescendants() async throws {
        let script = """
            setsid sh -c 'trap "" TERM HUP; echo $$ > a; exec sleep 300' &
            setsid sh -c 'trap "" TERM; (setsid sh -c "echo \\$\\$ > b; exec sleep 300" &)' &
            while [ ! -s a ] || [ ! -s b ]; do sleep 0.02; done; cat a b
            """
        let record = try await fixture.run(fixture.request(script))
        let pids = try fixture.text().split(separator: "\n").compactMap { Int32($0) }

        #expect(record.how == .exited(code: 0))
        #expect(record.allProcessesGone)
        #expect(pids.count == 2)
        for pid in pids { #expect(kill(pid, 0) != 0 && errno == ESRCH) }
    }

    @Test("Whoever forks and ends faster than one can look is dead at the end")
    func killsComet() async throws {
        let script = """
            setsid sh -c 'trap "" TERM; f() { (echo x >> beat; f &); }; f' &
            while [ ! -s beat ]; do sleep 0.02; done
            """
        let request = fixture.request(script)
        let record = try await fixture.run(request)

        #expect(record.how == .exited(code: 0))
        #expect(record.allProcessesGone)
        #expect(SessionRemains.count(session: request.session) == 0)
    }

    @Test("Asked to stop, it asks the agent and all its descendants")
    func stopsOnRequest() async throws {
        let script = """
            trap 'echo told; wait; exit 0' TERM
            setsid sh -c 'trap "echo child told; exit" TERM; echo up; while :; do sleep 0.05; done' &
            while :; do sleep 0.05; done
            """
        try await fixture.host.start(
            fixture.request(script, limits: LaunchRequest.Limits(graceMS: 5000)))
        try await fixture.waitForOutput("up")
        let reply = await fixture.host.ask(.stop(graceMS: 5000))
        let record = try await fixture.end()

        #expect(reply?.isStopping == true)
        #expect(record.how == .stopped)
        #expect(try fixture.text().contains("told\n"))
        #expect(try fixture.text().contains("child told\n"))
    }

    @Test("It answers how its session stands")
    func answersStatus() async throws {
        try await fixture.host.start(fixture.request("echo hello; exec sleep 300"))
        try await fixture.waitForOutput("hello")
        let reply = try #require(await fixture.host.ask(.status))
        try await fixture.host.end(grace: .zero)

        #expect(reply.agent != nil)
        #expect(!reply.isStopping)
        #expect(reply.outputBytes == 6)
    }

    @Test("TERM to the host stops the session")
    func stopsOnSignal() async throws {
        try await fixture.host.start(fixture.request("echo up; exec sleep 300"))
        try await fixture.waitForOutput("up")
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process
        kill(host.pid, SIGTERM)

        #expect(try await fixture.end().how == .stopped)
    }

    @Test("A session outlives whoever started it, and is found again by its folder")
    func outlivesStarter() async throws {
        let script = "echo up; while [ ! -e release ]; do sleep 0.02; done; echo down"
        try await fixture.host.start(fixture.request(script))
        let host = try #require(try HostRecord.read(from: fixture.host.files)).process
        let entry = try #require(ProcessTable.entry(of: host.pid))
        let again = SessionHost(folder: fixture.host.folder, program: HostFixture.program)

        #expect(entry.parent != getpid())
        #expect(try again.state() == .alive)
        _ = try fixture.folder.write("", to: "work/release")
        guard case .ended(let record) = try await again.waitUntilOver() else {
            Issue.record("it isn't ended")
            return
        }
        #expect(record.how == .exited(code: 0))
        #expect(try fixture.text() == "up\ndown\n")
    }

    @Test("A folder is used once")
    func refusesUsedFolder() async throws {
        _ = try await fixture.run(fixture.request("true"))

        await #expect(throws: AgentsError.self) {
            try await fixture.host.start(fixture.request("true"))
        }
    }

    @Test("A second host is refused while one is there")
    func refusesSecondHost() async throws {
        try await fixture.host.start(fixture.request("exec sleep 300"))
        let error = await #expect(throws: AgentsError.self) {
            try await fixture.host.start(fixture.request("true"))
        }
        try await fixture.host.end(grace: .zero)

        #expect(error?.why?.contains("Another host keeps the session") == true)
    }

    @Test("One that begins while somebody looks isn't taken for dead")
    func beginsMeanwhile() throws {
        let files = fixture.host.files
        let process = try #require(ProcessIdentity(of: getpid()))

        let state = try fixture.host.state { () throws(AgentsError) in
            try wrapping { () throws(WireError) in
                try HostRecord(process: process, startedAt: .now).write(to: files)
            }
            return false
        }

        #expect(state == .notStarted)
        #expect(try fixture.host.state() == .dead)
    }

    @Test("A session that was ended before it began never begins")
    func refusesBuriedSession() async throws {
        let record = try await fixture.host.end(grace: .zero)

        #expect(record.how == .abandoned)
        await #expect(throws: AgentsError.self) {
            try await fixture.host.start(fixture.request("true"))
        }
    }
}
