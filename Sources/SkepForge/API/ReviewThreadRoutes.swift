import GRDB

/// Answers to a review's comments, and settling them.
extension ForgeAPI {
    static func addReviewThreadRoutes(to routes: inout Routes<Call>) {
        let pulls = "repos/{owner}/{repo}/pulls"
        for (word, isResolved) in [("resolve", true), ("unresolve", false)] {
            routes.on("POST", pulls + "/comments/{id}/" + word) { call in
                let user = try call.requireUser()
                try await call.write { db, _ in
                    let repository = try call.repository(db)
                    let comment = try call.reviewComment(db, in: repository)
                    let review = try ReviewRow.find(db, id: comment.reviewId)
                    let issue = try review.flatMap { try IssueRow.find(db, id: $0.issueId) }
                    guard
                        try repository.permission(db, of: user) >= .write
                            || issue?.authorId == user.id
                    else { throw Refusal.forbidden("Only those who can write may settle it.") }
                    try comment.setResolver(db, isResolved ? user : nil)
                }
                return .noContent
            }
        }
        routes.on("POST", pulls + "/{index}/comments/{id}/replies") { call in
            let user = try call.requireUser()
            let body = try call.fields().required("body")
            return try await call.write { db, now in
                let repository = try call.repository(db)
                let (issue, _) = try call.pull(db, in: repository)
                let comment = try call.reviewComment(db, in: repository)
                let found = try ReviewRow.find(db, id: comment.reviewId, issue: issue.id)
                guard let review = found, review.state != .pending else {
                    throw Refusal.notFound
                }
                let made = try ReviewCommentRow.insert(
                    db, review: review, path: comment.path, body: body,
                    oldLine: comment.oldLine, newLine: comment.newLine,
                    diffHunk: comment.diffHunk, author: user, now: now)
                guard let reply = made else { throw Refusal.notFound }
                let editor = try call.editor(db, in: repository, now: now)
                try editor.announce(reply: reply, on: issue)
                return .json(
                    try call.presenter(db).reviewComment(
                        reply, of: review, on: issue, in: repository), status: 201)
            }
        }
    }
}

extension Call {
    fileprivate func reviewComment(_ db: Database, in repository: RepositoryRow) throws
        -> ReviewCommentRow
    {
        let found = try ReviewCommentRow.find(db, id: id, repository: repository.id)
        guard let comment = found else { throw Refusal.notFound }
        return comment
    }
}
