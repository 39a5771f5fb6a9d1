public import SkepCore
public import SkepQueue
internal import Synchronization

// What people do on the tracker, and what a test looks at.
extension ScriptedTracker {
    /// Adds or replaces an issue. One that is replaced keeps the time of its making.
    @discardableResult
    public func put(
        _ number: Int, title: String = "Something is wrong", body: String = "It is.",
        isOpen: Bool = true, labels: [String] = [], assignees: [LoginName] = [],
        author: LoginName = "ann", in repository: RepositoryName = .sample,
        createdAt: Timestamp? = nil, milestone: String? = nil,
        dependencies: [IssueReference]? = nil
    ) -> IssueReference {
        let reference = IssueReference(repository: repository, number: number)
        world.state.withLock { state in
            state.issues[reference] = Issue(
                reference: reference, title: title, body: body, isOpen: isOpen, labels: labels,
                assignees: assignees, author: author, isPullRequest: false,
                createdAt: createdAt ?? state.issues[reference]?.createdAt ?? now, updatedAt: now,
                url: "http://tracker.test/\(number)", milestone: milestone,
                commentCount: state.comments[reference]?.count ?? 0)
            if let dependencies { state.dependencies[reference] = dependencies }
        }
        return reference
    }

    /// Adds or replaces a pull request.
    @discardableResult
    public func putPullRequest(
        _ number: Int, head: BranchName, base: BranchName = "main", commit: CommitID? = nil,
        title: String = "Repair it", body: String = "", author: LoginName = "skep",
        isMergeable: Bool? = true, isOpen: Bool = true, isMerged: Bool = false,
        in repository: RepositoryName = .sample
    ) -> IssueReference {
        let reference = IssueReference(repository: repository, number: number)
        change { state in
            state.pullRequests[number] = PullRequest(
                number: number, title: title, isOpen: isOpen, isMerged: isMerged, head: head,
                base: base, headCommit: commit, url: "http://tracker.test/pulls/\(number)",
                isMergeable: isMergeable, author: author, updatedAt: now)
            try? state.edit(reference, at: now) { $0.body = body }
        }
        return reference
    }

    @discardableResult
    public func comment(
        _ text: String, by login: LoginName = "ann", on place: IssueReference
    ) -> IssueComment {
        world.state.withLock { $0.add(text, by: login, on: place, at: now) }
    }

    /// Rewrites a comment.
    public func edit(comment id: Int64, to text: String) {
        change { state in
            for (place, comments) in state.comments {
                state.comments[place] = comments.map { comment in
                    guard comment.id == id else { return comment }
                    return IssueComment(
                        id: id, author: comment.author, body: text, createdAt: comment.createdAt,
                        url: comment.url)
                }
            }
            state.edits[id] = now
        }
    }

    /// Reviews a pull request at its head, or another commit.
    @discardableResult
    public func review(
        _ verdict: Verdict, by login: LoginName = "ann", on pullRequest: IssueReference,
        body: String = "", findings: [Finding] = [], at commit: CommitID? = nil
    ) throws -> Review {
        try change { state in
            let head = try state.pullRequest(pullRequest).headCommit
            return try state.add(
                verdict, by: login, on: pullRequest, body: body, findings: findings,
                commit: commit ?? head, at: now)
        }
    }

    /// Somebody's check reports on a commit.
    public func setStatus(
        _ state: CommitStatus.State, context: String = "ci", description: String = "",
        at commit: CommitID
    ) {
        world.state.withLock {
            $0.set(
                CommitStatus(
                    context: context, state: state, description: description, url: nil),
                at: commit)
        }
    }

    /// Commits come to a pull request's branch; reviews of earlier ones become stale.
    public func push(_ commit: CommitID, to pullRequest: IssueReference) throws {
        try change { try $0.push(commit, to: pullRequest, at: now) }
    }

    public func closeIssue(_ issue: IssueReference) { edit(issue) { $0.isOpen = false } }
    public func reopenIssue(_ issue: IssueReference) { edit(issue) { $0.isOpen = true } }

    public func setLabels(_ labels: [String], on issue: IssueReference) {
        edit(issue) { $0.labels = labels }
    }

    public func setAssignees(_ logins: [LoginName], on issue: IssueReference) {
        edit(issue) { $0.assignees = logins }
    }

    /// Deletes an issue, as when it is transferred to another repository.
    public func remove(_ issue: IssueReference) {
        change { state in
            state.issues[issue] = nil
            state.comments[issue] = nil
        }
    }

    /// Nothing happens to one that isn't there.
    private func edit(_ issue: IssueReference, _ body: (inout ScriptedIssue) -> Void) {
        world.state.withLock { try? $0.edit(issue, at: now, body) }
    }

    // MARK: What was posted

    /// What was posted on an issue, without markers.
    public func posts(on issue: IssueReference) -> [String] {
        (state.comments[issue] ?? []).map { Self.unmarked($0.body) }
    }

    /// What reviews of a pull request say, without markers.
    public func reviewTexts(on pullRequest: IssueReference) -> [String] {
        (state.reviews[pullRequest] ?? []).map { Self.unmarked($0.body) }
    }

    public func reactions(on comment: Int64) -> [ScriptedReaction] {
        state.reactions[comment] ?? []
    }

    private static func unmarked(_ text: String) -> String {
        text.split(separator: "\n\n\(CommentMarker.prefix)").first.map(String.init) ?? text
    }
}
