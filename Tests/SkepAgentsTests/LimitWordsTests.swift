import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

@Suite("What a session that came to a limit was held to")
struct LimitWordsTests {
    @Test(
        "It is told with the key of the agent's file",
        arguments: [
            (.timedOut, "it may take 5 s (limits.seconds)"),
            (.outputLimit, "it may print 64 MiB (limits.output_mb)"),
            (.overLimit(.memory), "it may use 512 MiB (limits.memory_mb)"),
            (
                .overLimit(.processorTime),
                "it may use 10 min (limits.processor_minutes) of processor time"
            ),
            (.overLimit(.disk), "it may hold 100 MiB (limits.disk_mb)"),
            (.overLimit(.processes), "it may have 512 at once (limits.processes)"),
            (.exited(code: 3), nil),
        ] as [(SessionResult.Ending, String?)])
    func words(ending: SessionResult.Ending, words: String?) {
        let limits = LaunchRequest.Limits(
            SessionLimits(
                time: .seconds(5), memoryBytes: 512 << 20, processorTime: .seconds(600),
                diskBytes: 100 << 20),
            grace: .seconds(1), folders: [])

        #expect(limits.words(of: ending) == words)
    }

    @Test("A failure at a limit says it")
    func failureSaysLimit() async throws {
        let fixture = try CommandFixture()
        let agent = try fixture.agent(
            script: "head -c 2000000 /dev/zero; sleep 300",
            [("limits", CommandFixture.map([("output_mb", .integer(1))]))])

        let failure = try await fixture.run(agent).result.failure

        #expect(
            failure?.sentence == "printed too much: it may print 1 MiB (limits.output_mb)")
        #expect(failure?.type.advice?.contains("`limits.output_mb`") == true)
    }
}
