import GRDB

/// An issue, or the first page of a pull request: what was said and done, and the forms.
enum ConversationPage {
    /// - Parameter draft: A form that was refused, to be shown again.
    static func answer(_ visit: Visit, draft: FormDraft? = nil) async throws -> Answer {
        let isPull = try await visit.read { db in
            try visit.call.issue(db, in: try visit.call.repository(db)).isPull
        }
        let loaded = isPull ? try await PullGlance(visit) : nil
        return try await visit.read { db in
            let repository = try visit.call.repository(db)
            let issue = try visit.call.issue(db, in: repository)
            let models = PageModels(db, repository, visit)
            let pull = try PullRow.find(db, issue: issue.id)
            var model = try head(models, issue, pull)
            model["entries"] = try Conversation(models, issue, pull).entries()
            model.merge(try Sidebar(models, issue).model()) { $1 }
            model.merge(try forms(models, issue, pull, draft)) { $1 }
            if let loaded, let pull {
                model.merge(try PullPage.head(models, issue, pull, loaded, tab: "onConversation")) {
                    $1
                }
                model.merge(try MergeBox(models, issue, pull, loaded).model(draft)) { $1 }
            }
            return visit.page(
                issue.isPull ? "pull" : "issue", title: "\(issue.title) · #\(issue.number)",
                crumbs: models.crumbs, status: draft?.refusal.status ?? 200,
                back: address(models, issue), model)
        }
    }

    static func address(_ models: PageModels, _ issue: IssueRow) -> String {
        "\(models.base)/\(issue.isPull ? "pulls" : "issues")/\(issue.number)"
    }

    /// What stands above all pages of an issue.
    static func head(_ models: PageModels, _ issue: IssueRow, _ pull: PullRow?) throws
        -> PageRenderer.Model
    {
        let author = try UserRow.find(models.db, id: issue.authorId)
        let labels = try LabelRow.of(models.db, issue: issue.id)
        var model = try models.tabs(issue.isPull ? "onPulls" : "onIssues")
        model.merge(
            PageModels.state(
                isPull: issue.isPull, isOpen: issue.isOpen, isMerged: pull?.isMerged ?? false,
                isDraft: issue.isDraft)
        ) { $1 }
        model.merge([
            "headingHTML": Markdown.title(issue.title), "number": issue.number,
            "author": author.name,
            "issueURL": address(models, issue), "isLocked": issue.isLocked,
            "labels": labels.map { models.label($0, kind: issue.isPull ? "pulls" : "issues") },
        ]) { $1 }
        let comments = try issue.commentCount(models.db)
        model["comments"] = ForgePages.count(comments, "comment")
        return model.adding(models.time.model(issue.createdAtMs))
    }

    /// What the visitor may do, and what was typed before.
    private static func forms(
        _ models: PageModels, _ issue: IssueRow, _ pull: PullRow?, _ draft: FormDraft?
    ) throws -> PageRenderer.Model {
        let user = models.visit.user
        let mayWrite = try models.may(.write)
        let isOwn = user != nil && user?.id == issue.authorId
        var model: PageRenderer.Model = [
            "mayComment": user != nil && (!issue.isLocked || mayWrite),
            "isShut": user != nil && issue.isLocked && !mayWrite, "mayWrite": mayWrite,
            "mayEdit": isOwn || mayWrite,
        ]
        if isOwn || mayWrite, pull?.isMerged != true {
            model[issue.isOpen ? "mayClose" : "mayReopen"] = true
        }
        if pull != nil, let user {
            model["mayReview"] = issue.isOpen
            model["mayJudge"] = user.id != issue.authorId
        }
        if let draft {
            model["problem"] = draft.message
            model["draftBody"] = draft.form["body"]
            model["isStrangersDraft"] = user == nil && !draft.form["body"].isEmpty
        }
        return model.withoutEmptyTexts
    }
}

/// What stands beside an issue: who, what for, and what it waits for.
struct Sidebar {
    typealias Model = PageRenderer.Model

    private let models: PageModels
    private let issue: IssueRow

    init(_ models: PageModels, _ issue: IssueRow) {
        self.models = models
        self.issue = issue
    }

    func model() throws -> Model {
        let (db, repository) = (models.db, models.repository)
        let labels = try LabelRow.of(db, issue: issue.id)
        let others = try LabelRow.all(db, repository: repository.id).filter { label in
            !label.isArchived && !labels.contains { $0.id == label.id }
        }
        let assignees = try issue.assignees(db)
        let requested = issue.isPull ? try ReviewRow.requested(db, issue: issue.id) : []
        let people = try repository.assignableUsers(db)
        let blockers = try issue.blockers(db).compactMap(models.reference)
        let blocked = try issue.blocked(db).compactMap(models.reference)
        var model: Model = [
            "hasSideLabels": !labels.isEmpty, "sideLabels": labels.map { models.label($0) },
            "otherLabels": others.map { ["labelId": $0.id, "labelName": $0.name] },
            "hasOtherLabels": !others.isEmpty,
            "hasAssignees": !assignees.isEmpty,
            "assignees": assignees.map { Person.model($0.name) },
            "others": people.filter { !assignees.contains($0) }.map { ["login": $0.name] },
            "isPull": issue.isPull, "hasRequested": !requested.isEmpty,
            "requested": requested.map { Person.model($0.name) },
            "possibleReviewers": people.filter { user in
                user.id != issue.authorId && !requested.contains(user)
            }.map { ["login": $0.name] },
            "hasBlockers": !blockers.isEmpty, "blockers": blockers, "hasBlocked": !blocked.isEmpty,
            "blocked": blocked,
        ]
        if let due = issue.dueAtMs { model["due"] = PageTime.day(due) }
        return model.adding(try milestone())
    }

    private func milestone() throws -> Model {
        let all = try MilestoneRow.all(models.db, repository: models.repository.id)
        let mine = all.first { $0.id == issue.milestoneId }
        var model: Model = [
            "hasMilestones": !all.isEmpty,
            "milestoneChoices": [
                IssueList.choice("0", "None", mine == nil ? "0" : "")
            ]
                + all.filter { $0.isOpen || $0.id == mine?.id }.map {
                    IssueList.choice(
                        String($0.id), $0.title, mine.map { String($0.id) } ?? "")
                },
        ]
        if let mine {
            model["milestone"] = mine.title
            model["milestoneURL"] =
                "\(models.base)/issues?state=all&milestone=\(PercentCoding.encode(mine.title))"
        }
        return model
    }
}
