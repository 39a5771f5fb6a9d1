public import SkepCore
internal import SkepQueue

/// What every tracker does, written once and run for each, scripted or live.
///
/// ```swift
/// @Test(arguments: TrackerConformance.cases)
/// func conforms(_ conformance: TrackerConformance.Case) async throws {
///     try await conformance.run(
///         TrackerConformance.Subject(tracker: tracker, repository: name, account: "skep") {
///             title, body, labels in try await makeIssue(title, body, labels)
///         })
/// }
/// ```
///
/// The repository needs:
/// - the default branch `main` with a commit, and branches `claude/issue-1` and `topic` with a commit
///   each above it, without pull requests;
/// - the label `bug`;
/// - an account, whose token the tracker has, that may write to it.
///
/// Cases make issues, labels and pull requests of their own, don't mind what else is there, and may
/// share one repository, one after the other or all at once.
public enum TrackerConformance {
    public typealias MakeIssue =
        @Sendable (_ title: String, _ body: String, _ labels: [String]) async throws ->
        IssueReference

    /// What is examined.
    public struct Subject: Sendable {
        let tracker: any Tracker
        let repository: RepositoryName
        let account: LoginName
        let makeIssue: MakeIssue

        /// - Parameters:
        ///   - account: Whose token the tracker uses.
        ///   - makeIssue: Makes an open issue by another way than the tracker's port, which can't.
        public init(
            tracker: any Tracker, repository: RepositoryName, account: LoginName,
            makeIssue: @escaping MakeIssue
        ) {
            self.tracker = tracker
            self.repository = repository
            self.account = account
            self.makeIssue = makeIssue
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

    public static let cases: [Case] = looking + issues + comments + labels + pullRequests

    /// - Parameter problem: What is wrong when the condition doesn't hold.
    static func check(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        guard condition else { throw Unexpected(problem()) }
    }
}

extension TrackerConformance.Subject {
    /// An issue that no other case has; its title is unique.
    func newIssue(
        _ title: String = "Something is wrong", body: String = "It is.", labels: [String] = []
    ) async throws -> IssueReference {
        try await makeIssue(title, body, labels)
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
