import GRDB

/// Locks, pins and deadlines.
extension ForgeAPI {
    static func addLockRoutes(to routes: inout Routes<Call>) {
        let issue = "repos/{owner}/{repo}/issues/{index}"
        for (method, isLocked) in [("PUT", true), ("DELETE", false)] {
            routes.on(method, issue + "/lock") { call in
                let reason = try call.fields().string("lock_reason") ?? ""
                return try await call.changeIssue { editor, issue in
                    guard issue.isLocked != isLocked else { return }
                    try issue.setLocked(editor.db, isLocked)
                    try editor.record(
                        isLocked ? .lock : .unlock, on: issue, EventFacts(body: reason))
                }
            }
        }
        routes.on("POST", issue + "/deadline") { call in
            let due = try call.fields().time("due_date")
            _ = try await call.changeIssue { editor, issue in try editor.setDue(issue, due) }
            return .json(["due_date": .time(due)], status: 201)
        }
        addPinRoutes(to: &routes)
    }

    private static func addPinRoutes(to routes: inout Routes<Call>) {
        let repo = "repos/{owner}/{repo}"
        let pin = repo + "/issues/{index}/pin"
        routes.on("POST", pin) { call in
            try await call.changeIssue { editor, issue in
                guard issue.pinOrder == 0 else { return }
                let count = try IssueRow.pinned(
                    editor.db, repository: issue.repositoryId, pulls: issue.isPull
                ).count
                try issue.setPinOrder(editor.db, count + 1)
                try editor.record(.pin, on: issue)
            }
        }
        routes.on("DELETE", pin) { call in
            try await call.changeIssue { editor, issue in
                guard issue.pinOrder > 0 else { return }
                try issue.setPinOrder(editor.db, 0)
                try renumber(issue, at: nil, editor)
                try editor.record(.unpin, on: issue)
            }
        }
        routes.on("PATCH", pin + "/{position}") { call in
            guard let position = Int(call.parameter("position")), position > 0 else {
                throw Refusal.notFound
            }
            return try await call.changeIssue { editor, issue in
                guard issue.pinOrder > 0 else { throw Refusal.notFound }
                try renumber(issue, at: position, editor)
            }
        }
        routes.on("GET", repo + "/issues/pinned") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let pinned = try IssueRow.pinned(db, repository: repository.id, pulls: false)
                let presenter = call.presenter(db)
                return .json(
                    .array(try pinned.map { try presenter.issue($0, in: repository) }))
            }
        }
        routes.on("GET", repo + "/new_pin_allowed") { call in
            _ = try await call.read { db in try call.repository(db) }
            return .json(["issues": true, "pull_requests": true])
        }
    }

    /// Numbers the pinned ones from 1 again, one of them at a place if one is given.
    private static func renumber(_ issue: IssueRow, at position: Int?, _ editor: Editor) throws {
        var order = try IssueRow.pinned(
            editor.db, repository: issue.repositoryId, pulls: issue.isPull
        ).filter { $0.id != issue.id }
        if let position { order.insert(issue, at: min(position - 1, order.count)) }
        for (index, row) in order.enumerated() { try row.setPinOrder(editor.db, index + 1) }
    }
}

extension Call {
    /// Changes the issue in the path, as only those who can write may.
    fileprivate func changeIssue(
        _ change: @Sendable @escaping (Editor, IssueRow) throws -> Void
    ) async throws -> Answer {
        _ = try requireUser()
        try await write { db, now in
            let repository = try repository(db, for: .write)
            try change(editor(db, in: repository, now: now), try issue(db, in: repository))
        }
        return .noContent
    }
}
