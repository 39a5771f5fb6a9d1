import GRDB

extension ForgeAPI {
    static func addTimelineRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "repos/{owner}/{repo}/issues/{index}/timeline") { call in
            let window = try call.window()
            let page = call.page
            return try await call.read { db in
                let repository = try call.repository(db)
                let issue = try call.issue(db, in: repository)
                let presenter = call.presenter(db)
                let entries = try EventRow.of(db, issue: issue.id, window: window)
                    .dropFirst(page.offset).prefix(page.limit)
                    .compactMap { try presenter.event($0, on: issue, in: repository) }
                let isNull = entries.isEmpty && call.memory.quirks.contains(.nullLists)
                var answer = Answer.json(isNull ? .null : .array(entries))
                // As in Gitea: how many are on this page, and no way on. An empty page is the end.
                answer.headers.append(("X-Total-Count", String(entries.count)))
                return answer
            }
        }
    }
}
