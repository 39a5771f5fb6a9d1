import Foundation
import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker, by the suite that all trackers pass", .timeLimit(.minutes(5)))
struct TrackerConformanceTests {
    @Test("In front of a Gitea with its usual habits", arguments: TrackerConformance.cases)
    func scripted(_ conformance: TrackerConformance.Case) async throws {
        let gitea = ScriptedGitea()
        try await GiteaBench.run(script: { gitea.answer($0) }) { bench in
            try await conformance.run(
                TrackerConformance.Subject(
                    tracker: bench.tracker, repository: bench.repository, account: "skep",
                    reviewer: TrackerConformance.Reviewer(
                        token: Secret(ScriptedGitea.reviewerToken), login: "codex"),
                    fixture: ScriptedGiteaFixture(gitea: gitea, repository: bench.repository)))
        }
    }

    @Test(
        "In front of the tracker that SKEP_TEST_TRACKER_URL, _TOKEN, _REVIEWER_TOKEN and _REPOSITORY name",
        .enabled(if: LiveTracker.fromEnvironment != nil), arguments: TrackerConformance.cases)
    func live(_ conformance: TrackerConformance.Case) async throws {
        try await conformance.run(try await LiveTracker.subject.value)
    }
}

/// Makes what the port can't in a scripted Gitea.
struct ScriptedGiteaFixture: TrackerFixture {
    let gitea: ScriptedGitea
    let repository: RepositoryName

    func makeIssue(_ title: String, body: String, labels: [String]) async throws -> IssueReference {
        IssueReference(repository: repository, number: gitea.makeIssue(title, body, labels))
    }

    func makeBranch(_ branch: BranchName, changing file: String) async throws -> CommitID {
        try #require(CommitID(rawValue: gitea.makeBranch(branch.rawValue, changing: file)))
    }

    func block(_ issue: IssueReference, by other: IssueReference) async throws -> Bool {
        gitea.block(issue.number, by: other.number)
        return true
    }
}

/// A tracker somebody runs, with two accounts. Where something stands before it that is meant to
/// fail, SKEP_TEST_TRACKER_DIRECT_URL is the way around, for what prepares the cases.
/// The first will have the repository, unless it has,
/// with issues, labels, branches and pull requests that it hadn't before.
struct LiveTracker: Sendable {
    static let fromEnvironment = LiveTracker(ProcessInfo.processInfo.environment)
    /// Prepared once for all cases, which wait for it.
    static let subject = Task { try await #require(fromEnvironment).prepared() }

    private let url: String
    private let directURL: String
    private let token: Secret
    private let reviewerToken: Secret
    private let repository: String

    init?(_ environment: [String: String]) {
        guard let url = environment["SKEP_TEST_TRACKER_URL"],
            let token = environment["SKEP_TEST_TRACKER_TOKEN"],
            let reviewerToken = environment["SKEP_TEST_TRACKER_REVIEWER_TOKEN"],
            let repository = environment["SKEP_TEST_TRACKER_REPOSITORY"]
        else { return nil }
        (self.url, self.repository) = (url, repository)
        directURL = environment["SKEP_TEST_TRACKER_DIRECT_URL"] ?? url
        (self.token, self.reviewerToken) = (Secret(token), Secret(reviewerToken))
    }

    private func prepared() async throws -> TrackerConformance.Subject {
        let client = HTTPClient(version: "test")
        let address = try HTTPURL(directURL)
        return try await GiteaFixture.subject(
            repository: repository, token: token, reviewerToken: reviewerToken,
            tracker: GiteaTracker(address: try HTTPURL(url), token: token, client: client)
        ) { method, path, body, token in
            var headers: HTTPHeaders = ["Authorization": "token \(token.value)"]
            if body != nil { headers["Content-Type"] = "application/json" }
            let response = try await client.send(
                HTTPRequest(
                    HTTPMethod(rawValue: method), address.appending(["api", "v1"] + path),
                    headers: headers, body: body.map { Array($0) }))
            return (response.status, Data(response.body))
        }
    }
}
