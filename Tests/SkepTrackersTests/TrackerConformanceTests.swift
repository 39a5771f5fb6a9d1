import Foundation
import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker, by the suite that all trackers pass", .timeLimit(.minutes(2)))
struct TrackerConformanceTests {
    @Test("In front of a Gitea with its usual habits", arguments: TrackerConformance.cases)
    func scripted(_ conformance: TrackerConformance.Case) async throws {
        let gitea = ScriptedGitea()
        try await GiteaBench.run(script: { gitea.answer($0) }) { bench in
            let repository = bench.repository
            try await conformance.run(
                TrackerConformance.Subject(
                    tracker: bench.tracker, repository: repository, account: "skep"
                ) { title, body, labels in
                    IssueReference(
                        repository: repository, number: gitea.makeIssue(title, body, labels))
                })
        }
    }

    @Test(
        "In front of the tracker that SKEP_TEST_TRACKER_URL, _TOKEN, _REPOSITORY and _LOGIN name",
        .enabled(if: LiveTracker.fromEnvironment != nil), arguments: TrackerConformance.cases)
    func live(_ conformance: TrackerConformance.Case) async throws {
        try await conformance.run(try #require(LiveTracker.fromEnvironment).subject())
    }
}

/// A tracker somebody has set up, as `TrackerConformance` says. It will have issues, labels and pull
/// requests afterwards that it hadn't before.
struct LiveTracker: Sendable {
    static let fromEnvironment = LiveTracker(ProcessInfo.processInfo.environment)

    private let url: String
    private let token: String
    private let repository: RepositoryName
    private let login: LoginName

    init?(_ environment: [String: String]) {
        guard let url = environment["SKEP_TEST_TRACKER_URL"],
            let token = environment["SKEP_TEST_TRACKER_TOKEN"],
            let name = environment["SKEP_TEST_TRACKER_REPOSITORY"].flatMap({ RepositoryName($0) }),
            let login = environment["SKEP_TEST_TRACKER_LOGIN"]
        else { return nil }
        (self.url, self.token, repository) = (url, token, name)
        self.login = LoginName(rawValue: login)
    }

    func subject() throws -> TrackerConformance.Subject {
        let client = HTTPClient(version: "test")
        let tracker = GiteaTracker(
            address: try HTTPURL(url), token: Secret(token), client: client)
        return TrackerConformance.Subject(
            tracker: tracker, repository: repository, account: login
        ) { title, body, labels in
            try await makeIssue(title, body, labels, tracker: tracker, client: client)
        }
    }

    private func makeIssue(
        _ title: String, _ body: String, _ labels: [String], tracker: GiteaTracker,
        client: HTTPClient
    ) async throws -> IssueReference {
        struct New: Encodable { let title: String, body: String }
        struct Made: Decodable { let number: Int }

        let address = try HTTPURL(url).appending([
            "api", "v1", "repos", repository.owner, repository.name, "issues",
        ])
        let response = try await client.send(
            HTTPRequest(
                .post, address,
                headers: [
                    "Authorization": "token \(token)", "Content-Type": "application/json",
                ], body: Array(JSONEncoder().encode(New(title: title, body: body)))))
        let made = try JSONDecoder().decode(Made.self, from: Data(response.body))
        let reference = IssueReference(repository: repository, number: made.number)
        try await tracker.addLabels(labels, to: reference)
        return reference
    }
}
