import GRDB
import SkepCore
import SkepCore

extension ForgeAPI {
    static func addPullUpdateRoutes(to routes: inout Routes<Call>) {
        let pulls = "repos/{owner}/{repo}/pulls"
        routes.on("POST", pulls + "/{index}/update", updatePull)
        routes.on("GET", pulls + "/pinned") { call in
            let (repository, rows) = try await call.read { db -> (RepositoryRow, [PinnedPull]) in
                let repository = try call.repository(db)
                let issues = try IssueRow.pinned(db, repository: repository.id, pulls: true)
                let rows = try issues.compactMap { issue in
                    try PullRow.find(db, issue: issue.id).map {
                        PinnedPull(issue: issue, pull: $0)
                    }
                }
                return (repository, rows)
            }
            let states = try await call.forge.states(
                of: rows.map { ($0.issue, $0.pull) }, in: repository)
            return try await call.read { db in
                let presenter = call.presenter(db)
                return .json(
                    .array(
                        try rows.compactMap { row in
                            try states[row.issue.id].map {
                                try presenter.pull(
                                    row.issue, row.pull, $0, in: repository, isList: true)
                            }
                        }))
            }
        }
    }

    private struct PinnedPull: Sendable {
        let issue: IssueRow
        let pull: PullRow
    }

    /// Brings the base's commits into the head's branch.
    @Sendable private static func updatePull(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let word = call.query("style") ?? "merge"
        guard let style = ["merge": MergeStyle.merge, "rebase": .rebase][word] else {
            throw Refusal.unprocessable("There is no style \"\(word)\" of updating.")
        }
        _ = try await call.read { db in try call.repository(db, for: .write) }
        let loaded = try await call.loadPull()
        let (branch, head) = (loaded.pull.headBranch, loaded.state.head)
        guard loaded.issue.isOpen, loaded.state.isHeadThere else {
            throw Refusal.unprocessable("The pull request is closed, or its branch is gone.")
        }
        if try await loaded.bare.isAncestor(loaded.state.base, of: head) {
            throw Refusal.unprocessable(
                "HeadBranch of PR \(loaded.issue.number) is up to date.")
        }
        let person = Signature(name: user.name, email: user.email)
        let isMerge = style == .merge
        let made = try await loaded.bare.makeMerge(
            style, base: isMerge ? head : loaded.state.base,
            head: isMerge ? loaded.state.base : head,
            message: "Merge branch '\(loaded.pull.baseBranch)' into \(branch)\n",
            author: person, by: person)
        guard let made else { throw Refusal.conflict("merge failed because of conflict") }
        try await call.forge.changingRefs(of: loaded.repository, by: user) {
            guard try await loaded.bare.update("refs/heads/" + branch, to: made, from: head) else {
                throw Refusal.conflict("The branch was changed meanwhile.")
            }
        }
        return .empty(200)
    }
}
