import GRDB

extension Editor {
    /// Takes over the head that was pushed to an open pull request.
    ///
    /// - Parameters:
    ///   - commits: Those that are new, the oldest first.
    ///   - isForced: Whether the old head isn't part of the new one.
    func moveHead(
        _ issue: IssueRow, _ pull: PullRow, to head: String, commits: [String], isForced: Bool
    ) throws {
        try pull.setHead(db, commit: head)
        try issue.touch(db, now: now)
        let body: JSON = [
            "is_force_push": .bool(isForced), "commit_ids": .array(commits.map(JSON.string)),
        ]
        try record(
            .pullPush, on: issue,
            EventFacts(
                body: String(decoding: body.bytes, as: UTF8.self), oldRef: pull.headCommit,
                newRef: head))
        let rule = try ProtectionRule.find(db, forBranch: pull.baseBranch, in: repository)
        if rule?.dismissesStaleApprovals == true {
            for review in try ReviewRow.of(db, issue: issue.id)
            where review.state == .approved && !review.isDismissed && review.commitId != head {
                try review.setDismissed(db, true, now: now)
            }
        }
        try tell(.pullRequestSync, branch: pull.baseBranch) {
            try presenter.issuePayload(
                "synchronized", try current(issue), in: repository, by: actor,
                push: (before: pull.headCommit, after: head))
        }
    }

    /// Marks a pull request as merged, and closes it and the issues that it says it closes.
    /// - Returns: The issues of this repository that were closed.
    func merge(_ loaded: LoadedPull, base: String, commit: String) throws -> [Int] {
        try loaded.pull.setMerged(
            db, head: loaded.state.head, base: base, commit: commit, by: actor, now: now)
        try setOpen(loaded.issue, false, commit: commit, isMerge: true)
        try repository.touch(db, now: now)
        return try closeNamed(
            in: loaded.issue.title + "\n" + loaded.issue.body, of: loaded.issue)
    }

    func setTargetBranch(_ issue: IssueRow, _ pull: PullRow, _ branch: String, commit: String)
        throws
    {
        try pull.setBase(db, branch: branch, commit: commit)
        try record(
            .changeTargetBranch, on: issue, EventFacts(oldRef: pull.baseBranch, newRef: branch))
        try issue.touch(db, now: now)
        try tell("edited", issue, changes: ["ref": ["from": .string(pull.baseBranch)]])
    }

    // MARK: Reviews

    /// Asks a user for a review, unless that was done; answers with the request's id.
    @discardableResult
    func requestReview(_ user: UserRow, of issue: IssueRow, at commit: String) throws -> Int64 {
        guard user.id != issue.authorId else {
            throw Refusal.unprocessable("poster of pr can't be reviewer")
        }
        guard try repository.permission(db, of: user) >= .read else {
            throw Refusal.unprocessable("\(user.name) can't read the repository")
        }
        let asked = try ReviewRow.of(db, issue: issue.id).first {
            $0.authorId == user.id && $0.state == .requestReview
        }
        if let asked { return asked.id }
        let made = try ReviewRow.insert(
            db, issue: issue, author: user, state: .requestReview, body: "", commit: commit,
            now: now)
        guard let made else { throw Refusal.notFound }
        try record(.reviewRequest, on: issue, EventFacts(assigneeId: user.id))
        try tellRequest("review_requested", issue, user)
        return made.id
    }

    func withdrawRequest(_ user: UserRow, of issue: IssueRow) throws {
        guard try ReviewRow.requested(db, issue: issue.id).contains(user) else { return }
        try ReviewRow.removeRequest(db, issue: issue.id, user: user.id)
        try record(
            .reviewRequest, on: issue, EventFacts(assigneeId: user.id, isRemoved: true))
        try issue.touch(db, now: now)
        try tellRequest("review_request_removed", issue, user)
    }

    private func tellRequest(_ action: String, _ issue: IssueRow, _ user: UserRow) throws {
        try tell(.pullRequestReviewRequest) {
            try presenter.issuePayload(
                action, try current(issue), in: repository, by: actor, reviewer: user)
        }
    }

    /// Tells of a review that has been handed in; a pending one is its author's alone.
    func announce(_ review: ReviewRow, of issue: IssueRow) throws {
        let event: HookEvent
        switch review.state {
        case .approved: event = .pullRequestReviewApproved
        case .requestChanges: event = .pullRequestReviewRejected
        case .comment: event = .pullRequestReviewComment
        case .pending, .requestReview: return
        }
        try record(.review, on: issue, EventFacts(body: review.body, reviewId: review.id))
        try noteReferences(in: review.body, of: issue, comment: nil)
        try issue.touch(db, now: now)
        try tell(event) {
            try presenter.issuePayload(
                "reviewed", try current(issue), in: repository, by: actor,
                review: (type: event.rawValue, content: review.body))
        }
    }

    /// Tells of an answer to a review's comment.
    func announce(reply: ReviewCommentRow, on issue: IssueRow) throws {
        try noteReferences(in: reply.body, of: issue, comment: nil)
        try issue.touch(db, now: now)
        let event = HookEvent.pullRequestReviewComment
        try tell(event) {
            try presenter.issuePayload(
                "reviewed", try current(issue), in: repository, by: actor,
                review: (type: event.rawValue, content: reply.body))
        }
    }

    func setDismissed(
        _ review: ReviewRow, of issue: IssueRow, _ isDismissed: Bool, message: String
    ) throws {
        guard review.isDismissed != isDismissed else { return }
        try review.setDismissed(db, isDismissed, now: now)
        guard isDismissed else { return }
        try record(
            .dismissReview, on: issue, EventFacts(body: message, reviewId: review.id))
        try issue.touch(db, now: now)
    }
}
