import Foundation
import GRDB
import SkepQueue

extension ForgeAPI {
    static func addReviewRoutes(to routes: inout Routes<Call>) {
        let reviews = "repos/{owner}/{repo}/pulls/{index}/reviews"
        routes.on("GET", reviews) { call in
            let loaded = try await call.loadPull()
            return try await call.read { db in
                let presenter = call.presenter(db)
                let visible = try ReviewRow.of(db, issue: loaded.issue.id).filter(call.maySee)
                return call.list(
                    try visible.map {
                        try presenter.review(
                            $0, of: loaded.issue, head: loaded.state.head, in: loaded.repository)
                    })
            }
        }
        routes.on("POST", reviews, createReview)
        routes.on("GET", reviews + "/{id}") { call in
            let loaded = try await call.loadPull()
            return try await call.reviewAnswer(call.id, of: loaded)
        }
        routes.on("POST", reviews + "/{id}", submitReview)
        routes.on("DELETE", reviews + "/{id}") { call in
            let user = try call.requireUser()
            try await call.write { db, _ in
                let repository = try call.repository(db)
                let review = try call.review(db, in: repository)
                let isAdministrator = try repository.permission(db, of: user) >= .admin
                guard review.authorId == user.id || isAdministrator else {
                    throw Refusal.forbidden("Only its author may delete a review.")
                }
                try review.delete(db)
            }
            return .noContent
        }
        routes.on("GET", reviews + "/{id}/comments") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let review = try call.review(db, in: repository)
                let issue = try call.issue(db, in: repository)
                let presenter = call.presenter(db)
                return .json(
                    .array(
                        try ReviewCommentRow.of(db, review: review.id).map {
                            try presenter.reviewComment(
                                $0, of: review, on: issue, in: repository)
                        }))
            }
        }
        for (word, isDismissed) in [("dismissals", true), ("undismissals", false)] {
            routes.on("POST", reviews + "/{id}/" + word) { call in
                let message = try call.fields().string("message") ?? ""
                let loaded = try await call.loadPull()
                try await call.write { db, now in
                    let repository = try call.repository(db, for: .write)
                    let review = try call.review(db, in: repository)
                    guard review.state == .approved || review.state == .requestChanges else {
                        throw Refusal.forbidden("This review can't be dismissed.")
                    }
                    try call.editor(db, in: repository, now: now).setDismissed(
                        review, of: try call.issue(db, in: repository), isDismissed,
                        message: message)
                }
                return try await call.reviewAnswer(call.id, of: loaded)
            }
        }
        addReviewerRoutes(to: &routes)
    }

    private static func addReviewerRoutes(to routes: inout Routes<Call>) {
        let reviewers = "repos/{owner}/{repo}/pulls/{index}/requested_reviewers"
        routes.on("POST", reviewers) { call in
            _ = try call.requireUser()
            let names = try call.fields().strings("reviewers") ?? []
            let loaded = try await call.loadPull()
            let ids = try await call.write { db, now in
                let repository = try call.repository(db)
                let issue = try call.issue(db, in: repository)
                guard issue.isOpen else { throw Refusal.forbidden("The pull request is closed.") }
                let editor = try call.editor(db, in: repository, now: now)
                return try names.map {
                    try editor.requestReview(
                        try call.reviewer(db, named: $0), of: issue, at: loaded.state.head)
                }
            }
            return try await call.read { db in
                let presenter = call.presenter(db)
                let rows = try ids.compactMap {
                    try ReviewRow.find(db, id: $0, issue: loaded.issue.id)
                }
                return .json(
                    .array(
                        try rows.map {
                            try presenter.review(
                                $0, of: loaded.issue, head: loaded.state.head,
                                in: loaded.repository)
                        }), status: 201)
            }
        }
        routes.on("DELETE", reviewers) { call in
            let names = try call.fields().strings("reviewers") ?? []
            try await call.write { db, now in
                let repository = try call.repository(db, for: .write)
                let (issue, _) = try call.pull(db, in: repository)
                guard issue.isOpen else { throw Refusal.forbidden("The pull request is closed.") }
                let editor = try call.editor(db, in: repository, now: now)
                for name in names {
                    try editor.withdrawRequest(try call.reviewer(db, named: name), of: issue)
                }
            }
            return .noContent
        }
    }

    /// What a word for a review's event means. Words that Gitea doesn't know, GitHub's "APPROVE"
    /// among them, make a pending review there and here: no error tells of it.
    static func reviewState(_ word: String?) -> ReviewRow.State {
        switch word?.uppercased() {
        case "APPROVED": .approved
        case "REQUEST_CHANGES": .requestChanges
        case "COMMENT": .comment
        default: .pending
        }
    }

    @Sendable private static func createReview(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let state = reviewState(try fields.string("event"))
        let body = try fields.string("body") ?? ""
        let comments = try ReviewComment.list(fields)
        let loaded = try await call.loadPull()
        try check(state, body: body, hasComments: !comments.isEmpty, by: user, on: loaded)
        var commit = loaded.state.head
        if let asked = try fields.string("commit_id"), !asked.isEmpty {
            guard let found = try await loaded.bare.resolve(asked) else {
                throw Refusal.notFound("The commit couldn't be found: \(asked)")
            }
            commit = found
        }
        var hunks: [String] = []
        if !comments.isEmpty {
            let diff = Diff(try await loaded.bare.diff(from: loaded.mergeBase, to: commit))
            hunks = comments.map {
                diff.hunk(of: $0.path, oldLine: $0.oldLine, newLine: $0.newLine)
            }
        }
        let (reviewed, snippets) = (commit, hunks)
        let id = try await call.write { db, now in
            let repository = try call.repository(db)
            let issue = try call.issue(db, in: repository)
            let review = try ReviewRow.insert(
                db, issue: issue, author: user, state: state, body: body, commit: reviewed,
                now: now)
            guard let review else { throw Refusal.notFound }
            for (comment, hunk) in zip(comments, snippets) {
                _ = try ReviewCommentRow.insert(
                    db, review: review, path: comment.path, body: comment.body,
                    oldLine: comment.oldLine, newLine: comment.newLine, diffHunk: hunk, now: now)
            }
            try call.editor(db, in: repository, now: now).announce(review, of: issue)
            return review.id
        }
        return try await call.reviewAnswer(id, of: loaded)
    }

    @Sendable private static func submitReview(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let state = reviewState(try fields.string("event"))
        let body = try fields.string("body") ?? ""
        let loaded = try await call.loadPull()
        try await call.write { db, now in
            let repository = try call.repository(db)
            let review = try call.review(db, in: repository)
            guard review.state == .pending else {
                throw Refusal.unprocessable("only a pending review can be submitted")
            }
            guard review.authorId == user.id else {
                throw Refusal.forbidden("Only its author may submit a review.")
            }
            let hasComments = try !ReviewCommentRow.of(db, review: review.id).isEmpty
            let text = body.isEmpty ? review.body : body
            try check(state, body: text, hasComments: hasComments, by: user, on: loaded)
            try review.submit(db, state: state, body: text, now: now)
            let issue = try call.issue(db, in: repository)
            let submitted = try ReviewRow.find(db, id: review.id, issue: issue.id) ?? review
            try call.editor(db, in: repository, now: now).announce(submitted, of: issue)
        }
        return try await call.reviewAnswer(call.id, of: loaded)
    }

    private static func check(
        _ state: ReviewRow.State, body: String, hasComments: Bool, by user: UserRow,
        on loaded: LoadedPull
    ) throws {
        let isEmpty = body.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty
        switch state {
        case .approved, .requestChanges:
            if loaded.issue.authorId == user.id {
                let verb = state == .approved ? "approve" : "reject"
                throw Refusal.unprocessable("\(verb) your own pull is not allowed")
            }
            if state == .requestChanges && isEmpty {
                throw Refusal.unprocessable("review event REQUEST_CHANGES requires a body")
            }
        case .comment:
            if isEmpty && !hasComments {
                throw Refusal.unprocessable(
                    "review event COMMENT requires a body or a comment")
            }
        case .pending, .requestReview:
            if isEmpty && !hasComments {
                throw Refusal.unprocessable("review event PENDING requires a body")
            }
        }
    }

    /// A comment on a line, as a review brings it.
    private struct ReviewComment: Sendable {
        let path: String
        let body: String
        let oldLine: Int
        let newLine: Int

        static func list(_ fields: Fields) throws -> [ReviewComment] {
            try (fields.values("comments") ?? []).map { value in
                let comment = Fields(value: value)
                return ReviewComment(
                    path: try comment.required("path"), body: try comment.string("body") ?? "",
                    oldLine: Int(clamping: max(0, try comment.integer("old_position") ?? 0)),
                    newLine: Int(clamping: max(0, try comment.integer("new_position") ?? 0)))
            }
        }
    }
}

extension Call {
    /// A pending review is its author's alone.
    func maySee(_ review: ReviewRow) -> Bool {
        review.state != .pending || review.authorId == caller?.id
    }

    func review(_ db: Database, in repository: RepositoryRow) throws -> ReviewRow {
        let (issue, _) = try pull(db, in: repository)
        guard let review = try ReviewRow.find(db, id: id, issue: issue.id), maySee(review) else {
            throw Refusal.notFound
        }
        return review
    }

    func reviewAnswer(_ id: Int64, of loaded: LoadedPull) async throws -> Answer {
        try await read { db in
            guard let review = try ReviewRow.find(db, id: id, issue: loaded.issue.id),
                maySee(review)
            else { throw Refusal.notFound }
            return .json(
                try presenter(db).review(
                    review, of: loaded.issue, head: loaded.state.head, in: loaded.repository))
        }
    }

    func reviewer(_ db: Database, named name: String) throws -> UserRow {
        guard let user = try UserRow.find(db, name: name) else {
            throw Refusal.notFound("user does not exist: \(name)")
        }
        return user
    }
}
