import GRDB

extension ForgeAPI {
    static func addBranchRoutes(to routes: inout Routes<Call>) {
        let branches = "repos/{owner}/{repo}/branches"
        routes.on("GET", branches) { call in
            let repository = try await call.read { db in try call.repository(db) }
            let bare = call.forge.bareRepository(repository)
            let all = try await bare.branches()
            let page = call.page
            var shown: [(String, GitCommit)] = []
            for branch in all.dropFirst(page.offset).prefix(page.limit) {
                if let commit = try await bare.commit(branch.commit) {
                    shown.append((branch.name, commit))
                }
            }
            let (found, total) = (shown, all.count)
            return try await call.read { db in
                let presenter = call.presenter(db)
                return call.list(
                    try found.map { try presenter.branch($0.0, $0.1, in: repository) },
                    total: total, page: page)
            }
        }
        routes.on("POST", branches, createBranch)
        routes.on("GET", branches + "/{branch...}") { call in
            let repository = try await call.read { db in try call.repository(db) }
            return try await call.branchAnswer(call.parameter("branch"), in: repository)
        }
        routes.on("DELETE", branches + "/{branch...}", deleteBranch)
    }

    @Sendable private static func createBranch(_ call: Call) async throws -> Answer {
        let fields = try call.fields()
        let name = try fields.required("new_branch_name")
        guard BareRepository.isValidBranchName(name) else {
            throw Refusal.unprocessable("\"\(name)\" can't be a branch's name.")
        }
        let repository = try await call.read { db in try call.repository(db, for: .write) }
        let bare = call.forge.bareRepository(repository)
        guard bare.countBranches() > 0 else { throw Refusal.notFound("The repository is empty.") }
        let old =
            try fields.string("old_ref_name", "old_branch_name") ?? repository.defaultBranch
        guard let commit = try await bare.resolve(old) else {
            throw Refusal.notFound("The old branch does not exist")
        }
        // Also refused by git: "a" beside "a/b".
        try await call.forge.changingRefs(of: repository, by: call.caller) {
            let isMade = try await bare.update(
                "refs/heads/" + name, to: commit, from: BareRepository.noCommit)
            guard isMade else { throw Refusal.conflict("The branch already exists.") }
        }
        return try await call.branchAnswer(name, in: repository, status: 201)
    }

    @Sendable private static func deleteBranch(_ call: Call) async throws -> Answer {
        let name = call.parameter("branch")
        let repository = try await call.read { db in try call.repository(db, for: .write) }
        guard name != repository.defaultBranch else {
            throw Refusal.forbidden("can not delete default or pull request target branch")
        }
        let isProtected = try await call.read { db in
            try ProtectionRow.rule(db, forBranch: name, repository: repository.id) != nil
        }
        guard !isProtected else { throw Refusal.forbidden("branch protected") }
        let bare = call.forge.bareRepository(repository)
        try await call.forge.keepHeads(in: repository)
        guard let commit = try await bare.commit(ofBranch: name) else { throw Refusal.notFound }
        try await call.forge.changingRefs(of: repository, by: call.caller) {
            guard try await bare.delete("refs/heads/" + name, at: commit) else {
                throw Refusal.conflict("The branch was changed meanwhile.")
            }
        }
        return .noContent
    }
}

extension Call {
    func branchAnswer(_ name: String, in repository: RepositoryRow, status: Int = 200) async throws
        -> Answer
    {
        let bare = forge.bareRepository(repository)
        guard let id = try await bare.commit(ofBranch: name),
            let commit = try await bare.commit(id)
        else { throw Refusal.notFound }
        return try await read { db in
            .json(try presenter(db).branch(name, commit, in: repository), status: status)
        }
    }
}
