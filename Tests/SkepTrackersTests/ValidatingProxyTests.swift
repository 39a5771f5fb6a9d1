import Foundation
import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("The validating proxy", .timeLimit(.minutes(3)))
struct ValidatingProxyTests {
    struct Findings: Decodable {
        struct Violation: Decodable {
            let side: String
            let operation: String
            let what: String
            let count: Int
        }
        let requests: Int
        let operations: [String: Int]
        let violations: [Violation]
    }

    /// Starts a scripted server with a proxy before it, and says what the proxy found.
    private func findings(
        script: @escaping ScriptedHTTPServer.Script, path: String = "",
        _ body: (_ url: String, _ client: HTTPClient) async throws -> Void
    ) async throws -> Findings {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let contract = try #require(
            Bundle.module.path(
                forResource: "gitea-api", ofType: "json", inDirectory: "Fixtures"))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "proxy-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try ScriptedHTTPServer(script)
        defer { server.stop() }
        let proxy = try await ValidatingProxy(
            script: tests.appendingPathComponent(
                "../EndToEndTests/Fixtures/validating_proxy.py"
            ).standardized.path,
            contract: contract, upstream: server.url + path, folder: folder.path)
        let client = HTTPClient(version: "test")
        try await body(proxy.url, client)
        let origin = try HTTPURL(proxy.url).origin.description
        let answer = try await client.send(HTTPRequest(.get, HTTPURL(origin + "/__violations")))
        return try JSONDecoder().decode(Findings.self, from: Data(answer.body))
    }

    @Test("What agrees passes as it is, and is counted by its operation")
    func agrees() async throws {
        let label = #"[{"id": 1, "name": "bug", "color": "ee0701", "exclusive": false}]"#
        let findings = try await findings(
            script: { request in
                request.path.hasSuffix("/user")
                    ? .json(#"{"message": "token is required"}"#, status: 401)
                    : .json(label, headers: [("X-Total-Count", "1")])
            }, path: "/git"
        ) { url, client in
            let response = try await client.send(
                HTTPRequest(.get, HTTPURL(url + "/api/v1/repos/bees/hive/labels?limit=50&page=1")))
            #expect(String(decoding: response.body, as: UTF8.self) == label)
            #expect(response.headers["X-Total-Count"] == "1")
            let refused = try await client.send(HTTPRequest(.get, HTTPURL(url + "/api/v1/user")))
            #expect(refused.status == 401)
        }

        #expect(findings.violations.map(\.what) == [])
        #expect(
            findings.operations == ["GET /repos/{owner}/{repo}/labels": 1, "GET /user": 1])
    }

    @Test("What disagrees is told, requests and answers apart")
    func disagrees() async throws {
        let findings = try await findings(script: { request in
            switch request.path {
            case "/api/v1/version": .json(#"{"version": 1, "mood": "fine"}"#)
            case "/api/v1/user": .json("{}", status: 418)
            default: .json("{}", status: 201)
            }
        }) { url, client in
            for path in ["/version", "/version?token=x", "/user", "/nowhere"] {
                _ = try await client.send(HTTPRequest(.get, HTTPURL(url + "/api/v1" + path)))
            }
            _ = try await client.send(
                HTTPRequest(
                    .post, HTTPURL(url + "/api/v1/repos/bees/hive/pulls/7/reviews"),
                    headers: ["Content-Type": "application/json"],
                    body: Array(#"{"event": "APPROVE"}"#.utf8)))
        }

        let told = findings.violations.map { "\($0.side) \($0.count) \($0.what)" }.sorted()
        #expect(
            told == [
                "answer 1 the status 201 isn't known there",
                "answer 1 the status 418 isn't known there",
                #"answer 2 answer has no "mood""#,
                "answer 2 answer.version is no string: 1",
                "request 1 a token stands in the query",
                "request 1 body.event can't be 'APPROVE'", "request 1 no such operation",
            ])
    }

    @Test("Known differences between the specification and servers are none")
    func exceptions() async throws {
        let findings = try await findings(script: { _ in ScriptedReply(status: 200) }) {
            url, client in
            let path = url + "/api/v1/repos/bees/hive/pulls/7/merge"
            _ = try await client.send(
                HTTPRequest(
                    .post, HTTPURL(path), headers: ["Content-Type": "application/json"],
                    body: Array(#"{"Do": "merge", "head_commit_id": "x"}"#.utf8)))
        }

        #expect(findings.violations.map(\.what) == [])
    }

    @Test("A cut connection and half an answer are passed on as they are")
    func faults() async throws {
        let half = ScriptedReply(
            headers: [("Content-Type", "application/json")], body: Array("[1, 2, 3]".utf8),
            delivery: .cut(after: 4))
        let findings = try await findings(script: { request in
            request.path.hasSuffix("/labels") ? half : .cut
        }) { url, client in
            for path in ["/version", "/repos/bees/hive/labels"] {
                let error = await #expect(throws: HTTPError.self) {
                    try await client.send(HTTPRequest(.get, HTTPURL(url + "/api/v1" + path)))
                }
                #expect(error?.mayHaveArrived == true)
            }
        }

        #expect(findings.requests == 2)
        #expect(findings.violations.map(\.what) == [])
    }

    @Test("Everything the client sends agrees with the specification", arguments: [false, true])
    func client(isTroubled: Bool) async throws {
        let gitea = ScriptedGitea()
        let count = Shared(0)
        let findings = try await findings(script: { request in
            let number = count.change { count in
                count += 1
                return count
            }
            return isTroubled && number.isMultiple(of: 5)
                ? .json("{}", status: 502) : gitea.answer(request)
        }) { url, client in
            let tracker = GiteaTracker(
                address: try HTTPURL(url), token: Secret(GiteaBench.token), client: client,
                clock: SkippingClock())
            let repository = try #require(RepositoryName("bees/hive"))
            for conformance in TrackerConformance.cases {
                try await conformance.run(
                    TrackerConformance.Subject(
                        tracker: tracker, repository: repository, account: "skep",
                        reviewer: TrackerConformance.Reviewer(
                            token: Secret(ScriptedGitea.reviewerToken), login: "codex"),
                        fixture: ScriptedGiteaFixture(gitea: gitea, repository: repository)))
            }
        }

        #expect(findings.requests > 300)
        let wrong = findings.violations.filter { $0.side == "request" }
        #expect(wrong.map { "\($0.operation): \($0.what)" } == [])
    }
}
