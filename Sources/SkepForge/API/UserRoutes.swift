import GRDB

extension ForgeAPI {
    static func addUserRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "user") { call in
            let user = try call.requireUser()
            return try await call.read { db in .json(call.presenter(db).user(user)) }
        }
        routes.on("GET", "user/repos") { call in
            let user = try call.requireUser()
            return try await call.read { db in
                try call.list(
                    RepositoryRow.all(db).filter {
                        try $0.permission(db, of: user) >= .write
                            && call.permission(for: $0, db) >= .read
                    },
                    db)
            }
        }
        routes.on("GET", "users/search") { call in
            let user = call.query("uid").flatMap { Int64($0) }
            return try await call.read { db in
                let found = try UserRow.search(db, containing: call.query("q") ?? "")
                    .filter { user == nil || user == 0 || $0.id == user }
                return call.searchResults(found.map(call.presenter(db).user))
            }
        }
        routes.on("GET", "users/{user}") { call in
            try await call.read { db in .json(call.presenter(db).user(try call.user(db))) }
        }
        routes.on("GET", "users/{user}/repos") { call in
            try await call.read { db in
                let owner = try call.user(db)
                return try call.list(
                    RepositoryRow.all(db).filter {
                        try $0.ownerId == owner.id && call.permission(for: $0, db) >= .read
                    }, db)
            }
        }
    }
}

extension Call {
    func user(_ db: Database, _ parameter: String = "user") throws -> UserRow {
        guard let user = try UserRow.find(db, name: self.parameter(parameter)) else {
            throw Refusal.notFound(
                "user redirect does not exist [name: \(self.parameter(parameter))]")
        }
        return user
    }

    func list(_ repositories: [RepositoryRow], _ db: Database) throws -> Answer {
        let page = page
        let shown = repositories.dropFirst(page.offset).prefix(page.limit)
        return list(
            try shown.map { try presenter(db).repository($0) }, total: repositories.count,
            page: page)
    }

    /// A list in the shape of Gitea's searches.
    func searchResults(_ all: [JSON]) -> Answer {
        var answer = list(all)
        if case .json(let found) = answer.body {
            answer.body = .json(["ok": true, "data": found])
        }
        return answer
    }
}
