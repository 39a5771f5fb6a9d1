import GRDB

/// A user's tokens. As in Gitea they're managed with a password, in whose place a token stands
/// here: this tracker has no passwords.
extension ForgeAPI {
    static func addTokenRoutes(to routes: inout Routes<Call>) {
        let tokens = "users/{user}/tokens"
        routes.on("GET", tokens) { call in
            try await call.read { db in
                let user = try call.ownUser(db)
                let all = try TokenRow.of(db, user: user.id)
                return call.list(all.map { call.presenter(db).token($0, value: "") })
            }
        }
        routes.on("POST", tokens) { call in
            let fields = try call.fields()
            let name = try fields.required("name")
            let scope = try TokenScope(try fields.strings("scopes") ?? [])
            let token = Token.random()
            return try await call.write { db, now in
                let user = try call.ownUser(db)
                let names = try TokenRow.of(db, user: user.id).map(\.name)
                guard !names.contains(name) else {
                    throw Refusal.badRequest("access token name has been used already")
                }
                let id = try user.addToken(db, token, name: name, scope: scope, now: now)
                guard let row = try TokenRow.find(db, id: id) else { throw Refusal.notFound }
                return .json(call.presenter(db).token(row, value: token.value), status: 201)
            }
        }
        routes.on("DELETE", tokens + "/{token}") { call in
            let wanted = call.parameter("token")
            try await call.write { db, _ in
                let user = try call.ownUser(db)
                let found = try TokenRow.of(db, user: user.id).filter {
                    $0.id == Int64(wanted) || $0.name == wanted
                }
                guard let token = found.first else { throw Refusal.notFound }
                try token.delete(db)
            }
            return .noContent
        }
    }
}

extension Call {
    /// The user in the path, who is the caller unless that is an administrator.
    fileprivate func ownUser(_ db: Database) throws -> UserRow {
        let caller = try requireUser()
        guard isBasic else { throw Refusal(status: 401, message: "auth required") }
        let user = try user(db)
        guard user.id == caller.id || caller.isAdmin else {
            throw Refusal.forbidden("Only the user may do that.")
        }
        return user
    }
}

extension Presenter {
    /// - Parameter value: The token itself, which is told once.
    func token(_ token: TokenRow, value: String) -> JSON {
        [
            "id": .integer(token.id), "name": .string(token.name), "sha1": .string(value),
            "token_last_eight": .string(token.lastEight),
            "scopes": .array(TokenScope(stored: token.scopes).words.map(JSON.string)),
            "created_at": .time(token.createdAtMs), "last_used_at": Self.zeroTime,
        ]
    }
}
