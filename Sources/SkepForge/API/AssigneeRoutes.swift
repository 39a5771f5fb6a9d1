import GRDB

extension ForgeAPI {
    static func addAssigneeRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "repos/{owner}/{repo}/assignees") { call in
            try await call.read { db in
                let users = try call.repository(db).assignableUsers(db)
                return .json(.array(users.map(call.presenter(db).user)))
            }
        }
        routes.on("GET", "repos/{owner}/{repo}/assignees/{user}") { call in
            try await call.read { db in
                let user = try call.user(db)
                let isThere = try call.repository(db).assignableUsers(db).contains(user)
                return .empty(isThere ? 204 : 404)
            }
        }
        let assignees = "repos/{owner}/{repo}/issues/{index}/assignees"
        routes.on("GET", assignees + "/{user}") { call in
            try await call.read { db in
                let issue = try call.issue(db, in: try call.repository(db))
                let isAssigned = try issue.assignees(db).contains(try call.user(db))
                return .empty(isAssigned ? 204 : 404)
            }
        }
        routes.on("POST", assignees) { call in
            try await call.changeAssignees(status: 201) { editor, issue, users in
                for user in users { try editor.assign(issue, user) }
            }
        }
        routes.on("DELETE", assignees) { call in
            try await call.changeAssignees(status: 200) { editor, issue, users in
                for user in users { try editor.unassign(issue, user) }
            }
        }
    }
}

extension Call {
    /// Users given by name who may be assigned.
    func assignable(_ names: [String], _ db: Database, in repository: RepositoryRow) throws
        -> [UserRow]
    {
        try names.map { name in
            guard let user = try UserRow.find(db, name: name) else {
                throw Refusal.unprocessable("Assignee does not exist: [name: \(name)]")
            }
            guard try repository.permission(db, of: user) >= .write else {
                throw Refusal.unprocessable("user \(name) cannot be assigned to this repo")
            }
            return user
        }
    }

    fileprivate func changeAssignees(
        status: Int, _ change: @Sendable @escaping (Editor, IssueRow, [UserRow]) throws -> Void
    ) async throws -> Answer {
        let names = try fields().strings("assignees") ?? []
        return try await write { db, now in
            let repository = try repository(db, for: .write)
            let issue = try issue(db, in: repository)
            let editor = try editor(db, in: repository, now: now)
            try change(editor, issue, try assignable(names, db, in: repository))
            let changed = try self.issue(db, in: repository)
            return .json(try presenter(db).issue(changed, in: repository), status: status)
        }
    }
}
