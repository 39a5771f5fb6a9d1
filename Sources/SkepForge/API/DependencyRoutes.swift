import GRDB

extension ForgeAPI {
    static func addDependencyRoutes(to routes: inout Routes<Call>) {
        let issue = "repos/{owner}/{repo}/issues/{index}"
        // "dependencies" are what the issue waits for, "blocks" what waits for the issue.
        for (word, isBlocker) in [("/dependencies", false), ("/blocks", true)] {
            routes.on("GET", issue + word) { call in
                try await call.read { db in
                    let row = try call.issue(db, in: try call.repository(db))
                    let found = try isBlocker ? row.blocked(db) : row.blockers(db)
                    return call.list(try call.visible(found, db))
                }
            }
            routes.on("POST", issue + word) { call in
                try await call.changeDependency(isBlocker: isBlocker, status: 201) {
                    editor, issue, blocker in
                    try call.add(blocker, to: issue, editor)
                }
            }
            routes.on("DELETE", issue + word) { call in
                try await call.changeDependency(isBlocker: isBlocker, status: 200) {
                    editor, issue, blocker in
                    guard try issue.isBlocked(editor.db, by: blocker) else {
                        throw Refusal.notFound
                    }
                    try editor.removeBlocker(issue, blocker)
                }
            }
        }
    }
}

extension Call {
    fileprivate func visible(_ issues: [IssueRow], _ db: Database) throws -> [JSON] {
        try issues.compactMap { issue in
            guard let place = try RepositoryRow.find(db, id: issue.repositoryId),
                try permission(for: place, db) >= .read
            else { return nil }
            return try presenter(db).issue(issue, in: place)
        }
    }

    /// Changes a dependency between the issue in the path and the one in the body, and answers
    /// with the former.
    fileprivate func changeDependency(
        isBlocker: Bool, status: Int,
        _ change:
            @Sendable @escaping (_ editor: Editor, _ issue: IssueRow, _ blocker: IssueRow) throws
            -> Void
    ) async throws -> Answer {
        let fields = try fields()
        let owner = try fields.string("owner") ?? ""
        let name = try fields.string("repo") ?? ""
        let number = try fields.integer("index") ?? 0
        return try await write { db, now in
            let repository = try self.repository(db, for: .write)
            let own = try issue(db, in: repository)
            var place = repository
            if !name.isEmpty {
                let owner = owner.isEmpty ? repository.ownerName : owner
                // Who waits for an issue is that one's change.
                place = try allowed(
                    try RepositoryRow.find(db, owner: owner, name: name), db,
                    for: isBlocker ? .write : .read)
            }
            let found = try IssueRow.find(
                db, repository: place.id, number: Int(clamping: number))
            guard let other = found else { throw Refusal.notFound }
            let (issue, blocker) = isBlocker ? (other, own) : (own, other)
            let editor = try editor(db, in: isBlocker ? place : repository, now: now)
            try change(editor, issue, blocker)
            return try answer(own.id, in: repository, db, status: status)
        }
    }

    fileprivate func add(_ blocker: IssueRow, to issue: IssueRow, _ editor: Editor) throws {
        guard issue.id != blocker.id else {
            throw Refusal.badRequest("An issue can't depend on itself.")
        }
        let isThere = try issue.isBlocked(editor.db, by: blocker)
        let isCircular = try blocker.isBlocked(editor.db, by: issue)
        if isThere || isCircular {
            let text =
                isThere
                ? "issue dependency does already exist"
                : "circular dependencies exists (two issues blocking each other)"
            throw memory.quirks.contains(.serverErrors)
                ? Refusal(status: 500, message: text) : .conflict(text)
        }
        try editor.addBlocker(issue, blocker)
    }
}
