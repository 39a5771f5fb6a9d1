import GRDB

extension ForgeAPI {
    static func addCollaboratorRoutes(to routes: inout Routes<Call>) {
        let one = "repos/{owner}/{repo}/collaborators/{user}"
        routes.on("GET", "repos/{owner}/{repo}/collaborators") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                return call.list(
                    try repository.collaborators(db).map(call.presenter(db).user))
            }
        }
        routes.on("GET", one + "/permission") { call in
            let caller = try call.requireUser()
            return try await call.read { db in
                let repository = try call.repository(db)
                let user = try call.user(db)
                let own = try repository.permission(db, of: caller)
                guard caller.id == user.id || own >= .write else {
                    throw Refusal.forbidden("Only those who can write may ask for others.")
                }
                let permission = try repository.permission(db, of: user)
                return .json([
                    "permission": .string(permission.rawValue),
                    "role_name": .string(permission.rawValue),
                    "user": call.presenter(db).user(user),
                ])
            }
        }
        routes.on("GET", one) { call in
            try await call.read { db in
                let user = try call.user(db)
                let isThere = try call.repository(db).collaborators(db).contains(user)
                return .empty(isThere ? 204 : 404)
            }
        }
        routes.on("PUT", one) { call in
            let wanted = try call.fields().string("permission") ?? "write"
            guard let permission = Permission(rawValue: wanted),
                [.read, .write, .admin].contains(permission)
            else { throw Refusal.unprocessable("There is no permission \"\(wanted)\".") }
            try await call.write { db, _ in
                let repository = try call.repository(db, for: .admin)
                try repository.setCollaborator(db, try call.user(db), permission: permission)
            }
            return .noContent
        }
        routes.on("DELETE", one) { call in
            try await call.write { db, _ in
                try call.repository(db, for: .admin).removeCollaborator(db, try call.user(db))
            }
            return .noContent
        }
        routes.on("GET", "repos/{owner}/{repo}/reviewers") { call in
            try await call.read { db in
                let users = try call.repository(db).assignableUsers(db)
                return .json(.array(users.map(call.presenter(db).user)))
            }
        }
    }
}
