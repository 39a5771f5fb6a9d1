import Foundation
import GRDB
import SkepQueue

/// What a new issue or pull request comes with.
struct IssueStart: Sendable {
    let draft: IssueDraft
    private let labels: [Int64]
    private let assignees: [String]
    private let milestone: Int64

    init(_ call: Call, _ fields: Fields) throws {
        let title = try fields.required("title").trimmingCharacters(in: .whitespacesAndNewlines)
        guard !title.isEmpty else { throw Refusal.unprocessable("[Title]: Required") }
        draft = IssueDraft(
            title: title, body: try fields.string("body") ?? "",
            dueAtMs: try fields.time("due_date"))
        labels = try fields.integers("labels") ?? []
        assignees = try call.assigneeNames(fields) ?? []
        milestone = try fields.integer("milestone") ?? 0
    }

    /// Sets what only those who can write may set. Hooks aren't told: it goes with the issue.
    func apply(to issue: IssueRow, _ editor: Editor, _ call: Call) throws {
        let (db, repository) = (editor.db, editor.repository)
        try editor.setLabels(issue, tells: false) {
            for id in labels {
                try LabelRow.find(db, id: id, repository: repository.id)?.put(db, on: issue.id)
            }
        }
        try editor.setAssignees(
            issue, try call.assignable(assignees, db, in: repository), tells: false)
        // One that isn't there is left out, as in Gitea.
        let found = try MilestoneRow.find(db, id: milestone, repository: repository.id)
        if let found { try editor.setMilestone(issue, found, tells: false) }
    }
}

/// A change to an issue or a pull request. What is `nil` stays as it is.
struct IssueEdit: Sendable {
    /// An empty title is ignored, as in Gitea.
    let title: String?
    let body: String?
    let isOpen: Bool?
    let assignees: [String]?
    /// Labels by their ids; only pull requests take them.
    let labels: [Int64]?
    /// 0 takes it away.
    let milestone: Int64?
    let dueAtMs: Int64?
    let unsetsDue: Bool
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
        milestone = try fields.integer("milestone")
        dueAtMs = try fields.time("due_date")
        unsetsDue = try fields.bool("unset_due_date") ?? false
        contentVersion = try fields.integer("content_version")
    }

    func apply(to issue: IssueRow, _ editor: Editor, _ call: Call) throws {
        let (db, repository) = (editor.db, editor.repository)
        let canWrite = try repository.permission(db, of: editor.actor) >= .write
        guard canWrite || issue.authorId == editor.actor.id else {
            throw Refusal.forbidden("Only its author and those who can write may change it.")
        }
        if let contentVersion, body != nil, contentVersion != issue.contentVersion {
            throw Refusal.conflict("The text was changed by somebody else meanwhile.")
        }
        try editor.setText(issue, title: title ?? issue.title, body: body ?? issue.body)
        if canWrite { try applyPlans(to: issue, editor, call) }
        if let isOpen, isOpen != issue.isOpen {
            if try PullRow.find(db, issue: issue.id)?.isMerged == true {
                throw Refusal.precondition(
                    "cannot change state of this pull request, it was merged")
            }
            try editor.setOpen(issue, isOpen)
        }
    }

    private func applyPlans(to issue: IssueRow, _ editor: Editor, _ call: Call) throws {
        let (db, repository) = (editor.db, editor.repository)
        if let assignees {
            try editor.setAssignees(issue, try call.assignable(assignees, db, in: repository))
        }
        if issue.isPull, let labels {
            try editor.setLabels(issue) {
                try LabelRow.removeAll(db, from: issue.id)
                for id in labels {
                    try LabelRow.find(db, id: id, repository: repository.id)?.put(db, on: issue.id)
                }
            }
        }
        if let milestone {
            let found = try MilestoneRow.find(db, id: milestone, repository: repository.id)
            guard found != nil || milestone == 0 else {
                throw Refusal.notFound("milestone does not exist [id: \(milestone)]")
            }
            try editor.setMilestone(issue, found)
        }
        if unsetsDue || dueAtMs != nil { try editor.setDue(issue, unsetsDue ? nil : dueAtMs) }
    }
}
