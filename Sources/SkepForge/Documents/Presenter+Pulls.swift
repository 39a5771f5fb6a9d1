extension Presenter {
    /// - Parameter state: What git says of it.
    /// - Parameter isList: In lists Gitea doesn't count lines.
    func pull(
        _ issue: IssueRow, _ pull: PullRow, _ state: PullState, in repository: RepositoryRow,
        isList: Bool = false
    ) throws -> JSON {
        let assignees = try issue.assignees(db).map(user)
        let requested = try ReviewRow.requested(db, issue: issue.id).map(user)
        let page = addresses.page(repository, issue)
        let repositoryDocument = try self.repository(repository)
        func branch(_ name: String, _ commit: String) -> JSON {
            [
                "label": .string(name), "ref": .string(name), "sha": .string(commit),
                "repo_id": .integer(repository.id), "repo": repositoryDocument,
            ]
        }
        let facts = state.facts
        let isBeingChecked = memory.isBeingChecked(
            pull: issue.id, head: state.head, base: state.base)
        let isMergeable =
            issue.isOpen && !issue.isDraft && facts?.isClean == true && !isBeingChecked
        return [
            "id": .integer(issue.id), "url": .string(page), "number": JSON(issue.number),
            "user": try user(id: issue.authorId), "title": .string(issue.title),
            "body": .string(issue.body), "labels": try labels(of: issue, in: repository),
            "milestone": try milestone(of: issue),
            "assignee": assignees.first ?? .null,
            "assignees": assignees.isEmpty ? .null : .array(assignees),
            "requested_reviewers": requested.isEmpty ? .null : .array(requested),
            "requested_reviewers_teams": nil, "state": issue.isOpen ? "open" : "closed",
            "draft": .bool(issue.isDraft), "is_locked": .bool(issue.isLocked),
            "comments": JSON(try issue.commentCount(db)),
            "review_comments": JSON(try ReviewCommentRow.count(db, issue: issue.id)),
            "additions": isList ? nil : JSON(facts?.additions ?? 0),
            "deletions": isList ? nil : JSON(facts?.deletions ?? 0),
            "changed_files": isList ? nil : JSON(facts?.changedFiles ?? 0),
            "html_url": .string(page), "diff_url": .string(page + ".diff"),
            "patch_url": .string(page + ".patch"),
            "mergeable": .bool(isMergeable),
            "merged": .bool(pull.isMerged), "merged_at": time(pull.mergedAtMs),
            "merge_commit_sha": JSON(pull.mergeCommit),
            "merged_by": try pull.mergedBy.map { try user(id: $0) } ?? .null,
            "allow_maintainer_edit": false, "base": branch(pull.baseBranch, state.base),
            "head": branch(
                state.isHeadThere ? pull.headBranch : "refs/pull/\(issue.number)/head",
                state.head),
            "merge_base": .string(facts?.mergeBase ?? ""), "due_date": time(issue.dueAtMs),
            "created_at": .time(issue.createdAtMs), "updated_at": .time(issue.updatedAtMs),
            "closed_at": time(issue.closedAtMs), "pin_order": JSON(issue.pinOrder),
            "content_version": .integer(issue.contentVersion),
        ]
    }

    func review(
        _ review: ReviewRow, of issue: IssueRow, head: String, in repository: RepositoryRow
    ) throws -> JSON {
        let page = addresses.page(repository, issue)
        let author = try UserRow.find(db, id: review.authorId)
        let isOfficial = try repository.permission(db, of: author) >= .write
        let counts = review.state == .approved || review.state == .requestChanges
        return [
            "id": .integer(review.id), "user": user(author), "team": nil,
            "state": .string(review.state.rawValue), "body": .string(review.body),
            "commit_id": .string(review.commitId),
            "stale": .bool(review.state != .requestReview && review.commitId != head),
            "official": .bool(isOfficial && counts), "dismissed": .bool(review.isDismissed),
            "comments_count": JSON(try ReviewCommentRow.of(db, review: review.id).count),
            "submitted_at": .time(review.submittedAtMs), "updated_at": .time(review.updatedAtMs),
            "html_url": .string("\(page)#review-\(review.id)"),
            "pull_request_url": .string(page),
        ]
    }

    func reviewComment(
        _ comment: ReviewCommentRow, of review: ReviewRow, on issue: IssueRow,
        in repository: RepositoryRow
    ) throws -> JSON {
        let page = addresses.page(repository, issue)
        return [
            "id": .integer(comment.id), "body": .string(comment.body),
            "user": try user(id: comment.authorId ?? review.authorId),
            "resolver": try comment.resolverId.map { try user(id: $0) } ?? .null,
            "pull_request_review_id": .integer(review.id),
            "created_at": .time(comment.createdAtMs), "updated_at": .time(comment.createdAtMs),
            "path": .string(comment.path), "commit_id": .string(comment.commitId),
            "original_commit_id": .string(comment.commitId),
            "diff_hunk": .string(comment.diffHunk), "position": JSON(comment.newLine),
            "original_position": JSON(comment.oldLine),
            "html_url": .string("\(page)#reviewcomment-\(comment.id)"),
            "pull_request_url": .string(page),
        ]
    }
}
