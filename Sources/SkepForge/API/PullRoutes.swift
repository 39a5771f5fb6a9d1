import Foundation
import GRDB

extension ForgeAPI {
    static func addPullRoutes(to routes: inout Routes<Call>) {
        let pulls = "repos/{owner}/{repo}/pulls"
        routes.on("GET", pulls, listPulls)
        routes.on("POST", pulls, createPull)
        routes.on("GET", pulls + "/{index}") { call in
            try await call.pullAnswer()
        }
        routes.on("PATCH", pulls + "/{index}", changePull)
        routes.on("GET", pulls + "/{index}/commits") { call in
            let pull = try await call.loadPull()
            let range = "\(pull.mergeBase)..\(pull.state.head)"
            let page = call.page
            let total = try await pull.bare.countCommits(range)
            let commits = try await pull.bare.commits(
                range, skip: page.offset, limit: page.limit)
            return try await call.read { db in
                let presenter = call.presenter(db)
                return call.list(
                    try commits.map { try presenter.commit($0, in: pull.repository) },
                    total: total, page: page)
            }
        }
        routes.on("GET", pulls + "/{index}/files") { call in
            let pull = try await call.loadPull()
            let changes = try await pull.bare.changes(from: pull.mergeBase, to: pull.state.head)
            return try await call.read { db in
                let presenter = call.presenter(db)
                return call.list(
                    changes.map {
                        presenter.changedFile($0, at: pull.state.head, in: pull.repository)
                    })
            }
        }
        routes.on("GET", pulls + "/{file}", pullText)
        routes.on("GET", pulls + "/{base}/{head...}") { call in
            let repository = try await call.read { db in try call.repository(db) }
            let head = call.localBranch(call.parameter("head"), in: repository)
            let issue = try await call.read { db in
                try PullRow.find(
                    db, repository: repository.id, base: call.parameter("base"), head: head ?? "",
                    onlyOpen: false)
            }
            guard let issue else { throw Refusal.notFound }
            var found = call
            found.parameters["index"] = String(issue.number)
            return try await found.pullAnswer()
        }
    }

    @Sendable private static func listPulls(_ call: Call) async throws -> Answer {
        let page = call.page
        let base = call.query("base_branch").flatMap { $0.isEmpty ? nil : $0 }
        let (repository, rows, total) = try await call.read { db in
            let repository = try call.repository(db)
            var query = IssueQuery(isOpen: state(call.query("state")), isPull: true)
            query.author = try call.queriedUser(db, "poster")
            query.baseBranch = base
            if let milestone = call.query("milestone").flatMap({ Int64($0) }), milestone > 0 {
                query.milestones = [milestone]
            }
            query.labels = call.query.filter { $0.name == "labels" }.compactMap { Int64($0.value) }
            let (issues, total) = try query.fetch(db, repository: repository.id, page: page)
            let rows = try issues.compactMap { issue in
                try PullRow.find(db, issue: issue.id).map { FoundPull(issue: issue, pull: $0) }
            }
            return (repository, rows, total)
        }
        let states = try await call.forge.states(
            of: rows.map { ($0.issue, $0.pull) }, in: repository)
        return try await call.read { db in
            let presenter = call.presenter(db)
            let documents = try rows.compactMap { row -> JSON? in
                guard let state = states[row.issue.id],
                    let issue = try IssueRow.find(db, id: row.issue.id)
                else { return nil }
                return try presenter.pull(issue, row.pull, state, in: repository, isList: true)
            }
            return call.list(documents, total: total, page: page)
        }
    }

    private struct FoundPull: Sendable {
        let issue: IssueRow
        let pull: PullRow
    }

    @Sendable private static func createPull(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let fields = try call.fields()
        let start = try IssueStart(call, fields)
        let reviewers = try fields.strings("reviewers") ?? []
        let base = try fields.required("base")
        let repository = try await call.read { db in try call.repository(db) }
        guard let head = call.localBranch(try fields.required("head"), in: repository) else {
            throw Refusal.notFound("The head's repository couldn't be found.")
        }
        guard head != base else {
            throw Refusal.unprocessable(
                "Invalid PullRequest: There are no changes between the head and the base")
        }
        let bare = call.forge.bareRepository(repository)
        guard let baseCommit = try await bare.commit(ofBranch: base) else {
            throw Refusal.notFound("The base branch couldn't be found: \(base)")
        }
        guard let headCommit = try await bare.commit(ofBranch: head) else {
            throw Refusal.notFound("The head branch couldn't be found: \(head)")
        }
        let issue = try await call.write { db, now in
            let other = try PullRow.find(
                db, repository: repository.id, base: base, head: head, onlyOpen: true)
            if let other {
                throw Refusal.conflict(
                    "pull request already exists for these targets [number: \(other.number), head_branch: \(head), base_branch: \(base)]"
                )
            }
            let editor = try call.editor(db, in: repository, now: now)
            let issue = try editor.make(start.draft, isPull: true)
            try PullRow.insert(
                db, issue: issue, head: head, base: base, headCommit: headCommit,
                baseCommit: baseCommit)
            if try repository.permission(db, of: user) >= .write {
                try start.apply(to: issue, editor, call)
            }
            try editor.announce(issue)
            for name in reviewers where !name.isEmpty {
                try editor.requestReview(
                    try call.reviewer(db, named: name), of: issue, at: headCommit)
            }
            return issue
        }
        _ = try await bare.update(Forge.pullReference(issue.number), to: headCommit)
        var made = call
        made.parameters["index"] = String(issue.number)
        return try await made.pullAnswer(status: 201)
    }

    @Sendable private static func changePull(_ call: Call) async throws -> Answer {
        let edit = try IssueEdit(call)
        let base = try call.fields().string("base").flatMap { $0.isEmpty ? nil : $0 }
        let repository = try await call.read { db in
            let repository = try call.repository(db)
            _ = try call.pull(db, in: repository)
            return repository
        }
        try await call.keepPull(closing: edit.isOpen == false)
        let bare = call.forge.bareRepository(repository)
        let baseCommit: String?
        if let base {
            baseCommit = try await bare.commit(ofBranch: base)
            guard baseCommit != nil else {
                throw Refusal.notFound("The base branch couldn't be found: \(base)")
            }
        } else {
            baseCommit = nil
        }
        try await call.write { db, now in
            let (issue, pull) = try call.pull(db, in: repository)
            let editor = try call.editor(db, in: repository, now: now)
            try edit.apply(to: issue, editor, call)
            if let base, let baseCommit, base != pull.baseBranch {
                guard issue.isOpen, base != pull.headBranch else {
                    throw Refusal.conflict("The base of this pull request can't be changed.")
                }
                let other = try PullRow.find(
                    db, repository: repository.id, base: base, head: pull.headBranch,
                    onlyOpen: true)
                guard other == nil else {
                    throw Refusal.conflict("pull request already exists for these targets")
                }
                try editor.setTargetBranch(issue, pull, base, commit: baseCommit)
            }
        }
        return try await call.pullAnswer(status: 201)
    }

    /// `pulls/12.diff` and `pulls/12.patch`.
    @Sendable static func pullText(_ call: Call) async throws -> Answer {
        let parts = call.parameter("file").split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]), number > 0 else {
            throw Refusal.notFound
        }
        var named = call
        named.parameters["index"] = String(number)
        return try await named.pullText(String(parts[1]))
    }
}

extension Call {
    /// The pull request in the path, with its head as it is now.
    func loadPull() async throws -> LoadedPull {
        let (repository, issue, pull) = try await read { db -> (RepositoryRow, IssueRow, PullRow) in
            let repository = try self.repository(db)
            let (issue, pull) = try self.pull(db, in: repository)
            return (repository, issue, pull)
        }
        return try await forge.load(issue, pull, in: repository)
    }

    func pullAnswer(status: Int = 200) async throws -> Answer {
        let loaded = try await loadPull()
        return try await read { db in
            let (issue, pull) = try self.pull(db, in: loaded.repository)
            return .json(
                try presenter(db).pull(issue, pull, loaded.state, in: loaded.repository),
                status: status)
        }
    }

    func pullText(_ kind: String) async throws -> Answer {
        let loaded = try await loadPull()
        switch kind {
        case "diff":
            return .plain(
                try await loaded.bare.diff(from: loaded.mergeBase, to: loaded.state.head))
        case "patch":
            return .plain(
                try await loaded.bare.patches("\(loaded.mergeBase)..\(loaded.state.head)"))
        default: throw Refusal.notFound
        }
    }

    /// The branch in "branch", "owner:branch" and "owner/name:branch"; `nil` when it is of another
    /// repository, since this tracker has no forks.
    func localBranch(_ text: String, in repository: RepositoryRow) -> String? {
        guard let colon = text.firstIndex(of: ":") else { return text }
        let place = text[..<colon].lowercased()
        guard
            place == repository.ownerName.lowercased() || place == repository.fullName.lowercased()
        else { return nil }
        return String(text[text.index(after: colon)...])
    }
}
