public import SkepCore
internal import SkepQueue

/// What every tracker does, written once and run for each, scripted or live.
///
/// ```swift
/// @Test(arguments: TrackerConformance.cases)
/// func conforms(_ conformance: TrackerConformance.Case) async throws {
///     try await conformance.run(subject)
/// }
/// ```
///
/// The repository needs:
/// - the default branch `main` with a commit, and branches `claude/issue-1` and `topic` with a commit
///   each above it, without pull requests;
/// - the label `bug`;
/// - an account, whose token the tracker has, that may write to it, and another, the reviewer.
///
/// `GiteaFixture` makes all that by the API, but for the accounts. Cases make issues, labels, branches
/// and pull requests of their own, don't mind what else is there, and may share one repository, one
/// after the other or all at once.
public enum TrackerConformance {
    /// What is examined.
    public struct Subject: Sendable {
        let tracker: any Tracker
        let repository: RepositoryName
        let account: LoginName
        let reviewer: Reviewer
        let fixture: any TrackerFixture

        /// - Parameter account: Whose token the tracker uses.
        public init(
            tracker: any Tracker, repository: RepositoryName, account: LoginName,
            reviewer: Reviewer, fixture: any TrackerFixture
        ) {
            self.tracker = tracker
            self.repository = repository
            self.account = account
            self.reviewer = reviewer
            self.fixture = fixture
        }
    }

    /// A second account, which may write to the repository too.
    public struct Reviewer: Sendable {
        let token: Secret
        let login: LoginName

        public init(token: Secret, login: LoginName) {
            self.token = token
            self.login = login
        }
    }

    public struct Case: Sendable, CustomStringConvertible {
        /// A sentence about behaviour.
        public let name: String
        let body: @Sendable (Subject) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (Subject) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        /// - Throws: `Unexpected`, or what the tracker threw.
        public func run(_ subject: Subject) async throws { try await body(subject) }
    }

    public static let cases: [Case] =
        looking + issues + comments + labels + pullRequests + happenings + editing + reviewing
        + merging

    /// - Parameter problem: What is wrong when the condition doesn't hold.
    static func check(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        guard condition else { throw Unexpected(problem()) }
    }
}

/// Makes by another way than the tracker's port what the port can't.
public protocol TrackerFixture: Sendable {
    /// Makes an open issue with just this text.
    func makeIssue(_ title: String, body: String, labels: [String]) async throws -> IssueReference
    /// Makes a branch with one commit above `main`'s first, which adds a file.
    func makeBranch(_ branch: BranchName, changing file: String) async throws -> CommitID
    /// Says that an issue is blocked by another; `false` where the tracker knows of no dependencies.
    func block(_ issue: IssueReference, by other: IssueReference) async throws -> Bool
}

extension TrackerConformance.Subject {
    /// An issue that no other case has; its title is unique.
    func newIssue(
        _ title: String = "Something is wrong", body: String = "It is.", labels: [String] = []
    ) async throws -> IssueReference {
        try await fixture.makeIssue(title, body: body, labels: labels)
    }

    /// The tracker as the reviewer sees it.
    var reviewing: any Tracker { tracker.signedIn(with: reviewer.token) }

    func marker(_ what: String = "note") -> CommentMarker {
        CommentMarker(unique("run-1.\(what).report"))
    }

    /// A pull request of the account's from a branch of its own.
    func newPull(file: String? = nil) async throws -> (reference: IssueReference, head: CommitID) {
        let branch = BranchName(rawValue: unique("work"))
        let head = try await fixture.makeBranch(branch, changing: file ?? unique("file"))
        let made = try await tracker.openPullRequest(pull(branch))
        return (IssueReference(repository: repository, number: made.number), head)
    }

    /// A text that no other run of the suite has used.
    func unique(_ text: String) -> String {
        "\(text)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    func isThere(_ issue: IssueReference, _ filter: IssueFilter) async throws -> Bool {
        try await tracker.issues(in: repository, matching: filter)
            .contains { $0.reference == issue }
    }

    func pull(_ head: BranchName) -> NewPullRequest {
        NewPullRequest(
            repository: repository, title: "Repair it", body: "See the commit.", head: head,
            base: "main")
    }

    /// Runs what must be refused, and says how it was.
    func refusal(_ what: String, _ body: () async throws -> Void) async throws -> ErrorKind {
        do {
            try await body()
        } catch let error as any SkepError {
            return error.kind
        }
        throw Unexpected("\(what) wasn't refused")
    }
}
