import Foundation
import GRDB

/// Makes the models of the pages' templates.
struct PageModels {
    typealias Model = PageRenderer.Model

    let db: Database
    let repository: RepositoryRow

    var base: String { "/\(repository.fullName)" }
    var crumbs: [Crumb] { [Crumb(text: repository.fullName, url: base)] }

    /// What the tabs of a repository show.
    func tabs(_ here: String) throws -> Model {
        [
            "base": base, "name": repository.fullName, "description": repository.description,
            "issues": try repository.countOpen(db, pulls: false),
            "pulls": try repository.countOpen(db, pulls: true), here: true,
        ]
    }

    static func time(_ milliseconds: Int64) -> Model {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        return time(date.formatted(.iso8601))
    }

    /// - Parameter text: RFC 3339.
    static func time(_ text: String) -> Model {
        guard let milliseconds = RFC3339.milliseconds(text) else {
            return ["time": text, "timeText": text]
        }
        let utc = Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
        return [
            "time": utc,
            "timeText": utc.prefix(16).replacing("T", with: " ") + " UTC",
        ]
    }

    func labels(_ issue: IssueRow) throws -> [Model] {
        try LabelRow.of(db, issue: issue.id).map { ["name": $0.name, "color": $0.color] }
    }

    func assignees(_ issue: IssueRow) throws -> String {
        try issue.assignees(db).map(\.name).joined(separator: ", ")
    }

    func state(_ issue: IssueRow, isMerged: Bool) -> Model {
        let word =
            if isMerged { "Merged" } else if !issue.isOpen {
                "Closed"
            } else if issue.isDraft, issue.isPull { "Draft" } else { "Open" }
        return ["stateText": word, "stateClass": word.lowercased()]
    }

    /// A line of a list of issues or pull requests.
    func row(_ issue: IssueRow) throws -> Model {
        let pull = try PullRow.find(db, issue: issue.id)
        let author = try UserRow.find(db, id: issue.authorId)
        let comments = try issue.commentCount(db)
        var model: Model = [
            "title": issue.title, "number": issue.number, "author": author.name,
            "url": "\(base)/\(issue.isPull ? "pulls" : "issues")/\(issue.number)",
            "labels": try labels(issue),
        ]
        let assignees = try assignees(issue)
        if !assignees.isEmpty { model["assignees"] = "assigned to \(assignees)" }
        if comments > 0 { model["comments"] = ForgePages.count(comments, "comment") }
        if let pull { model["branches"] = "\(pull.headBranch) → \(pull.baseBranch)" }
        return model.adding(state(issue, isMerged: pull?.isMerged ?? false))
            .adding(Self.time(issue.createdAtMs))
    }

    /// What someone wrote, with its time for sorting.
    func entries(_ issue: IssueRow, viewer: UserRow?) throws -> [Model] {
        var entries: [(time: Int64, model: Model)] = []
        entries.append(
            (
                .min,
                try entry(
                    author: issue.authorId, verb: "wrote", time: issue.createdAtMs,
                    body: issue.body, anchor: "top")
            ))
        for comment in try CommentRow.of(db, issue: issue.id) {
            let verb = comment.updatedAtMs > comment.createdAtMs ? "wrote (and edited)" : "wrote"
            entries.append(
                (
                    comment.createdAtMs,
                    try entry(
                        author: comment.authorId, verb: verb, time: comment.createdAtMs,
                        body: comment.body, anchor: "issuecomment-\(comment.id)")
                ))
        }
        for review in try ReviewRow.of(db, issue: issue.id) {
            guard review.state != .requestReview,
                review.state != .pending || review.authorId == viewer?.id
            else { continue }
            entries.append((review.submittedAtMs, try entry(review)))
        }
        return entries.sorted { $0.time < $1.time }.map(\.model)
    }

    private func entry(
        author: Int64, verb: String, time: Int64, body: String, anchor: String
    ) throws -> Model {
        let user = try UserRow.find(db, id: author)
        let html = Markdown.html(body)
        let model: Model = [
            "author": user.name, "initial": user.name.prefix(1).uppercased(),
            "hue": user.name.utf8.reduce(0) { ($0 * 33 + Int($1)) % 65521 } % 7, "verb": verb,
            "anchor": anchor, "body": html, "hasBody": !html.isEmpty,
        ]
        return model.adding(Self.time(time))
    }

    private func entry(_ review: ReviewRow) throws -> Model {
        let (word, kind) =
            switch review.state {
            case .approved: ("approved", "good")
            case .requestChanges: ("changes requested", "bad")
            case .pending: ("pending", "")
            case .comment, .requestReview: ("comment", "")
            }
        var model = try entry(
            author: review.authorId, verb: "reviewed", time: review.submittedAtMs,
            body: review.body, anchor: "review-\(review.id)")
        model["verdict"] = review.isDismissed ? "\(word), dismissed" : word
        model["verdictClass"] = review.isDismissed ? "" : kind
        model["inline"] = try ReviewCommentRow.of(db, review: review.id).map { comment -> Model in
            let line = comment.newLine > 0 ? comment.newLine : comment.oldLine
            let model: Model = [
                "place": line > 0 ? "\(comment.path), line \(line)" : comment.path,
                "hunk": comment.diffHunk, "body": Markdown.html(comment.body),
            ]
            return model.withoutEmptyTexts
        }
        return model
    }
}

extension PageRenderer.Model {
    /// Leaves out texts that are empty: the templates take any text for something to show.
    var withoutEmptyTexts: PageRenderer.Model { filter { ($0.value as? String)?.isEmpty != true } }

    func adding(_ other: PageRenderer.Model) -> PageRenderer.Model { merging(other) { $1 } }
}
