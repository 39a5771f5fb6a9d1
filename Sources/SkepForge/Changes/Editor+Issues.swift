import Foundation
import GRDB
import SkepCore

/// What an issue or a pull request begins with.
struct IssueDraft: Sendable {
    var title: String
    var body = ""
    var dueAtMs: Int64?
}

extension Editor {
    /// Which of its sides was changed, for the hooks.
    enum Side {
        case itself, assignees, labels, milestone

        func event(isPull: Bool) -> HookEvent {
            switch self {
            case .itself: isPull ? .pullRequest : .issues
            case .assignees: isPull ? .pullRequestAssign : .issueAssign
            case .labels: isPull ? .pullRequestLabel : .issueLabel
            case .milestone: isPull ? .pullRequestMilestone : .issueMilestone
            }
        }
    }

    /// Tells the hooks of a change to an issue or a pull request.
    func tell(
        _ action: String, _ issue: IssueRow, _ side: Side = .itself, changes: JSON? = nil,
        commit: String = ""
    ) throws {
        try tell(side.event(isPull: issue.isPull)) {
            try presenter.issuePayload(
                action, try current(issue), in: repository, by: actor, changes: changes,
                commit: commit)
        }
    }

    /// Makes the row of an issue or a pull request; `announce` follows when it is complete.
    func make(_ draft: IssueDraft, isPull: Bool) throws -> IssueRow {
        let made = try IssueRow.insert(
            db, repository: repository, isPull: isPull, title: draft.title, body: draft.body,
            author: actor, now: now)
        guard let issue = made else { throw Refusal.notFound }
        if let due = draft.dueAtMs { try issue.setDue(db, due, now: now) }
        return issue
    }

    func announce(_ issue: IssueRow) throws {
        try noteReferences(
            in: issue.title + "\n" + issue.body, of: issue, comment: nil)
        try tell("opened", issue)
    }

    func setText(_ issue: IssueRow, title: String, body: String) throws {
        guard title != issue.title || body != issue.body else { return }
        try issue.setText(db, title: title, body: body, now: now)
        var changes: [JSON.Member] = []
        if title != issue.title {
            try record(
                .changeTitle, on: issue, EventFacts(oldTitle: issue.title, newTitle: title))
            changes.append(
                JSON.Member(name: "title", value: ["from": .string(issue.title)]))
        }
        if body != issue.body {
            changes.append(JSON.Member(name: "body", value: ["from": .string(issue.body)]))
        }
        try noteReferences(in: title + "\n" + body, of: issue, comment: nil)
        try tell("edited", issue, changes: .object(changes))
    }

    /// Closes or opens; nothing happens when it is so already.
    ///
    /// - Parameters:
    ///   - commit: The commit that said so.
    ///   - isMerge: Whether it is closed by being merged, which its dependencies don't hold up.
    /// - Throws: `ForgeError.openDependencies`.
    func setOpen(
        _ issue: IssueRow, _ isOpen: Bool, commit: String = "", isMerge: Bool = false
    ) throws {
        guard issue.isOpen != isOpen else { return }
        if !isOpen, !isMerge, try issue.hasOpenBlockers(db) {
            throw ForgeError.openDependencies(reference(issue))
        }
        try issue.setOpen(db, isOpen, now: now)
        try record(
            isMerge ? .mergePull : isOpen ? .reopen : .close, on: issue,
            EventFacts(refCommit: commit))
        try tell(isOpen ? "reopened" : "closed", issue, commit: commit)
    }

    // MARK: Labels

    /// - Parameter tells: Whether the hooks are told; a new issue's labels go with it.
    func setLabels(
        _ issue: IssueRow, tells: Bool = true, _ change: () throws -> Void
    ) throws {
        let before = try LabelRow.of(db, issue: issue.id)
        try change()
        let after = try LabelRow.of(db, issue: issue.id)
        let added = after.filter { !before.contains($0) }
        let removed = before.filter { !after.contains($0) }
        guard !added.isEmpty || !removed.isEmpty else { return }
        for label in removed {
            try record(.label, on: issue, EventFacts(labelId: label.id, isRemoved: true))
        }
        for label in added {
            try record(
                .label, on: issue, EventFacts(body: "1", labelId: label.id))
        }
        try issue.touch(db, now: now)
        guard tells else { return }
        let presenter = presenter
        let changes: JSON = [
            "added_labels": .array(added.map { presenter.label($0, in: repository) }),
            "removed_labels": .array(removed.map { presenter.label($0, in: repository) }),
        ]
        try tell(
            after.isEmpty ? "label_cleared" : "label_updated", issue, .labels, changes: changes)
    }

    // MARK: People

    func assign(_ issue: IssueRow, _ user: UserRow, tells: Bool = true) throws {
        guard try !issue.assignees(db).contains(user) else { return }
        try issue.assign(db, user)
        try record(.assignees, on: issue, EventFacts(assigneeId: user.id))
        try issue.touch(db, now: now)
        if tells { try tell("assigned", issue, .assignees) }
    }

    func unassign(_ issue: IssueRow, _ user: UserRow) throws {
        guard try issue.assignees(db).contains(user) else { return }
        try issue.unassign(db, user)
        try record(.assignees, on: issue, EventFacts(assigneeId: user.id, isRemoved: true))
        try issue.touch(db, now: now)
        try tell("unassigned", issue, .assignees)
    }

    func setAssignees(_ issue: IssueRow, _ users: [UserRow], tells: Bool = true) throws {
        for user in try issue.assignees(db) where !users.contains(user) {
            try unassign(issue, user)
        }
        for user in users { try assign(issue, user, tells: tells) }
    }

    // MARK: Plans

    func setMilestone(_ issue: IssueRow, _ milestone: MilestoneRow?, tells: Bool = true) throws {
        guard milestone?.id != issue.milestoneId else { return }
        try issue.setMilestone(db, milestone?.id, now: now)
        try record(
            .milestone, on: issue,
            EventFacts(milestoneId: milestone?.id, oldMilestoneId: issue.milestoneId))
        if tells { try tell(milestone == nil ? "demilestoned" : "milestoned", issue, .milestone) }
    }

    func setDue(_ issue: IssueRow, _ dueAtMs: Int64?) throws {
        guard dueAtMs != issue.dueAtMs else { return }
        try issue.setDue(db, dueAtMs, now: now)
        let kind: EventRow.Kind =
            if dueAtMs == nil { .removeDeadline } else if issue.dueAtMs == nil {
                .addDeadline
            } else { .changeDeadline }
        try record(kind, on: issue)
    }

    func addBlocker(_ issue: IssueRow, _ blocker: IssueRow) throws {
        try issue.addBlocker(db, blocker)
        try record(.addDependency, on: issue, EventFacts(dependentIssueId: blocker.id))
        try issue.touch(db, now: now)
    }

    func removeBlocker(_ issue: IssueRow, _ blocker: IssueRow) throws {
        try issue.removeBlocker(db, blocker)
        try record(.removeDependency, on: issue, EventFacts(dependentIssueId: blocker.id))
        try issue.touch(db, now: now)
    }
}
