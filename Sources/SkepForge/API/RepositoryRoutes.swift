import GRDB

extension ForgeAPI {
    static func addRepositoryRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "repos/search") { call in
            try await call.read { db in
                let text = (call.query("q") ?? "").lowercased()
                let owner = call.query("uid").flatMap { Int64($0) }
                let found = try RepositoryRow.all(db).filter {
                    try call.permission(for: $0, db) >= .read
                        && (text.isEmpty || $0.fullName.lowercased().contains(text))
                        && (owner == nil || owner == 0 || $0.ownerId == owner)
                }
                return call.searchResults(try found.map { try call.presenter(db).repository($0) })
            }
        }
        routes.on("POST", "user/repos", createRepository)
        routes.on("GET", "repositories/{id}") { call in
            try await call.read { db in
                let found = try RepositoryRow.find(db, id: call.id)
                let repository = try call.allowed(found, db, for: .read)
                return .json(try call.presenter(db).repository(repository))
            }
        }
        routes.on("GET", "repos/{owner}/{repo}") { call in
            try await call.read { db in
                .json(try call.presenter(db).repository(try call.repository(db)))
            }
        }
    }

    @Sendable private static func createRepository(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let branch = try fields.string("default_branch") ?? ""
        guard branch.isEmpty || BareRepository.isValidBranchName(branch) else {
            throw Refusal.unprocessable("\"\(branch)\" can't be a branch's name.")
        }
        if try fields.string("object_format_name") ?? "sha1" != "sha1" {
            throw Refusal.unprocessable("Only sha1 repositories can be made.")
        }
        let row = try await call.forge.create(
            owner: user.name, name: try fields.required("name"),
            seed: try fields.bool("auto_init") == true ? .readme : .empty,
            description: try fields.string("description") ?? "",
            defaultBranch: branch.isEmpty ? "main" : branch,
            isPrivate: try fields.bool("private") ?? false)
        return try await call.read { db in
            .json(try call.presenter(db).repository(row), status: 201)
        }
    }
}
