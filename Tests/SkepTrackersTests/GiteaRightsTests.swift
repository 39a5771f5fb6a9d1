import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: rights", .timeLimit(.minutes(5)))
struct GiteaRightsTests {
    /// A tracker that looks at scopes first, then finds that there is no issue 0.
    private func guarded(
        scopes: [String], permissions: String = #"{"admin": true, "push": true, "pull": true}"#
    ) -> ScriptedHTTPServer.Script {
        { request in
            let category = request.path.contains("/issues") ? "issue" : "repository"
            let verb = request.method == "GET" ? "read" : "write"
            let isGranted =
                scopes.contains("\(verb):\(category)") || scopes.contains("write:\(category)")
            guard isGranted else {
                return .json(
                    """
                    {"message": "token does not have at least one of required scope(s), \
                    required=[\(verb):\(category)], token scope=\(scopes.joined(separator: ","))"}
                    """, status: 403)
            }
            if request.method != "GET" { return .json("{}", status: 404) }
            return request.path.hasSuffix("/issues")
                ? .json("[]")
                : .json(
                    """
                    {"full_name": "bees/hive", "permissions": \(permissions)}
                    """)
        }
    }

    private func missing(_ rights: [TrackerRight]) -> [String] {
        rights.filter { $0.isGranted != true }.map(\.name)
    }

    @Test("A token that may everything has every right, and nothing was changed")
    func all() async throws {
        let script = guarded(scopes: ["write:issue", "write:repository"])
        try await GiteaBench.run(script: script) { bench in
            let rights = try await bench.tracker.rights(in: bench.repository)

            #expect(missing(rights).isEmpty)
            #expect(rights.allSatisfy { !$0.purpose.isEmpty })
            let writes = bench.server.requests.filter { $0.method != "GET" }
            #expect(writes.allSatisfy { $0.path.contains("/0") })
        }
    }

    @Test("A missing scope is named, with what it is for and how to get it")
    func missingScope() async throws {
        let script = guarded(scopes: ["read:issue", "write:repository"])
        try await GiteaBench.run(script: script) { bench in
            let rights = try await bench.tracker.rights(in: bench.repository)

            #expect(missing(rights) == ["write:issue"])
            let right = try #require(rights.first { $0.name == "write:issue" })
            #expect(right.isGranted == false)
            #expect(right.purpose.contains("post comments"))
            #expect(right.advice?.contains(#"It has "read:issue", "write:repository"."#) == true)
            #expect(right.advice?.contains("Make a token that also has \"write:issue\"") == true)
        }
    }

    @Test("Without the repository scope it can't be told what the account may")
    func unclear() async throws {
        try await GiteaBench.run(script: guarded(scopes: ["write:issue"])) { bench in
            let rights = try await bench.tracker.rights(in: bench.repository)

            #expect(
                missing(rights) == [
                    "read:repository", "write:repository", "write:repository",
                    "write access to bees/hive", "admin access to bees/hive",
                ])
            #expect(
                rights.suffix(2).map(\.isGranted) == [nil, nil])
        }
    }

    @Test("An account without access is told apart from a token without scope")
    func access() async throws {
        let script = guarded(
            scopes: ["write:issue", "write:repository"],
            permissions: #"{"admin": false, "push": false, "pull": true}"#)
        try await GiteaBench.run(script: script) { bench in
            let rights = try await bench.tracker.rights(in: bench.repository)

            #expect(
                missing(rights) == ["write access to bees/hive", "admin access to bees/hive"])
            #expect(rights.last?.advice?.contains("dispatch.allowed_users") == true)
        }
    }

    @Test("A repository that this account doesn't see at all says so")
    func invisible() async throws {
        try await GiteaBench.run(script: { _ in .json("{}", status: 404) }) { bench in
            let rights = try await bench.tracker.rights(in: bench.repository)

            #expect(rights.first?.isGranted == false)
            #expect(rights.first?.advice?.contains("no access to it") == true)
        }
    }

    @Test("A bad token, and a tracker that is down, are errors", arguments: [401, 503])
    func down(status: Int) async throws {
        try await GiteaBench.run(
            retries: GiteaRetries(tries: 1), script: { _ in .json("{}", status: status) }
        ) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.rights(in: bench.repository)
            }

            #expect(error?.kind == (status == 401 ? .configuration : .unavailable))
        }
    }
}
