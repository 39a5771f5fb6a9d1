import SkepCore
import SkepQueue
import SkepTestSupport
@testable import SkepTrackers
import Testing

@Suite("GiteaTracker: waiting and trying again", .timeLimit(.minutes(5)))
struct GiteaRetriesTests {
    /// Answers with the replies first, then well.
    private func afterwards(_ replies: [ScriptedReply]) -> ScriptedHTTPServer.Script {
        let rest = Shared(replies)
        return { _ in
            rest.change { $0.isEmpty ? nil : $0.removeFirst() } ?? .json(GiteaJSON.issue(7))
        }
    }

    private func busy(_ status: Int, after: String) -> ScriptedReply {
        .json("{}", status: status, headers: [("Retry-After", after)])
    }

    @Test("Retry-After is kept to, in seconds and as a date", arguments: [429, 503])
    func retryAfter(status: Int) async throws {
        // The bench's clock begins at Fri, 15 Jan 2027 08:00:00 GMT.
        let script = afterwards([
            busy(status, after: "7"), busy(status, after: "Fri, 15 Jan 2027 08:00:20 GMT"),
            busy(status, after: "Fri, 15 Jan 2027 07:00:00 GMT"),
        ])
        try await GiteaBench.run(script: script) { bench in
            _ = try await bench.tracker.issue(bench.issue)

            #expect(bench.clock.waits == [.seconds(7), .seconds(13), .zero])
        }
    }

    @Test("A wait longer than allowed isn't begun, and the error says until when")
    func tooLong() async throws {
        let script = afterwards([busy(429, after: "3600")])
        try await GiteaBench.run(script: script) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.issue(bench.issue)
            }

            let until = bench.clock.now + .seconds(3600)
            #expect(
                error == .busy(host: bench.server.url, status: 429, retryAt: until))
            #expect(error?.why == "It asks to come back after 2027-01-15T09:00:00Z.")
            #expect(bench.clock.waits.isEmpty)
        }
    }

    @Test("Waits double, up to the number of tries", arguments: [429, 502, 503, 504])
    func backOff(status: Int) async throws {
        let script = afterwards(Array(repeating: .json("{}", status: status), count: 9))
        try await GiteaBench.run(script: script) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.issue(bench.issue)
            }

            #expect(error?.kind == .unavailable)
            #expect(
                bench.clock.waits == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4)])
        }
    }

    @Test("All waits together have an end")
    func total() async throws {
        let retries = GiteaRetries(tries: 100, total: .seconds(30))
        let script = afterwards(Array(repeating: .json("{}", status: 503), count: 99))
        try await GiteaBench.run(retries: retries, script: script) { bench in
            await #expect(throws: GiteaError.self) { try await bench.tracker.issue(bench.issue) }

            #expect(bench.clock.uptime <= .seconds(30))
        }
    }

    @Test("Half of a wait is by chance")
    func jitter() {
        let retries = GiteaRetries()

        #expect(retries.wait(after: 1, chance: 0) == .milliseconds(250))
        #expect(retries.wait(after: 3, chance: 0.5) == .milliseconds(1500))
        #expect(retries.wait(after: 60, chance: 1) == .seconds(20))
    }

    @Test("A read is asked again after a cut connection")
    func readAfterCut() async throws {
        try await GiteaBench.run(script: afterwards([.cut, .cut])) { bench in
            _ = try await bench.tracker.issue(bench.issue)

            #expect(bench.server.requests.count == 3)
        }
    }

    @Test("What waiting doesn't mend isn't asked again", arguments: [400, 401, 403, 404, 422, 500])
    func notRepeated(status: Int) async throws {
        let script = afterwards(Array(repeating: .json("{}", status: status), count: 3))
        try await GiteaBench.run(script: script) { bench in
            await #expect(throws: GiteaError.self) { try await bench.tracker.issue(bench.issue) }

            let asked = bench.server.requests.count { $0.path.hasSuffix("/issues/7") }
            #expect(asked == 1)
        }
    }
}
