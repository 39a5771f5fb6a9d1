import SkepCore
import SkepQueue
import SkepTestSupport
@testable import SkepTrackers
import Testing

@Suite("GiteaError", .timeLimit(.minutes(5)))
struct GiteaErrorTests {
    private func error(_ reply: ScriptedReply, token: String? = "t") async throws -> GiteaError? {
        let bench = try GiteaBench(token: token) { _ in reply }
        defer { bench.server.stop() }
        return await #expect(throws: GiteaError.self) {
            try await bench.tracker.issue(bench.issue)
        }
    }

    @Test("A bad token and a missing one are told apart")
    func unauthorized() async throws {
        let bad = try await error(.json("{}", status: 401))
        let none = try await error(.json("{}", status: 401), token: nil)

        #expect(bad?.what.hasSuffix("doesn't accept the token.") == true)
        #expect(none?.what.hasSuffix("wants a token, and there is none.") == true)
        #expect(bad?.kind == .configuration && none?.kind == .configuration)
    }

    @Test(
        "A missing scope is named",
        arguments: [
            "token does not have at least one of required scope(s), required=[read:issue], token scope=write:repository,read:misc",
            "token does not have at least one of required scope(s): [read:issue]",
        ])
    func missingScope(message: String) async throws {
        let error = try await error(.json("{\"message\": \"\(message)\"}", status: 403))

        #expect(
            error?.what
                == "The token lacks the scope \"read:issue\" for GET /repos/bees/hive/issues/7")
        if message.contains("token scope") {
            #expect(error?.why == "It has \"write:repository\", \"read:misc\".")
        }
    }

    @Test("Another 403 is a refusal with what the tracker says")
    func forbidden() async throws {
        let error = try await error(.json(#"{"message": "issue is locked"}"#, status: 403))

        #expect(error?.kind == .refused)
        #expect(error?.why == "It says: issue is locked")
    }

    @Test("404 is not there or not visible, which depends on the token")
    func notFound() async throws {
        let error = try await error(.json("{}", status: 404))

        #expect(error?.what == "There is no issue bees/hive#7 that this account can see.")
        #expect(error?.kind == .conflict)
    }

    @Test("A page of a proxy with 502 is a failing server, not a wrong address")
    func proxyPage() async throws {
        let bench = try GiteaBench(retries: GiteaRetries(tries: 1)) { _ in
            .text("<html>Bad gateway</html>", status: 502)
        }
        defer { bench.server.stop() }
        let error = await #expect(throws: GiteaError.self) {
            try await bench.tracker.issue(bench.issue)
        }

        #expect(error?.kind == .unavailable)
    }

    @Test("An answer that lacks what every Gitea sends says which")
    func unreadable() async throws {
        let error = try await error(.json(#"{"title": "x"}"#))

        #expect(error?.why == "\"number\" is missing.")
    }

    @Test("What a tracker says is kept to one short line")
    func longMessage() async throws {
        let long = String(repeating: "x\\n", count: 500)
        let error = try await error(.json("{\"message\": \"\(long)\"}", status: 422))

        #expect(error?.why?.contains("\n") == false)
        #expect((error?.why?.count ?? 0) < 350)
    }
}

@Suite("Times as trackers write them")
struct GiteaTimeTests {
    @Test(
        "A time is read with and without fraction, in any offset",
        arguments: [
            ("2026-11-01T10:00:00Z", 1_793_527_200_000),
            ("2026-11-01T12:00:00+02:00", 1_793_527_200_000),
            ("2026-11-01T04:30:00-05:30", 1_793_527_200_000),
            ("2026-11-01T10:00:00.123456789Z", 1_793_527_200_123),
            ("2026-11-01T10:00:00.5Z", 1_793_527_200_500), ("1969-12-31T23:59:59Z", -1000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ] as [(String, Int64)])
    func read(text: String, milliseconds: Int64) {
        #expect(GiteaTime.read(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "What isn't a time, and Go's zero, are none",
        arguments: [
            "", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-01", "2026-11-01T10:00:00",
            "2026-11-01T10:00:00Zx", "2026-11-01T10:00:00.Z", "yesterday",
        ])
    func notATime(text: String) {
        #expect(GiteaTime.read(text) == nil)
    }

    @Test(
        "A time is written in UTC, rounded down to seconds",
        arguments: [
            (1_793_527_200_999, "2026-11-01T10:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"), (0, "1970-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func written(milliseconds: Int64, text: String) {
        #expect(GiteaTime.text(Timestamp(milliseconds: milliseconds)) == text)
    }

    @Test(
        "An odd Retry-After is none",
        arguments: ["", "-5", "soon", "Fri, 15 Foo 2027 08:00:20 GMT"])
    func oddRetryAfter(text: String) {
        #expect(RetryAfter.read(text, now: Timestamp(milliseconds: 0)) == nil)
    }
}
