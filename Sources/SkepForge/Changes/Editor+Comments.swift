import GRDB

extension Editor {
    /// - Throws: A refusal where the issue is locked and the actor can't write.
    @discardableResult
    func comment(_ issue: IssueRow, _ body: String) throws -> CommentRow {
        if issue.isLocked, try repository.permission(db, of: actor) < .write {
            throw Refusal.forbidden("The issue is locked.")
        }
        let made = try CommentRow.insert(db, issue: issue, author: actor, body: body, now: now)
        guard let comment = made else { throw Refusal.notFound }
        try noteReferences(in: body, of: issue, comment: comment)
        try tell("created", comment, of: issue)
        return comment
    }

    func edit(_ comment: CommentRow, of issue: IssueRow, _ body: String) throws {
        guard body != comment.body else { return }
        try comment.setBody(db, body, now: now)
        try issue.touch(db, now: now)
        let changed = try CommentRow.find(db, id: comment.id) ?? comment
        try noteReferences(in: body, of: issue, comment: changed)
        try tell(
            "edited", changed, of: issue,
            changes: ["body": ["from": .string(comment.body)]])
    }

    func delete(_ comment: CommentRow, of issue: IssueRow) throws {
        try tell("deleted", comment, of: issue)
        try comment.delete(db)
        try issue.touch(db, now: now)
    }

    private func tell(
        _ action: String, _ comment: CommentRow, of issue: IssueRow, changes: JSON? = nil
    ) throws {
        try tell(issue.isPull ? .pullRequestComment : .issueComment) {
            try presenter.commentPayload(
                action, comment, of: try current(issue), in: repository, by: actor,
                changes: changes)
        }
    }
}
