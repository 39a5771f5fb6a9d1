import GRDB

/// One request to the API or for a page, with its body read whole.
struct Call: Sendable {
    let forge: Forge
    let method: String
    /// The path's segments, decoded, below the place where its routes begin.
    let path: [String]
    /// As it came, with its query; for messages and links.
    let target: String
    var query: [(name: String, value: String)]
    let body: [UInt8]
    /// `nil` for someone who gave no token.
    let caller: UserRow?
    /// What the caller's token may be used for.
    var scope = TokenScope.all
    /// Whether the token came as a password.
    var isBasic = false
    let addresses: Addresses
    /// The Cookie header: the pages keep a session there, the API doesn't look at it.
    var cookies = ""
    var memory = QuirkMemory(.none)
    /// Whether hooks may lead to other machines.
    var hooksReachFar = false
    /// What the route's pattern found in the path.
    var parameters: [String: String] = [:]

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// The number in the path, of an issue or pull request.
    var index: Int { Int(parameter("index")) ?? 0 }
    var id: Int64 { Int64(parameter("id")) ?? 0 }

    /// The page asked for. Limits above the cap are cut silently, as in Gitea.
    var page: Page {
        let limit = query("limit").flatMap { Int($0) } ?? 0
        let number = query("page").flatMap { Int($0) } ?? 1
        let wanted = limit <= 0 ? Page.defaultLimit : min(limit, Page.largestLimit)
        return Page(
            number: min(max(number, 1), 1_000_000),
            limit: memory.quirks.contains(.smallPages) ? min(wanted, 10) : wanted)
    }

    func requireUser() throws -> UserRow {
        guard let caller else { throw Refusal.unauthorized }
        return caller
    }

    /// The body's object. An empty body is an empty object.
    func fields() throws -> Fields {
        if body.isEmpty { return Fields(value: .object([])) }
        guard let value = JSON(parsing: body), case .object = value else {
            throw Refusal.unprocessable("The body isn't a JSON object.")
        }
        return Fields(value: value)
    }

    /// The repository in the path, if the caller may do this with it.
    func repository(_ db: Database, for permission: Permission = .read) throws -> RepositoryRow {
        try allowed(
            try RepositoryRow.find(db, owner: parameter("owner"), name: parameter("repo")), db,
            for: permission)
    }

    func allowed(_ found: RepositoryRow?, _ db: Database, for permission: Permission) throws
        -> RepositoryRow
    {
        guard let repository = found else { throw Refusal.notFound }
        let given = try self.permission(for: repository, db)
        guard given >= .read else { throw Refusal.notFound }
        guard given >= permission else {
            if caller == nil { throw Refusal.unauthorized }
            throw Refusal.forbidden(
                "You need \(permission.rawValue) permission for \(repository.fullName).")
        }
        return repository
    }

    /// What the caller may do with a repository; nothing with a private one if the token is for
    /// public ones only.
    func permission(for repository: RepositoryRow, _ db: Database) throws -> Permission {
        if repository.isPrivate, scope.isPublicOnly { return .none }
        return try repository.permission(db, of: caller)
    }

    /// The issue or pull request in the path.
    func issue(_ db: Database, in repository: RepositoryRow) throws -> IssueRow {
        guard let issue = try IssueRow.find(db, repository: repository.id, number: index) else {
            throw Refusal.notFound
        }
        return issue
    }

    func pull(_ db: Database, in repository: RepositoryRow) throws -> (IssueRow, PullRow) {
        let issue = try issue(db, in: repository)
        guard let pull = try PullRow.find(db, issue: issue.id) else { throw Refusal.notFound }
        return (issue, pull)
    }

    /// A user named in a query; one who isn't there is a mistake of the client.
    func queriedUser(_ db: Database, _ name: String) throws -> Int64? {
        guard let login = query(name), !login.isEmpty else { return nil }
        guard let user = try UserRow.find(db, name: login) else {
            throw Refusal.notFound("user does not exist: \(login)")
        }
        return user.id
    }

    /// One page of a list, with the headers that lead to the others.
    func list(_ values: [JSON], total: Int, page: Page) -> Answer {
        var answer = Answer.json(.array(values))
        answer.headers.append(("X-Total-Count", String(total)))
        let last = max(1, (total + page.limit - 1) / page.limit)
        var links: [String] = []
        func link(_ number: Int, _ relation: String) {
            let kept = query.filter { $0.name != "page" && $0.name != "limit" }
                .map { "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))" }
            let all = kept + ["limit=\(page.limit)", "page=\(number)"]
            let path = target.split(separator: "?", maxSplits: 1).first ?? ""
            links.append(
                "<\(addresses.root)\(path)?\(all.joined(separator: "&"))>; rel=\"\(relation)\"")
        }
        if page.number < last {
            link(page.number + 1, "next")
            link(last, "last")
        }
        if page.number > 1 {
            link(1, "first")
            link(min(page.number - 1, last), "prev")
        }
        if !links.isEmpty { answer.headers.append(("Link", links.joined(separator: ","))) }
        return answer
    }

    /// One page of what is all in memory.
    func list(_ all: [JSON]) -> Answer {
        let page = page
        let shown = all.dropFirst(page.offset).prefix(page.limit)
        return list(Array(shown), total: all.count, page: page)
    }

    /// The times `since` and `before` of the query.
    func window() throws -> TimeWindow {
        var window = TimeWindow()
        if let since = try time("since") { window.fromMs = since }
        if let before = try time("before") { window.throughMs = before + 999 }
        return window
    }

    /// A time of the query in milliseconds, cut to seconds.
    func time(_ name: String) throws -> Int64? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let time = RFC3339.milliseconds(text) else {
            throw Refusal.unprocessable("\(name) isn't a time: \(text)")
        }
        return time
    }
}
