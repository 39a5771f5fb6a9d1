import GRDB
import SkepCore
import SkepCore

extension ForgeAPI {
    static func addMergeRoutes(to routes: inout Routes<Call>) {
        let merge = "repos/{owner}/{repo}/pulls/{index}/merge"
        routes.on("GET", merge) { call in
            try await call.read { db in
                let (_, pull) = try call.pull(db, in: try call.repository(db))
                return .empty(pull.isMerged ? 204 : 404)
            }
        }
        routes.on("POST", merge, mergePull)
        // Nothing is ever scheduled.
        routes.on("DELETE", merge) { call in
            _ = try call.requireUser()
            _ = try await call.read { db in try call.pull(db, in: try call.repository(db)) }
            throw Refusal.notFound("No merge is scheduled.")
        }
    }

    @Sendable private static func mergePull(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let wish = try MergeWish(try call.fields())
        _ = try await call.read { db in try call.repository(db, for: .write) }
        let loaded = try await call.loadPull()
        if call.memory.putsOffMerge(pull: loaded.issue.id, head: loaded.state.head) {
            throw Refusal.notAllowed("Please try again later")
        }
        _ = try await call.forge.merge(
            loaded, wish, by: user, page: call.addresses.page(loaded.repository, loaded.issue))
        return .empty(200)
    }
}

extension MergeWish {
    fileprivate init(_ fields: Fields) throws {
        let word = try fields.string("Do", "do") ?? ""
        guard !word.isEmpty else { throw Refusal.unprocessable("[Do]: Required") }
        guard let style = MergeStyle(rawValue: word) else {
            if word == "manually-merged" {
                throw Refusal.notAllowed("manually merged isn't allowed here")
            }
            throw Refusal.unprocessable("[Do]: there is no merge style \"\(word)\"")
        }
        self.init(
            style: style, title: try fields.string("MergeTitleField", "merge_title_field"),
            message: try fields.string("MergeMessageField", "merge_message_field"),
            head: try fields.string("head_commit_id"),
            deletesBranch: try fields.bool("delete_branch_after_merge") ?? false,
            isForced: try fields.bool("force_merge") ?? false)
        if try fields.bool("merge_when_checks_succeed") == true {
            throw Refusal.notAllowed("This tracker doesn't schedule merges.")
        }
    }
}
