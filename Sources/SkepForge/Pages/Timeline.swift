import GRDB

/// What was done on an issue or a pull request, beside what was said.
struct Timeline {
    typealias Model = PageRenderer.Model

    private let models: PageModels
    private let issue: IssueRow

    init(_ models: PageModels, _ issue: IssueRow) {
        self.models = models
        self.issue = issue
    }

    private var db: Database { models.db }

    /// Milliseconds within which what one person does with labels is told as one thing.
    private static let labelling: Int64 = 60_000

    func events() throws -> [(time: Int64, model: Model)] {
        var events: [(time: Int64, model: Model)] = []
        var last: EventRow?
        for row in try EventRow.of(db, issue: issue.id) {
            guard let model = try model(row) else { continue }
            if let before = last, row.kind == .label, before.kind == .label,
                before.isRemoved == row.isRemoved, before.actorId == row.actorId,
                row.createdAtMs - before.createdAtMs < Self.labelling,
                let chips = events[events.count - 1].model["chips"] as? [Model],
                let more = model["chips"] as? [Model]
            {
                events[events.count - 1].model["chips"] = chips + more
            } else {
                let person = try models.person(id: row.actorId)
                events.append(
                    (
                        row.createdAtMs,
                        model.adding(person).adding(models.time.model(row.createdAtMs))
                            .adding(["isEvent": true, "anchor": "event-\(row.id)"])
                    ))
            }
            last = row
        }
        return events
    }

    /// What an event's line says; `nil` for what is shown in another way, or to nobody.
    private func model(_ row: EventRow) throws -> Model? {
        switch row.kind {
        case .comment, .review: return nil
        case .close: return Self.commit("closed it", "by", row.refCommit, models.base, "closed")
        case .mergePull:
            return Self.commit("merged it", "as", row.refCommit, models.base, "merged")
        case .reopen: return ["eventText": "opened it again", "eventClass": "open"]
        case .label: return try label(row)
        case .milestone: return try milestone(row)
        case .assignees, .reviewRequest: return try person(row)
        case .issueReference, .commentReference, .pullReference: return try reference(row)
        case .commitReference:
            let text = row.refAction == "closes" ? "closed it" : "named it"
            return Self.commit(text, "in", row.refCommit, models.base, "")
        case .changeTitle:
            return [
                "eventText": "changed the title from", "oldText": row.oldTitle,
                "newText": row.newTitle, "isTitle": true,
            ]
        case .deleteBranch:
            return ["eventText": "deleted the branch", "eventCode": row.oldRef].withoutEmptyTexts
        case .changeTargetBranch:
            return [
                "eventText": "changed the base from", "oldText": row.oldRef, "newText": row.newRef,
            ]
        case .addDependency: return try dependency(row, "made it wait for")
        case .removeDependency: return try dependency(row, "no longer has it wait for")
        case .addDeadline, .changeDeadline: return ["eventText": "set when it is due"]
        case .removeDeadline: return ["eventText": "took away when it is due"]
        case .lock: return ["eventText": "locked the conversation"]
        case .unlock: return ["eventText": "unlocked the conversation"]
        case .pin: return ["eventText": "pinned it"]
        case .unpin: return ["eventText": "unpinned it"]
        case .pullPush: return ["eventText": "pushed to the branch"]
        case .dismissReview: return ["eventText": "dismissed a review"]
        }
    }

    private static func commit(
        _ text: String, _ word: String, _ commit: String, _ base: String, _ kind: String
    ) -> Model {
        var model: Model = ["eventText": text, "eventClass": kind]
        if !commit.isEmpty {
            model["eventText"] = "\(text) \(word)"
            model["eventCode"] = String(commit.prefix(10))
            model["eventURL"] = "\(base)/commit/\(commit)"
        }
        return model.withoutEmptyTexts
    }

    private func label(_ row: EventRow) throws -> Model? {
        guard let id = row.labelId,
            let label = try LabelRow.find(db, id: id, repository: models.repository.id)
        else { return nil }
        return [
            "eventText": row.isRemoved ? "took away" : "added",
            "chips": [models.label(label, kind: issue.isPull ? "pulls" : "issues")],
        ]
    }

    private func milestone(_ row: EventRow) throws -> Model {
        func title(_ id: Int64?) throws -> String {
            try id.flatMap {
                try MilestoneRow.find(db, id: $0, repository: models.repository.id)?.title
            } ?? ""
        }
        let (old, new) = (try title(row.oldMilestoneId), try title(row.milestoneId))
        return new.isEmpty
            ? ["eventText": "took it out of milestone", "eventName": old].withoutEmptyTexts
            : ["eventText": "put it into milestone", "eventName": new]
    }

    private func person(_ row: EventRow) throws -> Model? {
        guard let id = row.assigneeId else { return nil }
        let name = try UserRow.find(db, id: id).name
        if row.kind == .reviewRequest {
            return [
                "eventText": row.isRemoved
                    ? "no longer asks for a review by" : "asked for a review by",
                "eventName": name,
            ]
        }
        if id == row.actorId {
            return ["eventText": row.isRemoved ? "gave it back" : "took it on"]
        }
        return ["eventText": row.isRemoved ? "took it away from" : "assigned", "eventName": name]
    }

    private func reference(_ row: EventRow) throws -> Model? {
        let text = row.refAction == "closes" ? "will close it with" : "named it in"
        return try link(row.refIssueId, text, comment: row.refCommentId)
    }

    private func dependency(_ row: EventRow, _ text: String) throws -> Model? {
        try link(row.dependentIssueId, text, comment: nil)
    }

    /// A link to another issue, if the visitor may see that.
    private func link(_ id: Int64?, _ text: String, comment: Int64?) throws -> Model? {
        guard let id, let other = try IssueRow.find(db, id: id),
            let model = try models.reference(to: other)
        else { return nil }
        let anchor = comment.map { "#issuecomment-\($0)" } ?? ""
        return model.adding([
            "eventText": text, "isReference": true,
            "referenceURL": "\(model["referenceURL"] ?? "")\(anchor)",
        ])
    }
}

extension PageModels {
    /// How another issue is named, if the visitor may see it.
    func reference(to other: IssueRow) throws -> Model? {
        var place = repository
        if other.repositoryId != repository.id {
            guard let found = try RepositoryRow.find(db, id: other.repositoryId),
                try found.permission(db, of: visit.call.caller) >= .read
            else { return nil }
            place = found
        }
        let isMerged = try PullRow.find(db, issue: other.id)?.isMerged ?? false
        let kind = other.isPull ? "pulls" : "issues"
        return Self.state(
            isPull: other.isPull, isOpen: other.isOpen, isMerged: isMerged,
            isDraft: other.isDraft
        ).adding([
            "referenceHTML": Markdown.title(other.title),
            "referenceName": place.id == repository.id
                ? "#\(other.number)" : "\(place.fullName)#\(other.number)",
            "referenceURL": "/\(place.fullName)/\(kind)/\(other.number)",
        ])
    }
}
