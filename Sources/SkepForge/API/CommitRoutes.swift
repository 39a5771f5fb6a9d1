import GRDB

extension ForgeAPI {
    static func addCommitRoutes(to routes: inout Routes<Call>) {
        let repo = "repos/{owner}/{repo}"
        routes.on("GET", repo + "/commits", listCommits)
        routes.on("GET", repo + "/git/commits/{sha}") { call in
            let repository = try await call.read { db in try call.repository(db) }
            let bare = call.forge.bareRepository(repository)
            let commit = try await call.commit(call.parameter("sha"), in: repository)
            let changes = try await bare.changes(of: commit)
            return try await call.read { db in
                .json(try call.presenter(db).commit(commit, in: repository, changes: changes))
            }
        }
        for pattern in [repo + "/git/refs", repo + "/git/refs/{ref...}"] {
            routes.on("GET", pattern) { call in
                let repository = try await call.read { db in try call.repository(db) }
                let prefix = "refs/" + call.parameter("ref")
                let found = try await call.forge.bareRepository(repository).references("refs/")
                    .filter { $0.name.hasPrefix(prefix) }
                guard !found.isEmpty else { throw Refusal.notFound }
                return try await call.read { db in
                    let presenter = call.presenter(db)
                    return call.list(
                        found.map { presenter.reference($0.name, $0.commit, in: repository) })
                }
            }
        }
        addStatusRoutes(to: &routes)
    }

    @Sendable private static func listCommits(_ call: Call) async throws -> Answer {
        let repository = try await call.read { db in try call.repository(db) }
        let bare = call.forge.bareRepository(repository)
        guard bare.countBranches() > 0 else {
            throw Refusal.conflict("Git Repository is empty.")
        }
        let asked = call.query("sha") ?? ""
        guard
            let head = try await bare.resolve(
                asked.isEmpty ? "refs/heads/" + repository.defaultBranch : asked)
        else { throw Refusal.notFound }
        let path = call.query("path").flatMap { $0.isEmpty ? nil : $0 }
        let page = call.page
        let total = try await bare.countCommits(head, path: path)
        let commits = try await bare.commits(
            head, skip: page.offset, limit: page.limit, path: path)
        return try await call.read { db in
            let presenter = call.presenter(db)
            return call.list(
                try commits.map { try presenter.commit($0, in: repository) }, total: total,
                page: page)
        }
    }

    private static func addStatusRoutes(to routes: inout Routes<Call>) {
        let repo = "repos/{owner}/{repo}"
        routes.on("POST", repo + "/statuses/{sha}", createStatus)
        routes.on("GET", repo + "/statuses/{ref...}", listStatuses)
        routes.on("GET", repo + "/commits/{ref...}/statuses", listStatuses)
        routes.on("GET", repo + "/commits/{ref...}/status") { call in
            let repository = try await call.read { db in try call.repository(db) }
            let commit = try await call.commit(call.parameter("ref"), in: repository).id
            return try await call.read { db in
                let newest = try StatusRow.newest(db, repository: repository.id, commit: commit)
                let presenter = call.presenter(db)
                let api = call.addresses.api(repository)
                return .json([
                    "state": .string(StatusRow.combined(newest).rawValue),
                    "sha": .string(commit), "total_count": JSON(newest.count),
                    "statuses": .array(
                        try newest.map { try presenter.status($0, in: repository) }),
                    "repository": try presenter.repository(repository),
                    "commit_url": .string("\(api)/commits/\(commit)"),
                    "url": .string("\(api)/commits/\(commit)/status"),
                ])
            }
        }
    }

    @Sendable private static func listStatuses(_ call: Call) async throws -> Answer {
        let repository = try await call.read { db in try call.repository(db) }
        let commit = try await call.commit(call.parameter("ref"), in: repository).id
        return try await call.read { db in
            let all = try StatusRow.of(db, repository: repository.id, commit: commit)
            let presenter = call.presenter(db)
            return call.list(try all.map { try presenter.status($0, in: repository) })
        }
    }

    @Sendable private static func createStatus(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let word = try fields.required("state")
        guard let state = StatusRow.State(rawValue: word) else {
            throw Refusal.unprocessable("There is no status \"\(word)\".")
        }
        let context = try fields.string("context") ?? ""
        let description = try fields.string("description") ?? ""
        let target = try fields.string("target_url") ?? ""
        let repository = try await call.read { db in try call.repository(db, for: .write) }
        let commit = try await call.commit(call.parameter("sha"), in: repository)
        return try await call.write { db, now in
            let status = try StatusRow.insert(
                db, repository: repository.id, commit: commit.id,
                context: context.isEmpty ? "default" : context, state: state,
                description: description, targetURL: target, creator: user, now: now)
            guard let status else { throw Refusal.notFound }
            let editor = try call.editor(db, in: repository, now: now)
            try editor.tell(.status) {
                try editor.presenter.statusPayload(status, commit, in: repository, by: user)
            }
            return .json(try call.presenter(db).status(status, in: repository), status: 201)
        }
    }
}

extension Call {
    /// The commit that a branch, a tag or a commit's name in the path stands for.
    func commit(_ revision: String, in repository: RepositoryRow) async throws -> GitCommit {
        let bare = forge.bareRepository(repository)
        guard let id = try await bare.resolve(revision), let commit = try await bare.commit(id)
        else { throw Refusal.notFound }
        return commit
    }
}
