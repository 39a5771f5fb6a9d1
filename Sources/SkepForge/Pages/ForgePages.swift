import GRDB

/// The pages: what people look at, and the forms they fill in.
///
/// They work without scripts, and take nothing from other hosts. What a form asks for is done by
/// the API's own routes, so that there is one place for each rule.
enum ForgePages {
    typealias Action = @Sendable (Visit) async throws -> Answer

    static func routes(_ renderer: PageRenderer, _ sessions: PageSessions = PageSessions())
        -> Routes<Call>
    {
        var pages = Pages(site: PageSite(renderer: renderer, sessions: sessions))
        pages.addAssets()
        pages.add("GET", "", RepositoriesPage.all)
        pages.add("GET", "user/login", SignInPage.show)
        pages.add("POST", "user/login", SignInPage.signIn)
        pages.add("POST", "user/logout", SignInPage.signOut)
        pages.add("GET", "{owner}", RepositoriesPage.ofOwner)
        pages.addIssues()
        pages.addPulls()
        pages.addCode()
        // The last, for everything else: a page that isn't there is no matter of methods.
        for method in ["GET", "POST"] {
            pages.add(method, "{rest...}") { _ in throw Refusal.notFound }
        }
        return pages.routes
    }

    /// "1 commit", "2 commits".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// The routes of the pages while they are put together.
private struct Pages {
    private static let repo = "{owner}/{repo}"

    let site: PageSite
    var routes = Routes<Call>()

    mutating func add(_ method: String, _ pattern: String, _ action: @escaping ForgePages.Action) {
        let site = site
        routes.on(method, pattern) { call in
            let visit = try await Visit(call, site)
            do {
                return try await action(visit)
            } catch {
                guard let refusal = Refusal(error) else { throw error }
                return visit.failure(refusal)
            }
        }
    }

    mutating func addAssets() {
        routes.on("GET", "assets/forge.css") { _ in
            Answer(
                status: 200, body: .text(PageRenderer.style, type: "text/css; charset=utf-8"))
        }
        routes.on("GET", "assets/favicon.svg") { _ in
            Answer(status: 200, body: .text(PageRenderer.icon, type: "image/svg+xml"))
        }
        // Pages name their icon; this is for those who ask without having read one.
        routes.on("GET", "favicon.ico") { _ in .noContent }
    }

    mutating func addIssues() {
        add("GET", Self.repo + "/issues") { try await IssueListPage.answer($0, pulls: false) }
        add("GET", Self.repo + "/pulls") { try await IssueListPage.answer($0, pulls: true) }
        add("GET", Self.repo + "/issues/new") { try await NewIssuePage.answer($0) }
        add("POST", Self.repo + "/issues/new", NewIssuePage.create)
        for kind in ["issues", "pulls"] {
            let issue = Self.repo + "/\(kind)/{index}"
            add("GET", issue) { try await ConversationPage.answer($0) }
            add("GET", issue + "/edit") { try await EditIssuePage.answer($0) }
            add("POST", issue + "/edit", EditIssuePage.save)
            for (word, action) in IssueForms.actions { add("POST", issue + "/" + word, action) }
        }
        add("GET", Self.repo + "/labels") { try await LabelsPage.answer($0) }
        add("POST", Self.repo + "/labels", LabelsPage.create)
        add("GET", Self.repo + "/milestones") { try await MilestonesPage.answer($0) }
        add("GET", Self.repo + "/hooks", HooksPage.answer)
        add("GET", Self.repo + "/hooks/{id}", HooksPage.deliveries)
    }

    mutating func addPulls() {
        let pull = Self.repo + "/pulls/{index}"
        add("GET", pull + "/commits", PullPage.commits)
        add("GET", pull + "/files", PullPage.files)
        add("POST", pull + "/merge", PullForms.merge)
        add("POST", pull + "/reviews", PullForms.review)
        add("GET", Self.repo + "/pulls/{file}") { try await ForgeAPI.pullText($0.call) }
    }

    mutating func addCode() {
        add("GET", Self.repo, CodePage.start)
        add("GET", Self.repo + "/branches", BranchesPage.answer)
        add("GET", Self.repo + "/commits/{branch...}", CommitsPage.answer)
        add("GET", Self.repo + "/commit/{file}", CommitPage.answer)
        add("GET", Self.repo + "/src/{kind}/{place...}", CodePage.answer)
        add("GET", Self.repo + "/raw/{kind}/{place...}", CodePage.raw)
    }
}
