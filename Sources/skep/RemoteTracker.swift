import SkepCore

/// A tracker whose repositories are fetched from and pushed to somewhere else than it says: a local
/// path, or another address.
struct RemoteTracker: Tracker {
    private let tracker: any Tracker
    private let remotes: [RepositoryName: String]

    init(_ tracker: any Tracker, remotes: [RepositoryName: String]) {
        self.tracker = tracker
        self.remotes = remotes
    }

    func gitAccess(to repository: RepositoryName) async throws -> GitAccess {
        guard let remote = remotes[repository] else {
            return try await tracker.gitAccess(to: repository)
        }
        guard remote.contains("://") else { return GitAccess(remote: remote) }
        // The tracker's token goes to the tracker's own host only.
        let usual = try await tracker.gitAccess(to: repository)
        guard Self.origin(usual.remote) == Self.origin(remote) else {
            return GitAccess(remote: remote)
        }
        return GitAccess(remote: remote, user: usual.user, token: usual.token)
    }

    /// Scheme, host and port.
    private static func origin(_ address: String) -> String? {
        guard let scheme = address.firstRange(of: "://") else { return nil }
        let host = address[scheme.upperBound...].prefix { $0 != "/" }
        return (address[..<scheme.upperBound] + host).lowercased()
    }

    // The rest is the tracker's own.

    func probe() async throws -> TrackerProbe { try await tracker.probe() }
    func repository(_ name: RepositoryName) async throws -> TrackerRepository {
        try await tracker.repository(name)
    }
    func issues(in repository: RepositoryName, matching filter: IssueFilter) async throws -> [Issue]
    {
        try await tracker.issues(in: repository, matching: filter)
    }
    func issue(_ reference: IssueReference) async throws -> Issue {
        try await tracker.issue(reference)
    }
    func comments(on issue: IssueReference) async throws -> [IssueComment] {
        try await tracker.comments(on: issue)
    }
    func post(_ body: String, marker: CommentMarker, on issue: IssueReference) async throws
        -> IssueComment
    {
        try await tracker.post(body, marker: marker, on: issue)
    }
    func labels(in repository: RepositoryName) async throws -> [TrackerLabel] {
        try await tracker.labels(in: repository)
    }
    func createLabel(_ label: NewLabel, in repository: RepositoryName) async throws {
        try await tracker.createLabel(label, in: repository)
    }
    func addLabels(_ labels: [String], to issue: IssueReference) async throws {
        try await tracker.addLabels(labels, to: issue)
    }
    func removeLabel(_ label: String, from issue: IssueReference) async throws {
        try await tracker.removeLabel(label, from: issue)
    }
    func openPullRequest(_ new: NewPullRequest) async throws -> PullRequest {
        try await tracker.openPullRequest(new)
    }
    func pullRequest(_ reference: IssueReference) async throws -> PullRequest {
        try await tracker.pullRequest(reference)
    }
    func canWrite(_ user: LoginName, to repository: RepositoryName) async throws -> Bool {
        try await tracker.canWrite(user, to: repository)
    }
}
