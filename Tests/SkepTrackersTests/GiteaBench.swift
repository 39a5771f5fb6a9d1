import Foundation
import Logging
import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Synchronization
import Testing

/// A tracker under test, the scripted server it talks to, and a clock that never waits.
///
/// Everything the tracker sends is checked against the API's specification when the bench ends.
struct GiteaBench {
    static let token = "5ecretT0ken"

    let server: ScriptedHTTPServer
    let clock = SkippingClock()
    let tracker: GiteaTracker
    let repository = RepositoryName("bees/hive")!
    var issue: IssueReference { IssueReference(repository: repository, number: 7) }

    /// - Parameter path: Below which the tracker lives, as behind a proxy: "/git".
    init(
        token: String? = GiteaBench.token, login: LoginName? = nil, path: String = "",
        limits: HTTPLimits = HTTPLimits(connect: .seconds(60), stall: .seconds(120)),
        retries: GiteaRetries = GiteaRetries(),
        _ script: @escaping ScriptedHTTPServer.Script
    ) throws {
        server = try ScriptedHTTPServer(script)
        tracker = GiteaTracker(
            address: try HTTPURL(server.url + path), token: token.map { Secret($0) }, login: login,
            client: HTTPClient(version: "1", limits: limits), clock: clock, retries: retries,
            chance: { 1 }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Makes a bench, uses it, checks what was sent, and stops the server.
    static func run(
        token: String? = GiteaBench.token, login: LoginName? = nil, path: String = "",
        limits: HTTPLimits = HTTPLimits(connect: .seconds(60), stall: .seconds(120)),
        retries: GiteaRetries = GiteaRetries(),
        script: @escaping ScriptedHTTPServer.Script,
        _ body: (GiteaBench) async throws -> Void
    ) async throws {
        let bench = try GiteaBench(
            token: token, login: login, path: path, limits: limits, retries: retries, script)
        defer { bench.server.stop() }
        try await body(bench)
        for request in bench.server.requests {
            #expect(APIContract.shared.violations(of: request, below: path) == [])
        }
    }

    /// "GET /repos/bees/hive/issues" of every request, without the query.
    var calls: [String] {
        server.requests.map { request in
            let path = request.path.firstRange(of: "/api/v1").map { request.path[$0.upperBound...] }
            return "\(request.method) \(path ?? "?")"
        }
    }

    func count(_ method: String) -> Int { server.requests.count { $0.method == method } }
}

/// A clock whose waits pass at once, and are kept.
final class SkippingClock: SkepQueue.Clock {
    private let state = Mutex<(passed: Duration, waits: [Duration])>((.zero, []))
    private let start = Timestamp(milliseconds: 1_800_000_000_000)

    var now: Timestamp { start + uptime }
    var uptime: Duration { state.withLock { $0.passed } }
    var waits: [Duration] { state.withLock { $0.waits } }

    func sleep(for length: Duration) async throws {
        try Task.checkCancellation()
        advance(by: length)
        state.withLock { $0.waits.append(length) }
    }

    func advance(by length: Duration) { state.withLock { $0.passed += length } }
}

/// A value that scripts change.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    @discardableResult
    func change<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result {
        mutex.withLock { body(&$0) }
    }
}

/// JSON as Gitea writes it: every field there, null where empty.
enum GiteaJSON {
    static func issue(
        _ number: Int, title: String = "A title", body: String = "", state: String = "open",
        labels: [String] = [], assignees: [String] = [], isPull: Bool = false,
        updated: String = "2026-11-01T10:00:00+01:00", author: String = "ann", comments: Int = 0,
        milestone: String = "null", version: Int? = nil, repository: String = "null"
    ) -> String {
        let tags = labels.enumerated().map { label($0.offset + 1, $0.element) }
        let users = assignees.map(user)
        return """
            {"id": \(number + 9000), "number": \(number), "title": \(quote(title)), \
            "body": \(quote(body)), "state": "\(state)", "labels": [\(tags.joined(separator: ","))], \
            "assignee": \(users.first ?? "null"), \
            "assignees": \(users.isEmpty ? "null" : "[\(users.joined(separator: ","))]"), \
            "user": \(user(author)), "milestone": \(milestone), "comments": \(comments), \
            \(version.map { "\"content_version\": \($0), " } ?? "")"repository": \(repository), \
            "closed_at": null, "due_date": null, \
            "pull_request": \(isPull ? "{\"merged\": false}" : "null"), "novelty": {"a": [1]}, \
            "created_at": "2026-11-01T09:00:00Z", "updated_at": "\(updated)", \
            "html_url": "http://tracker.test/bees/hive/issues/\(number)"}
            """
    }

    static func comment(
        _ id: Int, _ body: String, by login: String = "skep", issue: String = "",
        pull: String = "", updated: String = "2026-11-01T09:00:00Z"
    ) -> String {
        """
        {"id": \(id), "body": \(quote(body)), "user": \(user(login)), \
        "issue_url": "\(issue)", "pull_request_url": "\(pull)", "updated_at": "\(updated)", \
        "created_at": "2026-11-01T09:00:00.25Z", "html_url": "http://tracker.test/c/\(id)"}
        """
    }

    static func review(
        _ id: Int, by login: String = "codex", state: String = "APPROVED", body: String = "",
        commit: String = "", comments: Int = 0
    ) -> String {
        """
        {"id": \(id), "user": \(user(login)), "state": "\(state)", "body": \(quote(body)), \
        "commit_id": "\(commit)", "stale": false, "dismissed": false, \
        "comments_count": \(comments), "submitted_at": "2026-11-01T09:00:00Z", "team": null, \
        "html_url": "http://tracker.test/r/\(id)"}
        """
    }

    static func label(_ id: Int, _ name: String) -> String {
        "{\"id\": \(id), \"name\": \(quote(name)), \"color\": \"EE0701\", \"exclusive\": false}"
    }

    static func user(_ login: String) -> String { "{\"id\": 3, \"login\": \"\(login)\"}" }

    static func pull(
        _ number: Int, head: String, base: String = "main", state: String = "open",
        headRepository: Int = 5, title: String = "P", author: String = "skep",
        isMerged: Bool = false, isMergeable: Bool = true, asked: [String] = [],
        commit: String = "0123456789012345678901234567890123456789"
    ) -> String {
        let reviewers = asked.isEmpty ? "null" : list(asked.map(user))
        return """
            {"number": \(number), "title": \(quote(title)), "state": "\(state)", \
            "merged": \(isMerged), "mergeable": \(isMergeable), "user": \(user(author)), \
            "requested_reviewers": \(reviewers), "updated_at": "2026-11-01T09:00:00Z", \
            "head": {"ref": "\(head)", "label": "\(head)", "repo_id": \(headRepository), \
            "sha": "\(commit)"}, \
            "base": {"ref": "\(base)", "label": "\(base)", "repo_id": 5, "sha": "x"}, \
            "merged_at": null, "html_url": "http://tracker.test/pulls/\(number)"}
            """
    }

    static func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    static func quote(_ text: String) -> String {
        let data = try? JSONEncoder().encode(text)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }
}

extension ScriptedRequest {
    /// The body of a comment that is posted.
    var commentBody: String? {
        (try? JSONDecoder().decode([String: String].self, from: Data(body)))?["body"]
    }
}
