import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LeaseToken {
    static var sample: LeaseToken { sample(attempt: 1) }

    static func sample(attempt: Int) -> LeaseToken {
        LeaseToken(job: JobID(rawValue: 1042), attempt: attempt, worker: "w-1")
    }
}

@Suite("Commands")
struct HostedCommandsTests {
    private let fixture: CommandFixture
    private let commands: HostedCommands

    init() throws {
        fixture = try CommandFixture()
        commands = HostedCommands(fixture.house)
    }

    private func run(
        _ line: String, attempt: Int = 2, limits: SessionLimits = SessionLimits()
    ) async throws -> CommandResult {
        try await commands.run(
            line, in: fixture.workspace, for: .sample(attempt: attempt),
            environment: CommandEnvironment(names: ["PATH"]),
            limits: limits)
    }

    @Test("A command runs in the workspace; its result has both streams in order")
    func runsCommand() async throws {
        let result = try await run("pwd; echo err >&2")

        #expect(result.succeeded)
        #expect(result.tail.contains(fixture.workspace.path + "\n"))
        #expect(result.tail.contains("err\n"))
    }

    @Test("A command that fails is told with its exit code, and one after the other can run")
    func tellsFailure() async throws {
        #expect(try await run("exit 2").ending == .exited(code: 2))
        #expect(try await run("echo $HOME").tail == fixture.workspace.homePath + "\n")
    }

    @Test("Of much output the end is kept, whole characters only")
    func keepsTail() async throws {
        let result = try await run("yes \u{1F41D}\u{1F41D} | head -n 20000; echo end")

        #expect(result.tail.hasSuffix("\u{1F41D}\nend\n"))
        #expect(result.tail.utf8.count > 16_000)
        #expect(!result.tail.contains("\u{FFFD}"))
    }

    @Test("A command that takes too long is ended")
    func enforcesTime() async throws {
        let result = try await run("sleep 300", limits: SessionLimits(time: .milliseconds(200)))

        #expect(result.ending == .timedOut)
    }

    @Test("A command that takes too much is ended, too")
    func limitsUse() async throws {
        let disk = try await run(
            "head -c 9000000 /dev/zero >big; sleep 300", limits: SessionLimits(diskBytes: 8 << 20))
        #expect(disk.ending == .overLimit(.disk))

        let processes = try await run(
            "for i in 1 2 3 4 5 6 7 8 9; do sleep 300 & done; wait",
            limits: SessionLimits(processes: 5))
        #expect(!processes.succeeded)
        #expect(processes.ending != .timedOut)
    }

    @Test("Cancelled, it has ended everything when it says so")
    func endsOnCancellation() async throws {
        // In a namespace of its own its pid says nothing; whether it holds a pipe open does.
        let mark = fixture.workspace.outputPath + "/up"
        let pipe = fixture.workspace.outputPath + "/pipe"
        let task = Task {
            try await run(
                "mkfifo \(pipe); setsid sh -c 'exec 3<>\(pipe); touch \(mark); exec sleep 300' & wait"
            )
        }
        try await eventually("the command is up") { access(mark, F_OK) == 0 }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        let why = open(pipe, O_WRONLY | O_NONBLOCK) < 0 ? errno : 0

        #expect(why == ENXIO)
    }

    @Test("What a dead worker left running in the workspace is ended first")
    func endsPredecessor() async throws {
        let folder = fixture.house.sessions + "/commands-88-1042-1"
        mkdir(folder, 0o711)
        let predecessor = SessionHost(folder: folder, program: HostFixture.program)
        let request = LaunchRequest(
            session: "88-left-behind", program: "/bin/sleep", arguments: ["sleep", "300"],
            environment: [:], directory: "/", limits: LaunchRequest.Limits(graceMS: 100))
        try await predecessor.start(request)
        let host = try #require(try HostRecord.read(from: predecessor.files)).process

        #expect(try await run("true").succeeded)
        #expect(!host.isAlive)
        #expect(SessionRemains.count(session: request.session) == 0)
    }

    @Test("An attempt that lost its lease doesn't touch the command of the next")
    func leavesSuccessorAlone() async throws {
        let mark = fixture.workspace.outputPath + "/up"
        let successor = Task { try await run("touch \(mark); sleep 0.5", attempt: 3) }
        try await eventually("the successor is up") { access(mark, F_OK) == 0 }

        let late = Task { try await run("sleep 300", attempt: 2) }
        try await eventually("the late one is up") {
            try await HostedSessionReaper(fixture.house).runsWithCommands() == [
                fixture.workspace.run
            ]
                && access(fixture.house.sessions + "/commands-88-1042-2/host", F_OK) == 0
        }
        late.cancel()
        _ = await late.result

        #expect(try await successor.value.succeeded)
        #expect(try await HostedSessionReaper(fixture.house).runsWithCommands().isEmpty)
    }
}
