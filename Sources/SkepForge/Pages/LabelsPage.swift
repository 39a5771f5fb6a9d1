import GRDB

/// The labels of a repository, and the form for a new one.
enum LabelsPage {
    static func answer(_ visit: Visit, draft: FormDraft? = nil) async throws -> Answer {
        try await visit.read { db in
            let repository = try visit.call.repository(db)
            let models = PageModels(db, repository, visit)
            let labels = try LabelRow.all(db, repository: repository.id)
            let counts = try repository.openByLabel(db)
            var model = try models.tabs("onLabels")
            model["hasRows"] = !labels.isEmpty
            model["rows"] = labels.map { label in
                let count = counts[label.id] ?? (0, 0)
                let query = "?label=\(PercentCoding.encode(label.name))"
                return models.label(label).adding([
                    "issuesText": ForgePages.count(count.issues, "open issue"),
                    "pullsText": ForgePages.count(count.pulls, "open pull request"),
                    "issuesURL": "\(models.base)/issues\(query)",
                    "pullsURL": "\(models.base)/pulls\(query)", "hasPulls": count.pulls > 0,
                    "isExclusive": label.exclusiveScope != nil, "isArchived": label.isArchived,
                ])
            }
            model["mayWrite"] = try models.may(.write)
            model["draftName"] = draft?.form["name"] ?? ""
            model["draftColor"] = "#" + chosenColor(draft?.form["color"])
            model["draftText"] = draft?.form["description"] ?? ""
            if let draft { model["problem"] = draft.message }
            return visit.page(
                "labelspage", title: "Labels of \(repository.fullName)", crumbs: models.crumbs,
                status: draft?.refusal.status ?? 200, back: "\(models.base)/labels",
                model.withoutEmptyTexts)
        }
    }

    /// The browser's field for colors takes six digits only.
    private static func chosenColor(_ typed: String?) -> String {
        typed.flatMap { try? ForgeAPI.labelColor($0) } ?? "c98a1b"
    }

    @Sendable static func create(_ visit: Visit) async throws -> Answer {
        let repository = try await visit.read { db in try visit.call.repository(db) }
        do {
            let form = try visit.requireForm()
            guard form["name"].contains(where: { !$0.isWhitespace }) else {
                throw Refusal.unprocessable("A label needs a name.")
            }
            try await visit.api(
                "POST", ["repos", repository.ownerName, repository.name, "labels"],
                body: [
                    "name": .string(form["name"]), "color": .string(form["color"]),
                    "description": .string(form["description"]),
                ])
            return visit.redirect(to: "/\(repository.fullName)/labels")
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            return try await answer(visit, draft: FormDraft(form: visit.form, refusal: refusal))
        }
    }
}

/// The milestones of a repository, and how far each is.
enum MilestonesPage {
    static func answer(_ visit: Visit) async throws -> Answer {
        try await visit.read { db in
            let repository = try visit.call.repository(db)
            let models = PageModels(db, repository, visit)
            let all = try MilestoneRow.all(db, repository: repository.id)
            var model = try models.tabs("onMilestones")
            model["hasRows"] = !all.isEmpty
            model["rows"] = try (all.filter(\.isOpen) + all.filter { !$0.isOpen }).map {
                try row($0, models)
            }
            return visit.page(
                "milestones", title: "Milestones of \(repository.fullName)",
                crumbs: models.crumbs, model)
        }
    }

    private static func row(_ milestone: MilestoneRow, _ models: PageModels) throws
        -> PageRenderer.Model
    {
        let open = try milestone.countIssues(models.db, isOpen: true)
        let closed = try milestone.countIssues(models.db, isOpen: false)
        let query = "milestone=\(PercentCoding.encode(milestone.title))"
        let percent = open + closed == 0 ? 0 : closed * 100 / (open + closed)
        var model: PageRenderer.Model = [
            "milestoneTitle": milestone.title, "openText": "\(open) open",
            "closedText": "\(closed) closed", "closed": closed, "all": max(1, open + closed),
            "percent": "\(percent) %", "openURL": "\(models.base)/issues?\(query)",
            "closedURL": "\(models.base)/issues?state=closed&\(query)",
            "isClosedMilestone": !milestone.isOpen,
            "milestoneBody": Markdown.html(milestone.description, in: models.context()),
        ]
        if let due = milestone.dueAtMs {
            model["due"] = PageTime.day(due)
            model["isLate"] = milestone.isOpen && due < models.time.nowMs
        }
        return model
    }
}
