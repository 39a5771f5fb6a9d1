import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: what happened", .timeLimit(.minutes(5)))
struct GiteaChangesTests {
    /// 2026-11-01T10:00:00.700Z
    let since = Timestamp(milliseconds: 1_793_527_200_700)

    @Test("Where nothing happened, one request says so")
    func nothingNew() async throws {
        try await GiteaBench.run(script: { _ in .json("null") }) { bench in
            let changes = try await bench.tracker.changes(in: bench.repository, since: since)

            #expect(changes.isEmpty)
            #expect(bench.server.requests.count == 1)
            let request = try #require(bench.server.requests.first)
            #expect(request.parameter("state") == "all")
            #expect(request.parameter("since") == "2026-11-01T10:00:00Z")
            #expect(request.parameter("type") == nil)
        }
    }

    @Test("Changes come by their time, whatever the tracker's order, and each once")
    func sorted() async throws {
        let pages = [
            [
                GiteaJSON.issue(9, isPull: true, updated: "2026-11-01T10:00:09Z"),
                GiteaJSON.issue(8, updated: "2026-11-01T12:00:01+02:00"),
            ],
            [
                GiteaJSON.issue(8, state: "closed", updated: "2026-11-01T10:00:05Z"),
                GiteaJSON.issue(3, updated: "2026-11-01T10:00:09Z"),
            ],
        ]
        try await GiteaBench.run(script: { request in
            let page = request.parameter("page").flatMap { Int($0) } ?? 1
            let link = (name: "Link", value: "<http://x/?page=2>; rel=\"next\"")
            return .json(GiteaJSON.list(pages[page - 1]), headers: page == 1 ? [link] : [])
        }) { bench in
            let changes = try await bench.tracker.changes(in: bench.repository, since: since)

            #expect(changes.map(\.reference.number) == [8, 3, 9])
            #expect(changes.map(\.isOpen) == [false, true, true])
            #expect(changes.map(\.isPullRequest) == [false, false, true])
        }
    }

    @Test("Comments are told where they stand by whichever address is there")
    func placed() async throws {
        let list = GiteaJSON.list([
            GiteaJSON.comment(
                5, "c", issue: "http://t.test/git/bees/hive/issues/7",
                updated: "2026-11-01T10:00:00Z"),
            GiteaJSON.comment(
                4, "b", pull: "http://t.test/bees/hive/pulls/8", updated: "2026-11-01T10:00:01Z"),
            GiteaJSON.comment(
                3, "old", issue: "http://t.test/bees/hive/issues/7",
                updated: "2026-11-01T09:59:59Z"),
            GiteaJSON.comment(2, "placeless", updated: "2026-11-01T10:00:01Z"),
            GiteaJSON.comment(1, "a", updated: "2026-11-01T10:00:01Z")
                .replacing("/c/1", with: "/bees/hive/pulls/6#issuecomment-1"),
        ])
        try await GiteaBench.run(script: { _ in .json(list) }) { bench in
            let found = try await bench.tracker.comments(in: bench.repository, since: since)

            #expect(found.map(\.comment.body) == ["a", "b", "c"])
            #expect(found.map(\.place.number) == [6, 8, 7])
            #expect(found.map(\.isOnPullRequest) == [true, true, false])
            #expect(bench.calls == ["GET /repos/bees/hive/issues/comments"])
            #expect(bench.server.requests.first?.parameter("since") == "2026-11-01T10:00:00Z")
        }
    }

    @Test("Dependencies may be in other repositories")
    func dependencies() async throws {
        let list = GiteaJSON.list([
            GiteaJSON.issue(3),
            GiteaJSON.issue(
                4, state: "closed", repository: #"{"id": 6, "full_name": "bees/wax"}"#),
        ])
        try await GiteaBench.run(script: { _ in .json(list) }) { bench in
            let found = try await bench.tracker.dependencies(of: bench.issue)

            #expect(found.map(\.reference.description) == ["bees/hive#3", "bees/wax#4"])
            #expect(found.map(\.isOpen) == [true, false])
        }
    }

    @Test("A tracker without dependencies has none, and isn't asked again", arguments: [404, 405])
    func withoutDependencies(status: Int) async throws {
        try await GiteaBench.run(script: { request in
            request.path.hasSuffix("/dependencies")
                ? .json("{}", status: status) : .json(GiteaJSON.issue(7))
        }) { bench in
            for _ in 0..<3 {
                let found = try await bench.tracker.dependencies(of: bench.issue)
                #expect(found.isEmpty)
            }
            #expect(
                bench.calls == [
                    "GET /repos/bees/hive/issues/7/dependencies", "GET /repos/bees/hive/issues/7",
                ])

            bench.clock.advance(by: .seconds(3601))
            _ = try await bench.tracker.dependencies(of: bench.issue)
            #expect(bench.calls.count == 4)
        }
    }

    @Test("A tracker without reactions gets none, and isn't asked again", arguments: [404, 405])
    func withoutReactions(status: Int) async throws {
        try await GiteaBench.run(script: { request in
            request.method == "POST"
                ? .json("{}", status: status) : .json(GiteaJSON.comment(3, "x"))
        }) { bench in
            for _ in 0..<3 {
                try await bench.tracker.react(.eyes, toComment: 3, in: bench.repository)
            }

            #expect(bench.count("POST") == 1)
            #expect(bench.server.requests.first?.text == #"{"content":"eyes"}"#)
        }
    }

    @Test("A comment that is gone doesn't mean that there are no reactions")
    func reactionToNothing() async throws {
        try await GiteaBench.run(script: { _ in .json("{}", status: 404) }) { bench in
            for _ in 0..<2 {
                let error = await #expect(throws: GiteaError.self) {
                    try await bench.tracker.react(.eyes, toComment: 3, in: bench.repository)
                }
                #expect(error?.kind == .conflict)
            }
            #expect(bench.count("POST") == 2)
        }
    }
}

@Suite("GiteaTracker: what is gone, moved or withdrawn", .timeLimit(.minutes(5)))
struct GiteaAbsenceTests {
    @Test("A repository that was there before says that it may be renamed or hidden")
    func repositoryGone() async throws {
        let isThere = Shared(true)
        try await GiteaBench.run(script: { _ in
            isThere.value ? .json("[]") : .json("{}", status: 404)
        }) { bench in
            let start = Timestamp(milliseconds: 0)
            _ = try await bench.tracker.changes(in: bench.repository, since: start)
            isThere.change { $0 = false }
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.changes(in: bench.repository, since: start)
            }

            #expect(
                error == .gone(subject: "repository bees/hive", .repositoryWasThere))
            #expect(error?.why?.contains("deleted, renamed, or no longer visible") == true)
            #expect(error?.kind == .conflict)
        }
    }

    @Test("A repository that was never seen is only not there")
    func neverThere() async throws {
        try await GiteaBench.run(script: { _ in .json("{}", status: 404) }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.repository(bench.repository)
            }

            #expect(error == .notFound(subject: "repository bees/hive", hasToken: true))
            #expect(bench.server.requests.count == 1)
        }
    }

    @Test("An issue that isn't there in a repository that is may have been transferred")
    func issueGone() async throws {
        try await GiteaBench.run(script: { request in
            request.path == "/api/v1/repos/bees/hive"
                ? .json(#"{"full_name": "bees/hive"}"#) : .json("{}", status: 404)
        }) { bench in
            let marker = CommentMarker("run-1.x.report-1")
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post("Done.", marker: marker, on: bench.issue)
            }

            #expect(error == .gone(subject: "issue bees/hive#7", .repositoryAnswers))
            #expect(error?.why?.contains("transferred") == true)
            #expect(error?.kind == .conflict)
        }
    }

    @Test("A permission that was withdrawn is named", arguments: [403, 423])
    func withdrawn(status: Int) async throws {
        try await GiteaBench.run(script: { request in
            request.method == "GET" ? .json("[]") : .json("{}", status: status)
        }) { bench in
            let marker = CommentMarker("run-1.x.report-1")
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post("Done.", marker: marker, on: bench.issue)
            }

            #expect(error?.kind == .refused)
            #expect(error?.advice == "Give the token's account write access to bees/hive.")
            #expect(error?.mayPass == true)
        }
    }

    @Test(
        "A write follows a renamed repository, with method, body and token", arguments: [301, 307])
    func renamed(status: Int) async throws {
        try await GiteaBench.run(script: { request in
            if request.path.contains("/hive/") {
                return .redirect(
                    status, to: request.path.replacing("/hive/", with: "/house/"))
            }
            return .json(GiteaJSON.issue(7, state: "closed"), status: 201)
        }) { bench in
            try await bench.tracker.setOpen(false, bench.issue)

            let last = try #require(bench.server.requests.last)
            #expect(last.method == "PATCH" && last.path == "/api/v1/repos/bees/house/issues/7")
            #expect(last.text == #"{"state":"closed"}"#)
            #expect(last.header("Authorization") == "token \(GiteaBench.token)")
        }
    }

    @Test("A write that is sent to another host arrives nowhere", arguments: [301, 307])
    func elsewhere(status: Int) async throws {
        let other = try ScriptedHTTPServer { _ in .json(GiteaJSON.issue(7)) }
        defer { other.stop() }
        let url = other.url
        try await GiteaBench.run(script: { .redirect(status, to: url + $0.target) }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.setOpen(true, bench.issue)
            }

            #expect(error?.kind == .configuration)
            #expect(other.requests.isEmpty)
        }
    }

    @Test("Another account shares nothing but the connections")
    func signedIn() async throws {
        try await GiteaBench.run(script: { request in
            let isOther = request.header("Authorization") == "token other"
            return request.path.hasSuffix("/version")
                ? .json(#"{"version": "1.27.0"}"#)
                : .json(GiteaJSON.user(isOther ? "codex" : "skep"))
        }) { bench in
            let other = bench.tracker.signedIn(with: Secret("other"))
            let first = try await bench.tracker.probe().login
            let second = try await other.probe().login
            let again = try await bench.tracker.probe().login

            #expect([first, second, again] == ["skep", "codex", "skep"])
        }
    }

    @Test("All accounts together have the one limit of requests at once")
    func sharedLimit() async throws {
        var reply = ScriptedReply.json(GiteaJSON.issue(7))
        reply.delivery = .held
        let held = reply
        try await GiteaBench.run(script: { _ in held }) { bench in
            let trackers = (0..<4).map { bench.tracker.signedIn(with: Secret("token\($0)")) }
            let issue = bench.issue
            try await withThrowingTaskGroup(of: Void.self) { group in
                for tracker in trackers + trackers {
                    group.addTask { _ = try await tracker.issue(issue) }
                }
                #expect(await bench.server.reaches { $0.heldCount == 4 })
                bench.server.release()
                try await group.waitForAll()
            }

            #expect(bench.server.mostAtOnce == 4)
            #expect(bench.server.requests.count == 8)
        }
    }
}
