public import SkepCore
public import SkepQueue

extension ScriptedTracker {
    public struct State: Sendable {
        /// Issues; of pull requests those that were labelled or the like.
        public var issues: [IssueReference: Issue] = [:]
        public var comments: [IssueReference: [IssueComment]] = [:]
        /// When comments were edited last, for those that were.
        public var edits: [Int64: Timestamp] = [:]
        public var reactions: [Int64: [ScriptedReaction]] = [:]
        public var pullRequests: [Int: PullRequest] = [:]
        /// What branches are at, for pull requests that are opened from them.
        public var heads: [BranchName: CommitID] = [:]
        /// What branches change: one that is merged makes others that change the same conflict.
        public var files: [BranchName: Set<String>] = [:]
        /// The branches there are; `nil`: any.
        public var branches: Set<BranchName>?
        /// The repositories there are; `nil`: any.
        public var repositories: [RepositoryName]?
        public var reviews: [IssueReference: [Review]] = [:]
        /// The newest of each context.
        public var statuses: [CommitID: [CommitStatus]] = [:]
        /// What blocks an issue.
        public var dependencies: [IssueReference: [IssueReference]] = [:]
        /// Besides those that stand on issues.
        public var labels: [TrackerLabel] = []
        public var exclusiveLabels: Set<String> = []
        /// Who may write; `nil`: everybody.
        public var writers: Set<LoginName>?
        public var rights: [TrackerRight] = [
            TrackerRight(name: "everything", purpose: "to be scripted", isGranted: true)
        ]
        /// Whose token is whose.
        public var accounts: [Secret: LoginName] = [:]
        /// Thrown by every call.
        public var failure: (any SkepError)?
        /// Thrown by one method's calls, by the names of `calls`.
        public var failures: [String: any SkepError] = [:]
        /// Issues that the list leaves out, as when they slip between two pages.
        public var unlisted: Set<IssueReference> = []
        /// Issues on which nothing can be posted.
        public var locked: Set<IssueReference> = []
        /// How often issues were listed with a filter.
        public var listings = 0
        var calls: [String: Int] = [:]
        var lastNumber = 100
    }
}

/// A reaction, and whose it is.
public struct ScriptedReaction: Sendable, Hashable {
    public let login: LoginName
    public let reaction: Reaction

    public init(login: LoginName, reaction: Reaction) {
        self.login = login
        self.reaction = reaction
    }
}

extension ScriptedTracker.State {
    static func wholeSecond(_ time: Timestamp) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds - time.milliseconds % 1000)
    }

    /// A number that neither an issue nor a comment has.
    mutating func nextNumber() -> Int {
        repeat {
            lastNumber += 1
        } while issues.keys.contains { $0.number == lastNumber }
            || pullRequests[lastNumber] != nil
        return lastNumber
    }

    /// An issue, or a pull request in an issue's clothes.
    func issue(_ reference: IssueReference) throws -> Issue {
        if let pull = pullRequests[reference.number] { return issue(of: pull, reference) }
        guard let issue = issues[reference] else {
            throw ScriptedRefusal(kind: .conflict, what: "There is no issue \(reference)")
        }
        return issue
    }

    func pullRequest(_ reference: IssueReference) throws -> PullRequest {
        guard let pullRequest = pullRequests[reference.number] else {
            throw ScriptedRefusal(kind: .conflict, what: "There is no pull \(reference)")
        }
        return pullRequest
    }

    /// Everything that has a number in a repository.
    func everything(in repository: RepositoryName) -> [Issue] {
        let plain = issues.values.filter {
            $0.reference.repository == repository && pullRequests[$0.reference.number] == nil
        }
        let pulls = pullRequests.values.compactMap { pull in
            let known = issues.keys.first { $0.number == pull.number }
            let reference = known ?? IssueReference(repository: .sample, number: pull.number)
            return reference.repository == repository ? issue(of: pull, reference) : nil
        }
        return plain + pulls
    }

    private func issue(of pull: PullRequest, _ reference: IssueReference) -> Issue {
        let zero = Timestamp(milliseconds: 0)
        let kept = issues[reference]
        return Issue(
            reference: reference, title: pull.title, body: kept?.body ?? "", isOpen: pull.isOpen,
            labels: kept?.labels ?? [], assignees: kept?.assignees ?? [],
            author: pull.author ?? kept?.author ?? "skep", isPullRequest: true,
            createdAt: kept?.createdAt ?? pull.updatedAt ?? zero,
            updatedAt: max(kept?.updatedAt ?? zero, pull.updatedAt ?? zero), url: pull.url,
            milestone: kept?.milestone, commentCount: comments[reference]?.count ?? 0)
    }

    /// Changes an issue or a pull request; it is a change even when nothing differs.
    mutating func edit(
        _ reference: IssueReference, at time: Timestamp, _ body: (inout ScriptedIssue) -> Void
    ) throws {
        var draft = ScriptedIssue(try issue(reference))
        body(&draft)
        draft.updatedAt = time
        issues[reference] = draft.issue
        guard let pull = pullRequests[reference.number] else { return }
        var pullDraft = ScriptedPull(pull)
        pullDraft.isOpen = draft.isOpen
        pullDraft.updatedAt = time
        pullRequests[reference.number] = pullDraft.pullRequest
    }

    mutating func editPull(
        _ reference: IssueReference, at time: Timestamp, _ body: (inout ScriptedPull) -> Void
    ) throws {
        var draft = ScriptedPull(try pullRequest(reference))
        body(&draft)
        draft.updatedAt = time
        pullRequests[reference.number] = draft.pullRequest
    }

    /// Moves the times of what a test changed without a word about them.
    mutating func touch(
        whatDiffersFrom before: ScriptedTracker.State, at time: Timestamp
    ) {
        for (reference, issue) in issues
        where before.issues[reference] != issue
            && before.issues[reference]?.updatedAt == issue.updatedAt
        {
            issues[reference] = ScriptedIssue(issue, updatedAt: time).issue
        }
        for (number, pull) in pullRequests
        where before.pullRequests[number] != pull
            && before.pullRequests[number]?.updatedAt == pull.updatedAt
        {
            var draft = ScriptedPull(pull)
            draft.updatedAt = time
            pullRequests[number] = draft.pullRequest
        }
        var touched = Set(comments.keys.filter { comments[$0] != before.comments[$0] })
        touched.formUnion(reviews.keys.filter { reviews[$0] != before.reviews[$0] })
        for reference in touched { try? edit(reference, at: time) { _ in } }
    }
}

/// An issue whose parts can be changed.
struct ScriptedIssue {
    var title: String
    var body: String
    var isOpen: Bool
    var labels: [String]
    var assignees: [LoginName]
    var milestone: String?
    var updatedAt: Timestamp
    var commentCount: Int?
    private let original: Issue

    init(_ issue: Issue, updatedAt: Timestamp? = nil) {
        original = issue
        title = issue.title
        body = issue.body
        isOpen = issue.isOpen
        labels = issue.labels
        assignees = issue.assignees
        milestone = issue.milestone
        self.updatedAt = updatedAt ?? issue.updatedAt
        commentCount = issue.commentCount
    }

    var issue: Issue {
        Issue(
            reference: original.reference, title: title, body: body, isOpen: isOpen,
            labels: labels, assignees: assignees, author: original.author,
            isPullRequest: original.isPullRequest, createdAt: original.createdAt,
            updatedAt: updatedAt, url: original.url, milestone: milestone,
            commentCount: commentCount)
    }
}

/// A pull request whose parts can be changed.
struct ScriptedPull {
    var isOpen: Bool
    var isMerged: Bool
    var headCommit: CommitID?
    var isMergeable: Bool?
    var requestedReviewers: [LoginName]
    var updatedAt: Timestamp?
    private let original: PullRequest

    init(_ pull: PullRequest) {
        original = pull
        isOpen = pull.isOpen
        isMerged = pull.isMerged
        headCommit = pull.headCommit
        isMergeable = pull.isMergeable
        requestedReviewers = pull.requestedReviewers
        updatedAt = pull.updatedAt
    }

    var pullRequest: PullRequest {
        PullRequest(
            number: original.number, title: original.title, isOpen: isOpen, isMerged: isMerged,
            head: original.head, base: original.base, headCommit: headCommit, url: original.url,
            isMergeable: isMergeable, author: original.author,
            requestedReviewers: requestedReviewers, updatedAt: updatedAt)
    }
}
