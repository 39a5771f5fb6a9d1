import Foundation
import GRDB

/// The pages: a look at repositories, issues and pull requests. Nothing can be changed here.
enum ForgePages {
    static func routes(_ renderer: PageRenderer) -> Routes<Call> {
        var routes = Routes<Call>()
        routes.on("GET", "assets/forge.css") { _ in
            Answer(
                status: 200, body: .text(PageRenderer.style, type: "text/css; charset=utf-8"))
        }
        routes.on("GET", "assets/favicon.svg") { _ in
            Answer(status: 200, body: .text(PageRenderer.icon, type: "image/svg+xml"))
        }
        // Pages name their icon; this is for those who ask without having read one.
        routes.on("GET", "favicon.ico") { _ in .noContent }
        routes.on("GET", "") { try await repositories($0, renderer, owner: nil) }
        routes.on("GET", "{owner}") { call in
            try await repositories(call, renderer, owner: call.parameter("owner"))
        }
        let repo = "{owner}/{repo}"
        routes.on("GET", repo) { try await RepositoryPage.answer($0, renderer) }
        routes.on("GET", repo + "/issues") { try await list($0, renderer, pulls: false) }
        routes.on("GET", repo + "/pulls") { try await list($0, renderer, pulls: true) }
        for kind in ["issues", "pulls"] {
            routes.on("GET", repo + "/\(kind)/{index}") { call in
                let isPull = try await call.read { db in
                    try call.issue(db, in: try call.repository(db)).isPull
                }
                return isPull
                    ? try await PullPage.answer(call, renderer)
                    : try await issue(call, renderer)
            }
        }
        routes.on("GET", repo + "/pulls/{file}", ForgeAPI.pullText)
        routes.on("GET", repo + "/commits/{branch...}") {
            try await CommitsPage.answer($0, renderer)
        }
        routes.on("GET", repo + "/commit/{file}") { try await CommitPage.answer($0, renderer) }
        return routes
    }

    private static func repositories(_ call: Call, _ renderer: PageRenderer, owner: String?)
        async throws -> Answer
    {
        try await call.read { db in
            let person = try owner.flatMap { try UserRow.find(db, name: $0) }
            if owner != nil, person == nil { throw Refusal.notFound }
            let shown = try RepositoryRow.all(db).filter {
                try $0.permission(db, of: call.caller) >= .read
                    && (person == nil || person?.id == $0.ownerId)
            }
            let models = try shown.map { repository in
                let model: PageRenderer.Model = [
                    "name": repository.fullName, "url": "/\(repository.fullName)",
                    "description": repository.description,
                    "issues": count(
                        try repository.countOpen(db, pulls: false), "open issue"),
                    "pulls": count(
                        try repository.countOpen(db, pulls: true), "pull request"),
                ]
                return model.withoutEmptyTexts
            }
            let heading = person.map { "Repositories of \($0.name)" } ?? "Repositories"
            return renderer.page(
                "repositories", title: heading,
                [
                    "heading": heading, "repositories": models, "owner": person?.name ?? "NAME",
                    "hasRepositories": !models.isEmpty, "isAll": person == nil,
                ])
        }
    }

    /// "1 commit", "2 commits".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func list(_ call: Call, _ renderer: PageRenderer, pulls: Bool) async throws
        -> Answer
    {
        let page = call.page
        let word: String =
            ["closed", "all"].first { $0 == call.query("state") } ?? "open"
        return try await call.read { db in
            let repository = try call.repository(db)
            let models = PageModels(db: db, repository: repository)
            let query = IssueQuery(isOpen: ForgeAPI.state(word), isPull: pulls)
            let (rows, total) = try query.fetch(db, repository: repository.id, page: page)
            var model = try models.tabs(pulls ? "onPulls" : "onIssues")
            model["items"] = try rows.map(models.row)
            model["hasItems"] = !rows.isEmpty
            model["is\(word.capitalized)"] = true
            if page.number > 1 { model["newer"] = "?state=\(word)&page=\(page.number - 1)" }
            if page.offset + rows.count < total {
                model["older"] = "?state=\(word)&page=\(page.number + 1)"
            }
            let title = pulls ? "Pull requests" : "Issues"
            return renderer.page(
                "issues", title: "\(title) of \(repository.fullName)", crumbs: models.crumbs, model)
        }
    }

    private static func issue(_ call: Call, _ renderer: PageRenderer) async throws -> Answer {
        try await call.read { db in
            let repository = try call.repository(db)
            let issue = try call.issue(db, in: repository)
            let models = PageModels(db: db, repository: repository)
            let model: PageRenderer.Model = [
                "title": issue.title, "number": issue.number, "labels": try models.labels(issue),
                "assignees": try models.assignees(issue),
                "entries": try models.entries(issue, viewer: call.caller),
            ]
            return renderer.page(
                "issue", title: issue.title,
                crumbs: models.crumbs + [Crumb(text: "Issues", url: models.base + "/issues")],
                model.adding(models.state(issue, isMerged: false)))
        }
    }
}
