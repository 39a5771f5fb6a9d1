import GRDB

extension ForgeAPI {
    static func addCompareRoutes(to routes: inout Routes<Call>) {
        let repo = "repos/{owner}/{repo}"
        routes.on("GET", repo + "/compare/{basehead...}") { call in
            let repository = try await call.read { db in try call.repository(db) }
            let bare = call.forge.bareRepository(repository)
            let text = call.parameter("basehead")
            guard let dots = text.firstRange(of: "...") ?? text.firstRange(of: "..") else {
                throw Refusal.notFound("Write BASE...HEAD.")
            }
            let base = try await call.commit(
                end: text[..<dots.lowerBound], in: repository, bare)
            let head = try await call.commit(
                end: text[dots.upperBound...], in: repository, bare)
            // Both ways of writing it mean what the head has and the base lacks.
            let range = "\(base)..\(head)"
            let total = try await bare.countCommits(range)
            let commits = try await bare.commits(range, limit: 250)
            var changes: [String: [GitFileChange]] = [:]
            for commit in commits.prefix(50) {
                changes[commit.id] = try await bare.changes(of: commit)
            }
            let known = changes
            return try await call.read { db in
                let presenter = call.presenter(db)
                return .json([
                    "total_commits": JSON(total),
                    "commits": .array(
                        try commits.map {
                            try presenter.commit($0, in: repository, changes: known[$0.id])
                        }),
                ])
            }
        }
        routes.on("GET", repo + "/commits/{sha}/pull") { call in
            let repository = try await call.read { db in try call.repository(db) }
            let commit = try await call.commit(call.parameter("sha"), in: repository).id
            let issue = try await call.read { db in
                try PullRow.find(db, repository: repository.id, commit: commit)
            }
            guard let issue else { throw Refusal.notFound }
            var found = call
            found.parameters["index"] = String(issue.number)
            return try await found.pullAnswer()
        }
    }
}

extension Call {
    /// One end of a comparison: empty is the default branch.
    fileprivate func commit(
        end: Substring, in repository: RepositoryRow, _ bare: BareRepository
    ) async throws -> String {
        let name = end.isEmpty ? repository.defaultBranch : String(end)
        guard let local = localBranch(name, in: repository),
            let commit = try await bare.resolve(local)
        else { throw Refusal.notFound("There is no \"\(name)\".") }
        return commit
    }
}
