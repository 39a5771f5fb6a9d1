import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: issues", .timeLimit(.minutes(5)))
struct GiteaIssuesTests {
    /// Pages of some length, with a `Link` header whose host is made up by `linkHost`.
    private func pages(
        _ items: [String], of length: Int, linkHost: String = "http://tracker.test"
    ) -> ScriptedHTTPServer.Script {
        { request in
            let page = request.parameter("page").flatMap { Int($0) } ?? 1
            let from = min(items.count, (page - 1) * length)
            let slice = Array(items[from..<min(items.count, from + length)])
            var headers: [(name: String, value: String)] = [("X-Total-Count", "\(items.count)")]
            if from + length < items.count {
                let address = "\(linkHost)/api/v1/repos/bees/hive/issues?labels=a,b"
                headers.append(
                    (
                        "Link",
                        "<\(address)&page=\(page + 1)>; rel=\"next\",<\(address)&page=99>; rel=\"last\""
                    ))
            }
            return .json(GiteaJSON.list(slice), headers: headers)
        }
    }

    @Test("All pages are read, though a page is shorter than what was asked for")
    func shortPages() async throws {
        let items = (1...7).reversed().map { GiteaJSON.issue($0) }
        try await GiteaBench.run(script: pages(items, of: 2)) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.map(\.reference.number) == [7, 6, 5, 4, 3, 2, 1])
            #expect(bench.server.requests.map { $0.parameter("page") } == ["1", "2", "3", "4"])
            #expect(bench.server.requests.allSatisfy { $0.parameter("limit") == "50" })
            #expect(bench.server.requests.allSatisfy { $0.parameter("type") == "issues" })
        }
    }

    @Test("Only the page is taken from Link: its host need not be reachable")
    func unreachableLinkHost() async throws {
        let items = (1...4).map { GiteaJSON.issue($0) }
        let script = pages(items, of: 2, linkHost: "http://forge.invalid:1")
        try await GiteaBench.run(script: script) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.count == 4)
        }
    }

    @Test(
        "A Link that leads back, or a next page that is empty, ends the walk",
        arguments: [
            "page=1", "page=2",
        ])
    func endlessLink(next: String) async throws {
        try await GiteaBench.run(script: { request in
            let items = request.parameter("page") == "1" ? [GiteaJSON.issue(1)] : []
            return .json(
                GiteaJSON.list(items), headers: [("Link", "<http://x/?\(next)>; rel=\"next\"")])
        }) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.count == 1)
            #expect(bench.server.requests.count == 2)
        }
    }

    @Test("Where a proxy drops Link, the total says that there is more")
    func withoutLink() async throws {
        try await GiteaBench.run(script: { request in
            let page = request.parameter("page").flatMap { Int($0) } ?? 0
            return .json(
                GiteaJSON.list([GiteaJSON.issue(page)]), headers: [("X-Total-Count", "3")])
        }) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.map(\.reference.number) == [3, 2, 1])
        }
    }

    @Test("An issue that moved to the next page while walking comes once")
    func shiftedPages() async throws {
        let items = [5, 4, 4, 3].map { GiteaJSON.issue($0) }
        try await GiteaBench.run(script: pages(items, of: 2)) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.map(\.reference.number) == [5, 4, 3])
        }
    }

    @Test("An unknown label, for which Gitea returns everything, finds nothing")
    func unknownLabel() async throws {
        let everything = GiteaJSON.list([
            GiteaJSON.issue(1, labels: ["ready"]), GiteaJSON.issue(2),
            GiteaJSON.issue(3, isPull: true),
        ])
        try await GiteaBench.run(script: { _ in .json(everything) }) { bench in
            let none = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter(labels: ["raedy"]))
            let ready = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter(labels: ["ready"]))

            #expect(none.isEmpty)
            #expect(ready.map(\.reference.number) == [1])
            #expect(bench.server.requests.first?.parameter("labels") == "raedy")
        }
    }

    @Test("State and assignee are filtered again, and pull requests never pass")
    func filteredAgain() async throws {
        let everything = GiteaJSON.list([
            GiteaJSON.issue(1, assignees: ["Claude"]), GiteaJSON.issue(2, assignees: ["codex"]),
            GiteaJSON.issue(3, state: "closed", assignees: ["claude"]),
            GiteaJSON.issue(4, assignees: ["claude"], isPull: true),
        ])
        try await GiteaBench.run(script: { _ in .json(everything) }) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter(assignee: "claude"))

            #expect(issues.map(\.reference.number) == [1])
        }
    }

    @Test("An assignee whom the tracker doesn't know isn't a missing repository")
    func unknownAssignee() async throws {
        try await GiteaBench.run(script: { request in
            request.parameter("assigned_by") == nil
                ? .json(GiteaJSON.list([GiteaJSON.issue(1)]))
                : .json(#"{"message": "user does not exist"}"#, status: 404)
        }) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter(assignee: "nobody"))

            #expect(issues.isEmpty)
        }
    }

    @Test("An issue changed within the second that is asked for isn't missed")
    func sinceIsWholeSeconds() async throws {
        let issue = GiteaJSON.issue(1, updated: "2026-11-01T12:00:00+02:00")
        try await GiteaBench.run(script: { _ in .json(GiteaJSON.list([issue])) }) { bench in
            // 2026-11-01T10:00:00.700Z
            let since = Timestamp(milliseconds: 1_793_527_200_700)
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter(since: since))

            #expect(bench.server.requests.first?.parameter("since") == "2026-11-01T10:00:00Z")
            #expect(issues.count == 1)
        }
    }

    @Test("An issue is read with null, absent and unknown fields, and odd times")
    func lenient() async throws {
        let sparse = """
            {"number": 7, "title": null, "body": null, "state": "open", "labels": null, \
            "assignees": null, "user": null, "created_at": "0001-01-01T00:00:00Z", "shape": 5}
            """
        try await GiteaBench.run(script: { _ in .json(sparse) }) { bench in
            let issue = try await bench.tracker.issue(bench.issue)

            #expect(issue.isOpen && !issue.isPullRequest && issue.labels.isEmpty)
            #expect(issue.createdAt == Timestamp(milliseconds: 0))
        }
    }

    @Test("An issue of 1 MB is read whole")
    func largeBody() async throws {
        let text = String(repeating: "é\n\"{{ x }}` ", count: 90_000)
        let json = GiteaJSON.issue(7, body: text)
        try await GiteaBench.run(script: { _ in .json(json) }) { bench in
            let issue = try await bench.tracker.issue(bench.issue)

            #expect(issue.body == text)
        }
    }

    @Test("A page too large to be read is asked for in smaller ones")
    func largePage() async throws {
        let items = (1...12).map { GiteaJSON.issue($0, body: String(repeating: "x", count: 1000)) }
        try await GiteaBench.run(
            limits: HTTPLimits(body: 10_000),
            script: { request in
                let limit = request.parameter("limit").flatMap { Int($0) } ?? 30
                return pages(items, of: limit)(request)
            }
        ) { bench in
            let issues = try await bench.tracker.issues(
                in: bench.repository, matching: IssueFilter())

            #expect(issues.count == 12)
        }
    }

    @Test("A list that can't be read to its end is an error, not a shorter list")
    func brokenPage() async throws {
        let script = pages((1...4).map { GiteaJSON.issue($0) }, of: 2)
        try await GiteaBench.run(script: { request in
            var reply = script(request)
            if request.parameter("page") == "2" { reply.delivery = .cut(after: 40) }
            return reply
        }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.issues(in: bench.repository, matching: IssueFilter())
            }

            #expect(error?.kind == .unavailable)
            #expect(bench.server.requests.count == 6)
        }
    }

    @Test("A tracker below a path is asked below it")
    func belowAPath() async throws {
        try await GiteaBench.run(path: "/git", script: { _ in .json(GiteaJSON.issue(7)) }) {
            bench in
            _ = try await bench.tracker.issue(bench.issue)

            #expect(bench.server.requests.first?.target == "/git/api/v1/repos/bees/hive/issues/7")
            #expect(
                bench.server.requests.first?.header("Authorization") == "token \(GiteaBench.token)")
        }
    }
}
