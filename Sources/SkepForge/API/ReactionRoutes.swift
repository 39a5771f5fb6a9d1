import GRDB

extension ForgeAPI {
    static func addReactionRoutes(to routes: inout Routes<Call>) {
        let issues = "repos/{owner}/{repo}/issues"
        for pattern in ["/comments/{id}/reactions", "/{index}/reactions"] {
            routes.on("GET", issues + pattern) { call in
                try await call.read { db in
                    let place = try call.reactionPlace(db)
                    let found = try ReactionRow.of(
                        db, issue: place.issue.id, comment: place.comment)
                    return call.list(try found.map(call.presenter(db).reaction))
                }
            }
            routes.on("POST", issues + pattern, addReaction)
            routes.on("DELETE", issues + pattern) { call in
                let user = try call.requireUser()
                let content = try call.fields().string("content") ?? ""
                try await call.write { db, _ in
                    let place = try call.reactionPlace(db)
                    try ReactionRow.find(
                        db, issue: place.issue.id, comment: place.comment, user: user,
                        content: content)?.delete(db)
                }
                return .noContent
            }
        }
    }

    @Sendable private static func addReaction(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let content = try call.fields().string("content") ?? ""
        guard ReactionRow.contents.contains(content) else {
            throw Refusal.forbidden("'\(content)' is not an allowed reaction")
        }
        return try await call.write { db, now in
            let place = try call.reactionPlace(db)
            if place.issue.isLocked,
                try place.repository.permission(db, of: user) < .write
            {
                throw Refusal.forbidden("The issue is locked.")
            }
            let known = try ReactionRow.find(
                db, issue: place.issue.id, comment: place.comment, user: user, content: content)
            if let known { return .json(try call.presenter(db).reaction(known)) }
            let made = try ReactionRow.insert(
                db, issue: place.issue.id, comment: place.comment, user: user, content: content,
                now: now)
            guard let made else { throw Refusal.notFound }
            return .json(try call.presenter(db).reaction(made), status: 201)
        }
    }
}

extension Call {
    /// The issue in the path, or the comment and its issue.
    fileprivate func reactionPlace(_ db: Database) throws -> (
        repository: RepositoryRow, issue: IssueRow, comment: Int64?
    ) {
        let repository = try repository(db)
        guard parameters["id"] != nil else {
            return (repository, try issue(db, in: repository), nil)
        }
        let comment = try comment(db, in: repository)
        guard let issue = try IssueRow.find(db, id: comment.issueId) else {
            throw Refusal.notFound
        }
        return (repository, issue, comment.id)
    }
}
