import Foundation
import GRDB

/// The form for a new issue.
enum NewIssuePage {
    /// - Parameter draft: The form that was refused. Without one the address may bring a title and
    ///   a text along.
    static func answer(_ visit: Visit, draft: FormDraft? = nil) async throws -> Answer {
        try await visit.read { db in
            let repository = try visit.call.repository(db)
            let models = PageModels(db, repository, visit)
            let mayWrite = try models.may(.write)
            func value(_ field: String) -> String {
                draft?.form[field] ?? visit.call.query(field) ?? ""
            }
            var model = try models.tabs("onIssues")
            model.merge([
                "draftTitle": value("title"), "draftBody": value("body"),
                "mayWrite": mayWrite, "cancelURL": "\(models.base)/issues",
            ]) { $1 }
            if mayWrite { model.merge(try choices(models, draft?.form)) { $1 } }
            if let draft { model["problem"] = draft.message }
            return visit.page(
                "newissue", title: "New issue in \(repository.fullName)", crumbs: models.crumbs,
                status: draft?.refusal.status ?? 200, back: "\(models.base)/issues/new",
                model.withoutEmptyTexts)
        }
    }

    private static func choices(_ models: PageModels, _ form: PageForm?) throws
        -> PageRenderer.Model
    {
        let (db, repository) = (models.db, models.repository)
        let labels = try LabelRow.all(db, repository: repository.id).filter { !$0.isArchived }
        let people = try repository.assignableUsers(db)
        let milestones = try MilestoneRow.all(db, repository: repository.id).filter(\.isOpen)
        let chosenLabels = form?.all("label") ?? []
        let chosenPeople = form?.all("assignee") ?? []
        return [
            "hasLabelChoices": !labels.isEmpty,
            "labelChoices": labels.map {
                models.label($0).adding(["isChosen": chosenLabels.contains(String($0.id))])
            },
            "peopleChoices": people.map {
                Person.model($0.name).adding(["isChosen": chosenPeople.contains($0.name)])
            },
            "hasMilestones": !milestones.isEmpty,
            "milestoneChoices": [IssueList.choice("0", "None", "")]
                + milestones.map {
                    IssueList.choice(String($0.id), $0.title, form?["milestone"] ?? "")
                },
        ]
    }

    @Sendable static func create(_ visit: Visit) async throws -> Answer {
        let repository = try await visit.read { db in try visit.call.repository(db) }
        do {
            let form = try visit.requireForm()
            let title = form["title"].trimmingCharacters(in: .whitespacesAndNewlines)
            guard !title.isEmpty else {
                throw Refusal.unprocessable("An issue needs a title.")
            }
            var body: [JSON.Member] = [
                JSON.Member(name: "title", value: .string(title)),
                JSON.Member(name: "body", value: .string(form["body"])),
                JSON.Member(
                    name: "labels",
                    value: .array(form.all("label").compactMap { Int64($0) }.map(JSON.integer))),
                JSON.Member(
                    name: "assignees", value: .array(form.all("assignee").map(JSON.string))),
            ]
            if let milestone = form.number("milestone"), milestone > 0 {
                body.append(JSON.Member(name: "milestone", value: .integer(milestone)))
            }
            let answer = try await visit.api(
                "POST", ["repos", repository.ownerName, repository.name, "issues"],
                body: .object(body))
            guard case .json(let issue) = answer.body, case .integer(let number)? = issue["number"]
            else { return visit.redirect(to: "/\(repository.fullName)/issues") }
            return visit.redirect(to: "/\(repository.fullName)/issues/\(number)")
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            return try await answer(visit, draft: FormDraft(form: visit.form, refusal: refusal))
        }
    }
}

/// The form that changes an issue's or a pull request's title and text.
enum EditIssuePage {
    static func answer(_ visit: Visit, draft: FormDraft? = nil) async throws -> Answer {
        try await visit.read { db in
            let repository = try visit.call.repository(db)
            let issue = try visit.call.issue(db, in: repository)
            let models = PageModels(db, repository, visit)
            let isOwn = visit.user.map { $0.id == issue.authorId } ?? false
            let address = ConversationPage.address(models, issue)
            var model = try models.tabs(issue.isPull ? "onPulls" : "onIssues")
            model.merge([
                "number": issue.number, "mayEdit": try isOwn || models.may(.write),
                "draftTitle": draft?.form["title"] ?? issue.title,
                "draftBody": draft?.form["body"] ?? issue.body, "cancelURL": address,
            ]) { $1 }
            model["textVersion"] = draft?.form["text_version"] ?? String(issue.contentVersion)
            if let draft { model["problem"] = draft.message }
            return visit.page(
                "editissue", title: "Edit #\(issue.number)", crumbs: models.crumbs,
                status: draft?.refusal.status ?? 200, back: "\(address)/edit",
                model.withoutEmptyTexts)
        }
    }

    @Sendable static func save(_ visit: Visit) async throws -> Answer {
        let place = try await visit.read { db in
            let repository = try visit.call.repository(db)
            return IssuePlace(repository, try visit.call.issue(db, in: repository))
        }
        do {
            let form = try visit.requireForm()
            guard form["title"].contains(where: { !$0.isWhitespace }) else {
                throw Refusal.unprocessable("An issue needs a title.")
            }
            // The API says when somebody else changed the text since the form was opened.
            try await visit.api(
                "PATCH", place.path(),
                body: [
                    "title": .string(form["title"]), "body": .string(form["body"]),
                    "content_version": .integer(form.number("text_version") ?? -1),
                ])
            return visit.redirect(to: place.address)
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            return try await answer(visit, draft: FormDraft(form: visit.form, refusal: refusal))
        }
    }
}
