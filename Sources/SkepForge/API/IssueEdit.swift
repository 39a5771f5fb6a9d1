import Foundation
import GRDB
import SkepQueue

/// A change to an issue or a pull request. What is `nil` stays as it is.
struct IssueEdit: Sendable {
    /// An empty title is ignored, as in Gitea.
    let title: String?
    let body: String?
    let isOpen: Bool?
    let assignees: [String]?
    /// Labels by their ids; only pull requests take them.
    let labels: [Int64]?
    /// The version of the text that was edited; another one by now is a conflict.
    let contentVersion: Int64?

    init(_ call: Call) throws {
        _ = try call.requireUser()
        let fields = try call.fields()
        let title = try fields.string("title")?.trimmingCharacters(in: .whitespacesAndNewlines)
        self.title = title?.isEmpty == true ? nil : title
        body = try fields.string("body")
        switch try fields.string("state") {
        case nil: isOpen = nil
        case "open": isOpen = true
        case "closed": isOpen = false
        case let other?:
            throw Refusal.precondition("unknown state: \(other)")
        }
        assignees = try call.assigneeNames(fields)
        labels = try fields.integers("labels")
        contentVersion = try fields.integer("content_version")
    }

    func apply(
        to issue: IssueRow, in repository: RepositoryRow, _ call: Call, _ db: Database,
        _ now: Timestamp
    ) throws {
        let user = try call.requireUser()
        let canWrite = try repository.permission(db, of: user) >= .write
        guard canWrite || issue.authorId == user.id else {
            throw Refusal.forbidden("Only its author and those who can write may change it.")
        }
        if let contentVersion, body != nil, contentVersion != issue.contentVersion {
            throw Refusal.conflict("The text was changed by somebody else meanwhile.")
        }
        if title != nil || body != nil {
            try issue.setText(
                db, title: title ?? issue.title, body: body ?? issue.body, now: now)
        }
        if canWrite, let assignees {
            try issue.setAssignees(db, try call.assignable(assignees, db, in: repository))
            try issue.touch(db, now: now)
        }
        if canWrite, issue.isPull, let labels {
            try LabelRow.removeAll(db, from: issue.id)
            for id in labels {
                try LabelRow.find(db, id: id, repository: repository.id)?.put(db, on: issue.id)
            }
            try issue.touch(db, now: now)
        }
        if let isOpen, isOpen != issue.isOpen {
            if try PullRow.find(db, issue: issue.id)?.isMerged == true {
                throw Refusal.precondition(
                    "cannot change state of this pull request, it was merged")
            }
            try issue.setOpen(db, isOpen, now: now)
        }
    }
}
