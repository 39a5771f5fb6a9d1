public import SkepCore
public import SkepQueue
internal import Synchronization

/// A tracker in memory: what a test puts into it, and what was posted. Can be told to refuse.
public final class ScriptedTracker: Tracker {
    public struct State: Sendable {
        public var issues: [IssueReference: Issue] = [:]
        public var comments: [IssueReference: [IssueComment]] = [:]
        public var pullRequests: [Int: PullRequest] = [:]
        public var failure: (any SkepError)?
        /// Issues that the list leaves out, as when they slip between two pages.
        public var unlisted: Set<IssueReference> = []
        /// Issues on which nothing can be posted.
        public var locked: Set<IssueReference> = []
        public var listings = 0
        var lastNumber = 100
    }

    private let state: Mutex<State>
    private let clock: any Clock

    public init(clock: any Clock) {
        state = Mutex(State())
        self.clock = clock
    }

    public func change<R>(_ body: (inout sending State) -> sending R) -> sending R {
        state.withLock(body)
    }

    /// Adds or replaces an issue.
    @discardableResult
    public func put(
        _ number: Int, title: String = "Something is wrong", body: String = "It is.",
        isOpen: Bool = true, labels: [String] = [], assignees: [LoginName] = []
    ) -> IssueReference {
        let reference = IssueReference(repository: .sample, number: number)
        let issue = Issue(
            reference: reference, title: title, body: body, isOpen: isOpen, labels: labels,
            assignees: assignees, author: "ann", isPullRequest: false, createdAt: clock.now,
            updatedAt: clock.now, url: "http://tracker.test/\(number)")
        state.withLock { $0.issues[reference] = issue }
        return reference
    }

    /// What was posted on an issue, without markers.
    public func posts(on issue: IssueReference) -> [String] {
        state.withLock { $0.comments[issue] ?? [] }.map { comment in
            comment.body.split(separator: "\n\n\(CommentMarker.prefix)").first.map(String.init)
                ?? comment.body
        }
    }

    private func access<R>(_ body: (inout State) throws -> R) throws -> R {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }

    public func probe() async throws -> TrackerProbe {
        TrackerProbe(product: "Scripted", version: "1", login: "skep")
    }

    public func repository(_ name: RepositoryName) async throws -> TrackerRepository {
        TrackerRepository(
            name: name, defaultBranch: "main", cloneURL: "http://tracker.test/\(name).git",
            isEmpty: false, isArchived: false, canPush: true, url: "http://tracker.test/\(name)")
    }

    public func issues(in repository: RepositoryName, matching filter: IssueFilter) async throws
        -> [Issue]
    {
        try access { state in
            state.listings += 1
            return state.issues.values.filter {
                $0.reference.repository == repository && filter.matches($0)
                    && !state.unlisted.contains($0.reference)
            }.sorted { $0.reference > $1.reference }
        }
    }

    public func issue(_ reference: IssueReference) async throws -> Issue {
        try access { state in
            guard let issue = state.issues[reference] else {
                throw ScriptedRefusal(kind: .conflict, what: "There is no issue \(reference)")
            }
            return issue
        }
    }

    public func comments(on issue: IssueReference) async throws -> [IssueComment] {
        try access { $0.comments[issue] ?? [] }
    }

    public func post(_ body: String, marker: CommentMarker, on issue: IssueReference) async throws
        -> IssueComment
    {
        try access { state in
            if state.locked.contains(issue) {
                throw ScriptedRefusal(kind: .refused, what: "\(issue) is locked.")
            }
            if let there = state.comments[issue]?.first(where: { marker.isIn($0.body) }) {
                return there
            }
            state.lastNumber += 1
            let comment = IssueComment(
                id: Int64(state.lastNumber), author: "skep", body: "\(body)\n\n\(marker)",
                createdAt: clock.now, url: "\(issue)/\(state.lastNumber)")
            state.comments[issue, default: []].append(comment)
            return comment
        }
    }

    public func labels(in repository: RepositoryName) async throws -> [TrackerLabel] { [] }
    public func createLabel(_ label: NewLabel, in repository: RepositoryName) async throws {}
    public func addLabels(_ labels: [String], to issue: IssueReference) async throws {}
    public func removeLabel(_ label: String, from issue: IssueReference) async throws {}

    public func openPullRequest(_ new: NewPullRequest) async throws -> PullRequest {
        try access { state in
            let there = state.pullRequests.values.first {
                $0.isOpen && $0.head == new.head && $0.base == new.base
            }
            if let there { return there }
            state.lastNumber += 1
            let pullRequest = PullRequest(
                number: state.lastNumber, title: new.title, isOpen: true, isMerged: false,
                head: new.head, base: new.base, headCommit: nil,
                url: "http://tracker.test/pulls/\(state.lastNumber)")
            state.pullRequests[state.lastNumber] = pullRequest
            return pullRequest
        }
    }

    public func pullRequest(_ reference: IssueReference) async throws -> PullRequest {
        try access { state in
            guard let pullRequest = state.pullRequests[reference.number] else {
                throw ScriptedRefusal(kind: .conflict, what: "There is no pull \(reference)")
            }
            return pullRequest
        }
    }

    public func canWrite(_ user: LoginName, to repository: RepositoryName) async throws -> Bool {
        true
    }

    public func gitAccess(to repository: RepositoryName) async throws -> GitAccess {
        try access { _ in GitAccess(remote: "http://tracker.test/\(repository).git") }
    }
}

/// A refusal a test asked for.
public struct ScriptedRefusal: SkepError, Hashable {
    public let kind: ErrorKind
    public let what: String

    public init(kind: ErrorKind, what: String) {
        self.kind = kind
        self.what = what
    }
}

extension RepositoryName {
    /// The repository of scripted tests: "acme/widgets".
    public static let sample = RepositoryName("acme/widgets")!  // It is of the form owner/name.
}

extension CommitID {
    /// A commit's name made of one repeated digit or letter.
    public static func sample(_ digit: Character) -> CommitID {
        CommitID(rawValue: String(repeating: digit, count: 40))!  // Callers pass 0-9 or a-f.
    }
}
