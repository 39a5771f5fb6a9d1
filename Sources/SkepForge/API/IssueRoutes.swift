import Foundation
import GRDB

extension ForgeAPI {
    static func addIssueRoutes(to routes: inout Routes<Call>) {
        let issues = "repos/{owner}/{repo}/issues"
        routes.on("GET", issues, listIssues)
        routes.on("POST", issues, createIssue)
        routes.on("GET", issues + "/{index}") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let issue = try call.issue(db, in: repository)
                return .json(try call.presenter(db).issue(issue, in: repository))
            }
        }
        routes.on("PATCH", issues + "/{index}", changeIssue)
        routes.on("DELETE", issues + "/{index}") { call in
            try await call.write { db, _ in
                let repository = try call.repository(db, for: .admin)
                let issue = try call.issue(db, in: repository)
                guard !issue.isPull else {
                    throw Refusal.forbidden("Pull requests can't be deleted.")
                }
                try issue.delete(db)
            }
            return .noContent
        }
    }

    @Sendable private static func listIssues(_ call: Call) async throws -> Answer {
        let page = call.page
        let since = try call.time("since")
        let before = try call.time("before")
        return try await call.read { db in
            let repository = try call.repository(db)
            var query = IssueQuery(isOpen: state(call.query("state")))
            switch call.query("type") {
            case "issues": query.isPull = false
            case "pulls": query.isPull = true
            default: break
            }
            // Gitea drops the labels and milestones it doesn't know. If it knows none, nothing is
            // filtered.
            query.labels = try call.names("labels").compactMap {
                try LabelRow.find(db, name: $0, repository: repository.id)?.id
            }
            query.milestones = try call.names("milestones").compactMap { name in
                try MilestoneRow.find(db, title: name, repository: repository.id)?.id
                    ?? Int64(name).flatMap {
                        try MilestoneRow.find(db, id: $0, repository: repository.id)?.id
                    }
            }
            query.text = call.query("q") ?? ""
            query.sinceMs = since
            query.beforeSecond = before.map { $0 / 1000 }
            query.author = try call.queriedUser(db, "created_by")
            query.assignee = try call.queriedUser(db, "assigned_by")
            query.mentioned = try call.queriedUser(db, "mentioned_by")
            let (rows, total) = try query.fetch(db, repository: repository.id, page: page)
            let presenter = call.presenter(db)
            return call.list(
                try rows.map { try presenter.issue($0, in: repository) }, total: total, page: page)
        }
    }

    /// What a list's `state` asks for; an unknown word means open ones.
    static func state(_ word: String?) -> Bool? {
        switch word {
        case "closed": false
        case "all": nil
        default: true
        }
    }

    @Sendable private static func createIssue(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let start = try IssueStart(call, fields)
        let isClosed = try fields.bool("closed") ?? false
        return try await call.write { db, now in
            let repository = try call.repository(db)
            let editor = try call.editor(db, in: repository, now: now)
            let issue = try editor.make(start.draft, isPull: false)
            // Without the right to write these are dropped, and the answer is 201 all the same.
            let canWrite = try repository.permission(db, of: user) >= .write
            if canWrite { try start.apply(to: issue, editor, call) }
            try editor.announce(issue)
            if canWrite, isClosed { try editor.setOpen(issue, false) }
            return try call.answer(issue.id, in: repository, db, status: 201)
        }
    }

    @Sendable private static func changeIssue(_ call: Call) async throws -> Answer {
        let edit = try IssueEdit(call)
        let isPull = try await call.read { db in
            try call.issue(db, in: try call.repository(db)).isPull
        }
        if isPull { try await call.keepPull(closing: edit.isOpen == false) }
        return try await call.write { db, now in
            let repository = try call.repository(db)
            let issue = try call.issue(db, in: repository)
            try edit.apply(to: issue, call.editor(db, in: repository, now: now), call)
            return try call.answer(issue.id, in: repository, db, status: 201)
        }
    }
}

extension Call {
    func answer(_ issue: Int64, in repository: RepositoryRow, _ db: Database, status: Int) throws
        -> Answer
    {
        guard let row = try IssueRow.find(db, id: issue) else { throw Refusal.notFound }
        return .json(try presenter(db).issue(row, in: repository), status: status)
    }

    /// The names in a query's list, without blanks around them.
    func names(_ parameter: String) -> [String] {
        (query(parameter) ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// The names in `assignees` and in the older `assignee`; `nil` when neither is given.
    func assigneeNames(_ fields: Fields) throws -> [String]? {
        if let names = try fields.strings("assignees") { return names }
        return try fields.string("assignee").map { $0.isEmpty ? [] : [$0] }
    }

    /// Takes over the pull request's head before its state is changed.
    func keepPull(closing: Bool) async throws {
        let repository = try await read { db in try self.repository(db) }
        try await forge.keepHeads(in: repository)
        guard closing else { return }
        let (issue, pull) = try await read { db in try self.pull(db, in: repository) }
        try await forge.keepBase(of: issue, pull, in: repository)
    }
}
