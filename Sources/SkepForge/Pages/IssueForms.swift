import Foundation
import GRDB

/// The forms on an issue's or a pull request's page. What is refused comes back with the page.
enum IssueForms {
    static let actions: [(word: String, action: ForgePages.Action)] = [
        ("comments", comment), ("state", state), ("labels", labels), ("assignees", assignees),
        ("milestone", milestone), ("reviewers", reviewers),
    ]

    /// Does what a form asks for, and goes back to the issue's page.
    ///
    /// - Parameter body: Gets the form, and the issue's place in the API; gives the anchor to
    ///   come back to.
    static func submit(
        _ visit: Visit,
        _ body: @Sendable (_ form: PageForm, _ issue: IssuePlace) async throws -> String
    ) async throws -> Answer {
        let place = try await visit.read { db in
            let repository = try visit.call.repository(db)
            return IssuePlace(repository, try visit.call.issue(db, in: repository))
        }
        do {
            let anchor = try await body(try visit.requireForm(), place)
            return visit.redirect(to: place.address + (anchor.isEmpty ? "" : "#" + anchor))
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            return try await ConversationPage.answer(
                visit, draft: FormDraft(form: visit.form, refusal: refusal))
        }
    }

    @Sendable private static func comment(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            let body = form["body"]
            let isEmpty = body.allSatisfy(\.isWhitespace)
            let wanted = form["then"]
            guard !isEmpty || !wanted.isEmpty else {
                throw Refusal.unprocessable("A comment needs a text.")
            }
            var anchor = ""
            if !isEmpty {
                let answer = try await visit.api(
                    "POST", issue.path("comments"), body: ["body": .string(body)])
                if case .json(let comment) = answer.body,
                    case .integer(let id)? = comment["id"]
                {
                    anchor = "issuecomment-\(id)"
                }
            }
            if !wanted.isEmpty { try await setState(wanted, issue, visit) }
            return anchor
        }
    }

    @Sendable private static func state(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            try await setState(form["then"], issue, visit)
            return ""
        }
    }

    private static func setState(_ wanted: String, _ issue: IssuePlace, _ visit: Visit)
        async throws
    {
        guard ["close", "reopen"].contains(wanted) else {
            throw Refusal.unprocessable("An issue can be closed and opened again, nothing else.")
        }
        try await visit.api(
            "PATCH", issue.path(), body: ["state": wanted == "close" ? "closed" : "open"])
    }

    @Sendable private static func labels(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            if let id = form.number("remove") {
                try await visit.api("DELETE", issue.path("labels", String(id)))
            } else if let id = form.number("add") {
                try await visit.api(
                    "POST", issue.path("labels"), body: ["labels": [.integer(id)]])
            } else {
                throw Refusal.unprocessable("Choose a label first.")
            }
            return "side"
        }
    }

    @Sendable private static func assignees(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            try await change(form, issue.path("assignees"), "assignees", visit)
        }
    }

    @Sendable private static func reviewers(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            let path = issue.pullPath("requested_reviewers")
            return try await change(form, path, "reviewers", visit)
        }
    }

    /// Adds or removes the person that a form names.
    private static func change(
        _ form: PageForm, _ path: [String], _ field: String, _ visit: Visit
    ) async throws -> String {
        let isRemoval = !form["remove"].isEmpty
        let name = form[isRemoval ? "remove" : "add"]
        guard !name.isEmpty else { throw Refusal.unprocessable("Choose somebody first.") }
        let body = JSON.object([JSON.Member(name: field, value: [.string(name)])])
        try await visit.api(isRemoval ? "DELETE" : "POST", path, body: body)
        return "side"
    }

    @Sendable private static func milestone(_ visit: Visit) async throws -> Answer {
        try await submit(visit) { form, issue in
            guard let id = form.number("milestone") else {
                throw Refusal.unprocessable("Choose a milestone first.")
            }
            try await visit.api("PATCH", issue.path(), body: ["milestone": .integer(id)])
            return "side"
        }
    }
}

/// The forms that only pull requests have.
enum PullForms {
    @Sendable static func merge(_ visit: Visit) async throws -> Answer {
        try await IssueForms.submit(visit) { form, issue in
            try await visit.api(
                "POST", issue.pullPath("merge"),
                body: [
                    "Do": .string(form["style"]), "head_commit_id": .string(form["head"]),
                    "delete_branch_after_merge": .bool(form["delete_branch"] == "yes"),
                ])
            return ""
        }
    }

    @Sendable static func review(_ visit: Visit) async throws -> Answer {
        try await IssueForms.submit(visit) { form, issue in
            let event = form["event"]
            guard ["APPROVED", "REQUEST_CHANGES", "COMMENT"].contains(event) else {
                throw Refusal.unprocessable("Choose what the review says.")
            }
            let isEmpty = form["body"].allSatisfy(\.isWhitespace)
            guard !isEmpty || event == "APPROVED" else {
                throw Refusal.unprocessable("Write what is to be changed, or what you think.")
            }
            let answer = try await visit.api(
                "POST", issue.pullPath("reviews"),
                body: [
                    "event": .string(event), "body": .string(form["body"]),
                    "commit_id": .string(form["head"]),
                ])
            guard case .json(let review) = answer.body, case .integer(let id)? = review["id"]
            else { return "" }
            return "review-\(id)"
        }
    }
}

/// Where an issue is, on the pages and in the API.
struct IssuePlace: Sendable {
    private let repository: [String]
    private let number: String
    let address: String

    init(_ repository: RepositoryRow, _ issue: IssueRow) {
        self.repository = ["repos", repository.ownerName, repository.name]
        number = String(issue.number)
        address = "/\(repository.fullName)/\(issue.isPull ? "pulls" : "issues")/\(issue.number)"
    }

    func path(_ rest: String...) -> [String] { repository + ["issues", number] + rest }
    func pullPath(_ rest: String...) -> [String] { repository + ["pulls", number] + rest }
}
