import GRDB

extension ForgeAPI {
    static func addIssueSearchRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "repos/issues/search") { call in
            let page = call.page
            let since = try call.time("since")
            let before = try call.time("before")
            return try await call.read { db in
                var query = IssueQuery(isOpen: state(call.query("state")))
                switch call.query("type") {
                case "issues": query.isPull = false
                case "pulls": query.isPull = true
                default: break
                }
                query.labelNames = call.names("labels")
                query.milestoneTitles = call.names("milestones")
                query.text = call.query("q") ?? ""
                query.sinceMs = since
                query.beforeSecond = before.map { $0 / 1000 }
                query.author = try call.queriedUser(db, "created_by")
                try call.addOwnFilters(to: &query)
                let places = try call.searchedRepositories(db)
                let (rows, total) = try query.fetch(
                    db, repositories: Array(places.keys), page: page)
                let presenter = call.presenter(db)
                return call.list(
                    try rows.compactMap { row in
                        try places[row.repositoryId].map { try presenter.issue(row, in: $0) }
                    }, total: total, page: page)
            }
        }
    }
}

extension Call {
    /// The filters that are about whoever asks.
    fileprivate func addOwnFilters(to query: inout IssueQuery) throws {
        func isAsked(_ name: String) -> Bool { ["true", "1"].contains(self.query(name) ?? "") }
        let names = ["created", "assigned", "mentioned", "review_requested", "reviewed"]
        guard names.contains(where: isAsked) else { return }
        let user = try requireUser().id
        if isAsked("created") { query.author = user }
        if isAsked("assigned") { query.assignee = user }
        if isAsked("mentioned") { query.mentioned = user }
        if isAsked("review_requested") { query.reviewRequested = user }
        if isAsked("reviewed") { query.reviewed = user }
    }

    /// Those that the caller may see, by their ids; of one owner if the query names one.
    fileprivate func searchedRepositories(_ db: Database) throws -> [Int64: RepositoryRow] {
        let owner = try queriedUser(db, "owner")
        let found = try RepositoryRow.all(db).filter {
            try (owner == nil || $0.ownerId == owner) && permission(for: $0, db) >= .read
        }
        return Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
    }
}
