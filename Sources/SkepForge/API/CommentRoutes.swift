import GRDB

extension ForgeAPI {
    static func addCommentRoutes(to routes: inout Routes<Call>) {
        let comments = "repos/{owner}/{repo}/issues/comments"
        routes.on("GET", comments) { call in
            let page = call.page
            let window = try call.window()
            return try await call.read { db in
                let repository = try call.repository(db)
                let (rows, total) = try CommentRow.of(
                    db, repository: repository.id, window: window, page: page)
                return call.list(
                    try rows.map { try call.document($0, in: repository, db) }, total: total,
                    page: page)
            }
        }
        routes.on("GET", comments + "/{id}") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                return .json(
                    try call.document(try call.comment(db, in: repository), in: repository, db))
            }
        }
        routes.on("PATCH", comments + "/{id}") { call in
            let body = try call.fields().required("body")
            return try await call.write { db, now in
                let repository = try call.repository(db)
                let comment = try call.ownComment(db, in: repository)
                guard let issue = try IssueRow.find(db, id: comment.issueId) else {
                    throw Refusal.notFound
                }
                try call.editor(db, in: repository, now: now).edit(comment, of: issue, body)
                return .json(
                    try call.document(try call.comment(db, in: repository), in: repository, db))
            }
        }
        routes.on("DELETE", comments + "/{id}") { call in
            try await call.write { db, now in
                let repository = try call.repository(db)
                let comment = try call.ownComment(db, in: repository)
                guard let issue = try IssueRow.find(db, id: comment.issueId) else {
                    throw Refusal.notFound
                }
                try call.editor(db, in: repository, now: now).delete(comment, of: issue)
            }
            return .noContent
        }
        addIssueCommentRoutes(to: &routes)
    }

    private static func addIssueCommentRoutes(to routes: inout Routes<Call>) {
        let comments = "repos/{owner}/{repo}/issues/{index}/comments"
        // As in Gitea this list has no pages.
        routes.on("GET", comments) { call in
            let window = try call.window()
            return try await call.read { db in
                let repository = try call.repository(db)
                let issue = try call.issue(db, in: repository)
                let rows = try CommentRow.of(db, issue: issue.id, window: window)
                let presenter = call.presenter(db)
                var answer = Answer.json(
                    .array(
                        try rows.map { try presenter.comment($0, on: issue, in: repository) }))
                answer.headers.append(("X-Total-Count", String(rows.count)))
                return answer
            }
        }
        routes.on("POST", comments) { call in
            _ = try call.requireUser()
            let body = try call.fields().required("body")
            return try await call.write { db, now in
                let repository = try call.repository(db)
                let found = try IssueRow.find(
                    db, repository: repository.id, number: call.index)
                guard let issue = found else { throw call.missingIssue }
                let comment = try call.editor(db, in: repository, now: now).comment(issue, body)
                return .json(
                    try call.presenter(db).comment(comment, on: issue, in: repository), status: 201)
            }
        }
    }
}

extension Call {
    /// What a comment on an issue that isn't there is answered with.
    var missingIssue: Refusal {
        memory.quirks.contains(.serverErrors)
            ? Refusal(status: 500, message: "issue does not exist") : .notFound
    }

    func comment(_ db: Database, in repository: RepositoryRow) throws -> CommentRow {
        guard let comment = try CommentRow.find(db, id: id, repository: repository.id) else {
            throw Refusal.notFound
        }
        return comment
    }

    /// The comment in the path, if the caller wrote it or administers the repository.
    func ownComment(_ db: Database, in repository: RepositoryRow) throws -> CommentRow {
        let user = try requireUser()
        let comment = try comment(db, in: repository)
        let isAdministrator = try repository.permission(db, of: user) >= .admin
        guard comment.authorId == user.id || isAdministrator else {
            throw Refusal.forbidden("Only its author may change a comment.")
        }
        return comment
    }

    func document(_ comment: CommentRow, in repository: RepositoryRow, _ db: Database) throws
        -> JSON
    {
        guard let issue = try IssueRow.find(db, id: comment.issueId) else {
            throw Refusal.notFound
        }
        return try presenter(db).comment(comment, on: issue, in: repository)
    }
}
