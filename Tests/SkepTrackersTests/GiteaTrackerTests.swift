import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: the tracker itself", .timeLimit(.minutes(5)))
struct GiteaTrackerTests {
    @Test(
        "The product is told by the version's text",
        arguments: [
            ("1.27.0", "Gitea"), ("1.27.0+dev-12-gabc", "Gitea"),
            ("12.0.0+gitea-1.22.0", "Forgejo"),
            ("1.27.0+skep-0.1", "Skep"),
        ])
    func product(version: String, product: String) async throws {
        try await GiteaBench.run(script: { request in
            request.path.hasSuffix("/version")
                ? .json(#"{"version": "\#(version)"}"#) : .json(GiteaJSON.user("skep"))
        }) { bench in
            let probe = try await bench.tracker.probe()

            #expect(probe == TrackerProbe(product: product, version: version, login: "skep"))
        }
    }

    @Test("A token that may not ask whose it is will do")
    func tokenWithoutReadUser() async throws {
        try await GiteaBench.run(
            login: "bot",
            script: { request in
                request.path.hasSuffix("/version")
                    ? .json(#"{"version": "1.27.0"}"#)
                    : .json(
                        """
                        {"message": "token does not have at least one of required scope(s), \
                        required=[read:user], token scope=write:issue"}
                        """, status: 403)
            }
        ) { bench in
            let login = try await bench.tracker.probe().login
            #expect(login == "bot")
        }
    }

    @Test("Without a token nobody is asked for")
    func withoutToken() async throws {
        try await GiteaBench.run(token: nil, script: { _ in .json(#"{"version": "1.27.0"}"#) }) {
            bench in
            let login = try await bench.tracker.probe().login
            #expect(login == nil)
            #expect(bench.server.requests.count == 1)
            #expect(bench.server.requests.first?.header("Authorization") == nil)
        }
    }

    @Test(
        "What isn't a Gitea is told at once",
        arguments: [
            ScriptedReply(
                headers: [("Content-Type", "text/html")], body: Array("<!doctype html>".utf8)),
            .text("<html>"), .text("<html>", status: 404), .json("{}"), .json("[1]"),
            .text("hello"),
            .json("{}", status: 404),
        ])
    func notGitea(reply: ScriptedReply) async throws {
        try await GiteaBench.run(script: { _ in reply }) { bench in
            let error = await #expect(throws: GiteaError.self) { try await bench.tracker.probe() }

            guard case .notGitea = error else { Issue.record("\(error as Any)"); return }
            #expect(error?.kind == .configuration)
            #expect(bench.clock.waits.isEmpty)
        }
    }

    @Test("An address where nobody answers is told without waiting")
    func nobodyThere() async throws {
        let bench = try GiteaBench { _ in .cut }
        bench.server.stop()

        let error = await #expect(throws: GiteaError.self) { try await bench.tracker.probe() }

        #expect(error?.what.hasPrefix("Can't reach http://127.0.0.1:") == true)
        #expect(bench.clock.waits.isEmpty)
    }

    @Test("A repository is read, its address for git below the one that is configured")
    func repository() async throws {
        let json = """
            {"full_name": "Bees/Hive", "default_branch": "trunk", "empty": false, "archived": true, \
            "clone_url": "http://localhost:3000/Bees/Hive.git", "permissions": null}
            """
        try await GiteaBench.run(path: "/git", script: { _ in .json(json) }) { bench in
            let found = try await bench.tracker.repository(bench.repository)

            #expect(found.name == bench.repository && found.defaultBranch == "trunk")
            #expect(found.canPush == nil && found.isArchived && !found.isEmpty)
            #expect(found.cloneURL == bench.server.url + "/git/Bees/Hive.git")
        }
    }

    @Test("Git gets the token as a password, beside the address and not within")
    func gitAccess() async throws {
        let json = #"{"full_name": "bees/hive", "permissions": {"push": true}}"#
        try await GiteaBench.run(login: "bot", script: { _ in .json(json) }) { bench in
            let access = try await bench.tracker.gitAccess(to: bench.repository)

            #expect(access.remote == bench.server.url + "/bees/hive.git")
            #expect(access.user == "bot" && access.token?.value == GiteaBench.token)
        }
    }

    @Test(
        "Who may write is asked, but for the owner",
        arguments: [
            ("admin", true), ("owner", true), ("write", true), ("read", false), ("none", false),
            ("anything", false),
        ])
    func canWrite(permission: String, expected: Bool) async throws {
        try await GiteaBench.run(script: { _ in .json(#"{"permission": "\#(permission)"}"#) }) {
            bench in
            let may = try await bench.tracker.canWrite("ann", to: bench.repository)
            let owner = try await bench.tracker.canWrite("Bees", to: bench.repository)

            #expect(may == expected && owner)
            #expect(bench.calls == ["GET /repos/bees/hive/collaborators/ann/permission"])
        }
    }

    @Test("Whoever isn't known may not write, and not being allowed to ask is an error")
    func cannotAsk() async throws {
        let status = Shared(404)
        try await GiteaBench.run(script: { _ in .json("{}", status: status.value) }) { bench in
            let unknown = try await bench.tracker.canWrite("ann", to: bench.repository)
            status.change { $0 = 403 }
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.canWrite("ann", to: bench.repository)
            }

            #expect(!unknown)
            #expect(error?.kind == .refused)
        }
    }

    @Test("A token doesn't follow a redirect to another place, and the error says where that is")
    func redirect() async throws {
        let other = try ScriptedHTTPServer { request in
            request.header("Authorization") == nil
                ? .json(#"{"message": "token is required"}"#, status: 401) : .json("{}")
        }
        defer { other.stop() }
        let url = other.url
        try await GiteaBench.run(script: { .redirect(301, to: url + $0.target) }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.issue(bench.issue)
            }

            #expect(other.requests.count == 1)
            #expect(error?.advice == "Set the tracker's url to \(url)")
        }
    }

    @Test("A renamed repository is followed, token included")
    func renamed() async throws {
        try await GiteaBench.run(script: { request in
            request.path.contains("/hive/")
                ? .redirect(301, to: "/api/v1/repos/bees/house/issues/7")
                : .json(GiteaJSON.issue(7))
        }) { bench in
            _ = try await bench.tracker.issue(bench.issue)

            #expect(bench.server.requests.last?.header("Authorization") != nil)
        }
    }

    @Test("The token is never printed")
    func tokenIsHidden() async throws {
        let bench = try GiteaBench { _ in .json("{}", status: 401) }
        defer { bench.server.stop() }
        let error = await #expect(throws: GiteaError.self) {
            try await bench.tracker.issue(bench.issue)
        }
        var dumped = ""
        dump(bench.tracker, to: &dumped)
        dump(error, to: &dumped)

        #expect(!"\(dumped)\(bench.tracker)\(error as Any)".contains(GiteaBench.token))
    }
}
