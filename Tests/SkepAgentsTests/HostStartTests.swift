import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A session's host that hangs at its start")
struct HostStartTests {
    private let fixture = HostFixture()

    @Test("It is ended, and the session can still be started")
    func endsStopped() async throws {
        let program = try fixture.folder.write(
            "#!/bin/sh\necho $$ >'\(fixture.work)/pid'\nkill -STOP $$\n", to: "skep-host",
            mode: 0o755)
        let stopped = HostFixture(fixture, program: program)
        @Sendable func pid() throws -> Int32? {
            let text = try Files.read(fixture.work + "/pid").map {
                String(decoding: $0, as: UTF8.self)
            }
            return text?.hasSuffix("\n") == true ? text.flatMap { Int32($0.dropLast()) } : nil
        }
        let request = fixture.request("echo up")

        let error = await #expect(throws: AgentsError.self) {
            try await stopped.host.start(request) {
                try? await eventually("it is there") { try pid() != nil }
            }
        }

        #expect(error == .hostHangs(folder: fixture.host.folder, program: program))
        let stoppedID = try #require(try pid())
        #expect(ProcessTable.entry(of: stoppedID).map(\.isZombie) ?? true)
        #expect(try fixture.host.state() == .notStarted)
        #expect(try await fixture.run(request).how == .exited(code: 0))
    }

    #if os(Linux)
        @Test("So is one that has left its starter behind and holds the session already")
        func endsHolder() async throws {
            // Its host writes there under the lock, and would wait for a reader for ever.
            let draft = fixture.host.files.host + ".new"
            #expect(mkfifo(draft, 0o600) == 0)
            let request = fixture.request("echo up")

            let error = await #expect(throws: AgentsError.self) {
                try await fixture.host.start(request) {
                    try? await eventually("it holds the session") { isLocked }
                }
            }

            #expect(
                error == .hostHangs(folder: fixture.host.folder, program: HostFixture.program))
            unlink(draft)
            #expect(try fixture.host.state() == .notStarted)
            #expect(try await fixture.run(request).how == .exited(code: 0))
        }
    #endif

    /// Without a look at its host's record.
    private var isLocked: Bool {
        let lock = open(fixture.host.files.lock, O_RDONLY | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0
    }
}
