public import Foundation
public import SkepCore
internal import SkepQueue

/// Prepares a repository of a Gitea-style tracker for `TrackerConformance` by its API alone.
///
/// The two accounts have to be there. What is missing is made: the repository (under the account's own
/// name), its branches, its label, the reviewer's right to write.
public struct GiteaFixture: TrackerFixture {
    /// Sends a request below `/api/v1` with a token, and answers with status and body.
    public typealias Send =
        @Sendable (
            _ method: String, _ path: [String], _ body: Data?, _ token: Secret
        ) async throws -> (status: Int, body: Data)

    /// Where all branches begin, whatever is merged into main meanwhile.
    private static let start = "conformance-start"

    public let repository: RepositoryName
    private let token: Secret
    private let tracker: any Tracker
    private let send: Send

    private init(
        repository: RepositoryName, token: Secret, tracker: any Tracker, send: @escaping Send
    ) {
        self.repository = repository
        self.token = token
        self.tracker = tracker
        self.send = send
    }

    /// Prepares the repository; once, before any case runs.
    ///
    /// - Parameters:
    ///   - repository: Its name without owner.
    ///   - tracker: Uses `token`.
    /// - Throws: `Unexpected` when the tracker refuses what is needed.
    public static func subject(
        repository: String, token: Secret, reviewerToken: Secret, tracker: any Tracker,
        send: @escaping Send
    ) async throws -> TrackerConformance.Subject {
        let account = try await login(token, send)
        let reviewer = try await login(reviewerToken, send)
        guard let name = RepositoryName("\(account)/\(repository)") else {
            throw Unexpected("\"\(repository)\" is no name of a repository")
        }
        let fixture = GiteaFixture(
            repository: name, token: token, tracker: tracker, send: send)
        try await fixture.prepare(for: reviewer)
        return TrackerConformance.Subject(
            tracker: tracker, repository: name, account: account,
            reviewer: TrackerConformance.Reviewer(token: reviewerToken, login: reviewer),
            fixture: fixture)
    }

    private static func login(_ token: Secret, _ send: Send) async throws -> LoginName {
        struct User: Decodable { let login: String }

        let (status, body) = try await send("GET", ["user"], nil, token)
        guard status == 200 else { throw Unexpected("GET /user answered \(status)") }
        return LoginName(rawValue: try JSONDecoder().decode(User.self, from: body).login)
    }

    private func prepare(for reviewer: LoginName) async throws {
        if try await !isThere([]) {
            _ = try await call(
                "POST", ["user", "repos"],
                ["name": repository.name, "auto_init": true, "default_branch": "main"])
        }
        if try await !isThere(["branches", Self.start]) {
            _ = try await call(
                "POST", home + ["branches"],
                ["new_branch_name": Self.start, "old_ref_name": "main"])
        }
        for branch in ["topic", "claude/issue-1"] as [BranchName] {
            // A slash stands as it is in this route.
            let path = branch.rawValue.split(separator: "/").map(String.init)
            if try await !isThere(["branches"] + path) {
                _ = try await makeBranch(
                    branch, changing: "\(branch)".replacing("/", with: "-"))
            }
        }
        _ = try await call(
            "PUT", home + ["collaborators", reviewer.rawValue],
            ["permission": "write"])
        try await tracker.createLabel(
            NewLabel(name: "bug", color: "ee0701", description: ""), in: repository)
    }

    // MARK: TrackerFixture

    public func makeIssue(
        _ title: String, body: String, labels: [String]
    ) async throws -> IssueReference {
        struct Made: Decodable { let number: Int }

        let answer = try await call("POST", home + ["issues"], ["title": title, "body": body])
        let made = try JSONDecoder().decode(Made.self, from: answer)
        let reference = IssueReference(repository: repository, number: made.number)
        try await tracker.addLabels(labels, to: reference)
        return reference
    }

    public func makeBranch(
        _ branch: BranchName, changing file: String
    ) async throws -> CommitID {
        struct Made: Decodable {
            struct Commit: Decodable { let sha: String }
            let commit: Commit
        }
        let text = "\(branch) was here.\n"
        let answer = try await call(
            "POST", home + ["contents", file],
            [
                "content": Data(text.utf8).base64EncodedString(), "message": "Add \(file)",
                "branch": Self.start, "new_branch": branch.rawValue,
            ])
        let made = try JSONDecoder().decode(Made.self, from: answer)
        guard let commit = CommitID(rawValue: made.commit.sha) else {
            throw Unexpected("no commit: \(made.commit.sha)")
        }
        return commit
    }

    public func block(_ issue: IssueReference, by other: IssueReference) async throws -> Bool {
        let body = try JSONSerialization.data(withJSONObject: [
            "owner": other.repository.owner, "repo": other.repository.name,
            "index": other.number,
        ])
        let path = home + ["issues", String(issue.number), "dependencies"]
        let status = try await send("POST", path, body, token).status
        if status == 404 || status == 405 { return false }
        guard (200..<300).contains(status) else {
            throw Unexpected("POST \(path.joined(separator: "/")) answered \(status)")
        }
        return true
    }

    // MARK: Requests

    private var home: [String] { ["repos", repository.owner, repository.name] }

    private func isThere(_ path: [String]) async throws -> Bool {
        try await send("GET", home + path, nil, token).status == 200
    }

    private func call(
        _ method: String, _ path: [String], _ body: [String: Any]
    ) async throws -> Data {
        let (status, answer) = try await send(
            method, path, try JSONSerialization.data(withJSONObject: body), token)
        guard (200..<300).contains(status) else {
            let text = String(decoding: answer, as: UTF8.self)
            throw Unexpected("\(method) \(path.joined(separator: "/")) answered \(status): \(text)")
        }
        return answer
    }
}
