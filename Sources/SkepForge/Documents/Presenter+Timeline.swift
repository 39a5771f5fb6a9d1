import GRDB

extension Presenter {
    /// An entry of a timeline; `nil` when it names something that the caller may not see.
    func event(
        _ event: EventRow, on issue: IssueRow, in repository: RepositoryRow
    ) throws -> JSON? {
        let page = addresses.page(repository, issue)
        var body = event.body
        var updatedAtMs = event.updatedAtMs
        if event.kind == .comment {
            guard let comment = try CommentRow.find(db, id: event.id) else { return nil }
            body = comment.body
            updatedAtMs = comment.updatedAtMs
        }
        var named: JSON = .null
        if let id = event.refIssueId {
            guard let found = try visibleIssue(id) else { return nil }
            named = found
        }
        return [
            "id": .integer(event.id), "type": .string(event.kind.rawValue),
            "html_url": .string("\(page)#issuecomment-\(event.id)"),
            "pull_request_url": .string(issue.isPull ? page : ""),
            "issue_url": .string(issue.isPull ? "" : page),
            "user": try user(id: event.actorId), "body": .string(body),
            "created_at": .time(event.createdAtMs), "updated_at": .time(updatedAtMs),
            "old_project_id": 0, "project_id": 0,
            "old_milestone": try milestone(event.oldMilestoneId, in: repository),
            "milestone": try milestone(event.milestoneId, in: repository),
            "tracked_time": nil, "old_title": .string(event.oldTitle),
            "new_title": .string(event.newTitle), "old_ref": .string(event.oldRef),
            "new_ref": .string(event.newRef), "ref_issue": named,
            "ref_comment": try namedComment(event),
            "ref_action": .string(event.refAction), "ref_commit_sha": .string(event.refCommit),
            "review_id": .integer(event.reviewId ?? 0),
            "label": try event.labelId.flatMap {
                try LabelRow.find(db, id: $0, repository: repository.id)
            }.map { label($0, in: repository) } ?? .null,
            "assignee": try event.assigneeId.map { try user(id: $0) } ?? .null,
            "assignee_team": nil, "removed_assignee": .bool(event.isRemoved),
            "resolve_doer": nil,
            "dependent_issue": try event.dependentIssueId.flatMap(visibleIssue) ?? .null,
        ]
    }

    private func milestone(_ id: Int64?, in repository: RepositoryRow) throws -> JSON {
        guard let id else { return .null }
        return try MilestoneRow.find(db, id: id, repository: repository.id).map(milestone)
            ?? .null
    }

    private func visibleIssue(_ id: Int64) throws -> JSON? {
        guard let issue = try IssueRow.find(db, id: id),
            let place = try RepositoryRow.find(db, id: issue.repositoryId),
            try place.permission(db, of: caller) >= .read
        else { return nil }
        return try self.issue(issue, in: place)
    }

    private func namedComment(_ event: EventRow) throws -> JSON {
        guard let id = event.refCommentId, let comment = try CommentRow.find(db, id: id),
            let issue = try IssueRow.find(db, id: comment.issueId),
            let place = try RepositoryRow.find(db, id: issue.repositoryId)
        else { return .null }
        return try self.comment(comment, on: issue, in: place)
    }
}
