import GRDB

/// What was said and done about an issue or a pull request, in order.
struct Conversation {
    typealias Model = PageRenderer.Model

    private let models: PageModels
    private let issue: IssueRow
    private let pull: PullRow?
    private let context: Markdown.Context

    init(_ models: PageModels, _ issue: IssueRow, _ pull: PullRow?) {
        self.models = models
        self.issue = issue
        self.pull = pull
        context = models.context()
    }

    private var db: Database { models.db }

    /// The entries, the issue's own text first.
    func entries() throws -> [Model] {
        var entries: [(time: Int64, model: Model)] = []
        for comment in try CommentRow.of(db, issue: issue.id) {
            entries.append((comment.createdAtMs, try entry(comment)))
        }
        for review in try ReviewRow.of(db, issue: issue.id) {
            guard review.state != .requestReview, models.visit.call.maySee(review) else { continue }
            entries.append((review.submittedAtMs, try entry(review)))
        }
        entries += try Timeline(models, issue).events()
        let first = try talk(
            author: issue.authorId, verb: issue.isPull ? "proposed" : "wrote",
            time: issue.createdAtMs, body: issue.body, anchor: "top"
        ).adding(try reactions(comment: nil))
        // Sorting keeps the order of what was done in the same moment.
        return [first] + entries.sorted { $0.time < $1.time }.map(\.model)
    }

    private func talk(author: Int64, verb: String, time: Int64, body: String, anchor: String)
        throws -> Model
    {
        let html = Markdown.html(body, in: context)
        return try models.person(id: author).adding(models.time.model(time)).adding([
            "isTalk": true, "hasReactions": false, "verb": verb, "anchor": anchor, "body": html,
            "hasBody": !html.isEmpty,
            "isFirst": anchor == "top", "isAuthor": author == issue.authorId && anchor != "top",
        ])
    }

    private func entry(_ comment: CommentRow) throws -> Model {
        let isEdited = comment.updatedAtMs > comment.createdAtMs
        return try talk(
            author: comment.authorId, verb: isEdited ? "wrote (and edited)" : "wrote",
            time: comment.createdAtMs, body: comment.body, anchor: "issuecomment-\(comment.id)"
        ).adding(try reactions(comment: comment.id))
    }

    private func entry(_ review: ReviewRow) throws -> Model {
        let verdict = ReviewVerdict(review)
        let comments = try ReviewCommentRow.of(db, review: review.id)
        return try talk(
            author: review.authorId, verb: verdict.verb, time: review.submittedAtMs,
            body: review.body, anchor: "review-\(review.id)"
        ).adding(verdict.model).adding([
            "isReview": true,
            "isStale": pull.map { $0.headCommit != review.commitId } ?? false,
            "inline": try comments.map { try inline($0, of: review) },
        ])
    }

    private func inline(_ comment: ReviewCommentRow, of review: ReviewRow) throws -> Model {
        let line = comment.newLine > 0 ? comment.newLine : comment.oldLine
        let snippet = Diff.snippet(
            comment.diffHunk, oldLine: comment.oldLine, newLine: comment.newLine)
        let answer = comment.authorId.flatMap { $0 == review.authorId ? nil : $0 }
        let model: Model = [
            "resolver": try comment.resolverId.map { try UserRow.find(db, id: $0).name } ?? "",
            "answerer": try answer.map { try UserRow.find(db, id: $0).name } ?? "",
            "commentAnchor": "reviewcomment-\(comment.id)", "path": comment.path,
            "place": line > 0 ? "line \(line)" : "the whole file",
            "hasSnippet": !snippet.isEmpty, "snippet": snippet,
            "inlineBody": Markdown.html(comment.body, in: context),
        ]
        return model.withoutEmptyTexts
    }

    /// The reactions on the issue, or on a comment, each kind with how many and whose.
    private func reactions(comment: Int64?) throws -> Model {
        let rows = try ReactionRow.of(db, issue: issue.id, comment: comment)
        var kinds: [String] = []
        for row in rows where !kinds.contains(row.content) { kinds.append(row.content) }
        let models = try kinds.map { kind -> Model in
            let names = try rows.filter { $0.content == kind }.map {
                try UserRow.find(db, id: $0.userId).name
            }
            return [
                "sign": Self.signs[kind] ?? kind, "reactionCount": names.count,
                "whose": "\(names.joined(separator: ", ")): \(kind)",
            ]
        }
        return ["hasReactions": !models.isEmpty, "reactions": models]
    }

    private static let signs = [
        "+1": "👍", "-1": "👎", "laugh": "😄", "hooray": "🎉", "confused": "😕", "heart": "❤️",
        "rocket": "🚀", "eyes": "👀",
    ]
}

/// What a review says, in a word and a colour.
struct ReviewVerdict {
    let verb: String
    private let word: String
    private let kind: String

    init(_ review: ReviewRow) {
        let (verb, word, kind) =
            switch review.state {
            case .approved: ("reviewed", "Approved", "good")
            case .requestChanges: ("reviewed", "Changes requested", "bad")
            case .pending: ("began a review", "Pending", "waiting")
            case .comment, .requestReview: ("reviewed", "", "")
            }
        self.verb = verb
        self.word = review.isDismissed ? "\(word), dismissed" : word
        self.kind = review.isDismissed ? "waiting" : kind
    }

    var model: PageRenderer.Model {
        ["verdict": word, "verdictClass": kind].withoutEmptyTexts
    }
}
