import GRDB

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
    }

    /// What a merge is asked to be.
    private struct Wish: Sendable {
        let style: MergeStyle
        let title: String?
        let message: String?
        let head: String?
        let deletesBranch: Bool

        init(_ fields: Fields) throws {
            let word = try fields.string("Do", "do") ?? ""
            guard !word.isEmpty else { throw Refusal.unprocessable("[Do]: Required") }
            guard let style = MergeStyle(rawValue: word) else {
                if word == "manually-merged" {
                    throw Refusal.notAllowed("manually merged isn't allowed here")
                }
                throw Refusal.unprocessable("[Do]: there is no merge style \"\(word)\"")
            }
            self.style = style
            title = try fields.string("MergeTitleField", "merge_title_field")
            message = try fields.string("MergeMessageField", "merge_message_field")
            head = try fields.string("head_commit_id")
            deletesBranch = try fields.bool("delete_branch_after_merge") ?? false
            if try fields.bool("merge_when_checks_succeed") == true {
                throw Refusal.notAllowed("This tracker doesn't schedule merges.")
            }
        }
    }

    @Sendable private static func mergePull(_ call: Call) async throws -> Answer {
        let user = try call.requireUser()
        let wish = try Wish(try call.fields())
        let repository = try await call.read { db in try call.repository(db, for: .write) }
        let loaded = try await call.loadPull()
        try check(loaded, wish)
        let facts = loaded.state
        guard let base = try await loaded.bare.commit(ofBranch: loaded.pull.baseBranch) else {
            throw Refusal.notFound("The base branch couldn't be found: \(loaded.pull.baseBranch)")
        }
        let author = try await call.read { db in try UserRow.find(db, id: loaded.issue.authorId) }
        let commit: String?
        if try await loaded.bare.isAncestor(facts.head, of: base) {
            // All of it is there already; so it is when a merge's end was cut off.
            commit = base
        } else {
            commit = try await loaded.bare.makeMerge(
                wish.style, base: base, head: facts.head,
                message: message(wish, loaded, page: call.addresses.page(repository, loaded.issue)),
                author: Signature(name: author.name, email: author.email),
                by: Signature(name: user.name, email: user.email))
        }
        guard let commit else {
            throw wish.style == .fastForwardOnly
                ? Refusal.notAllowed("The base isn't an ancestor of the head.")
                : Refusal.conflict("The head conflicts with the base.")
        }
        guard
            try await loaded.bare.update(
                "refs/heads/" + loaded.pull.baseBranch, to: commit, from: base)
        else { throw Refusal.conflict("The base branch was changed meanwhile.") }
        try await call.write { db, now in
            try loaded.pull.setMerged(
                db, head: facts.head, base: base, commit: commit, by: user, now: now)
            try loaded.issue.setOpen(db, false, now: now)
            try repository.touch(db, now: now)
            for number in ClosingWords.issues(
                in: loaded.issue.title + "\n" + loaded.issue.body, of: repository.fullName)
            {
                let issue = try IssueRow.find(db, repository: repository.id, number: number)
                if let issue, issue.isOpen, !issue.isPull {
                    try issue.setOpen(db, false, now: now)
                }
            }
        }
        _ = try await loaded.bare.update(Forge.pullReference(loaded.issue.number), to: facts.head)
        if wish.deletesBranch, loaded.pull.headBranch != repository.defaultBranch {
            _ = try await loaded.bare.delete("refs/heads/" + loaded.pull.headBranch, at: facts.head)
        }
        return .empty(200)
    }

    private static func check(_ loaded: LoadedPull, _ wish: Wish) throws {
        if loaded.pull.isMerged { throw Refusal.notAllowed("The pull request is merged already.") }
        guard loaded.issue.isOpen else { throw Refusal.notFound("The pull request is closed.") }
        if loaded.issue.isDraft {
            throw Refusal.notAllowed("Work in progress PRs cannot be merged")
        }
        if let head = wish.head, !head.isEmpty, head.lowercased() != loaded.state.head {
            throw Refusal.conflict("head out of date: the head is \(loaded.state.head)")
        }
    }

    private static func message(_ wish: Wish, _ loaded: LoadedPull, page: String) -> String {
        let (issue, pull) = (loaded.issue, loaded.pull)
        let standard =
            wish.style == .squash
            ? "\(issue.title) (#\(issue.number))"
            : "Merge pull request '\(issue.title)' (#\(issue.number)) from \(pull.headBranch) into \(pull.baseBranch)"
        let title = wish.title.flatMap { $0.isEmpty ? nil : $0 } ?? standard
        let body = wish.message.flatMap { $0.isEmpty ? nil : $0 }
        return [title, body, "Reviewed-on: \(page)"].compactMap { $0 }.joined(separator: "\n\n")
            + "\n"
    }
}

/// The words by which a pull request closes issues, such as "Closes #12".
enum ClosingWords {
    /// The numbers of the issues that are meant, of this repository only.
    static func issues(in text: String, of repository: String) -> [Int] {
        let words =
            /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+([\w.\-]+\/[\w.\-]+)?#([0-9]{1,9})\b/
            .ignoresCase()
        return text.matches(of: words).compactMap { match in
            if let named = match.1, named.lowercased() != repository.lowercased() { return nil }
            return Int(match.2)
        }
    }
}
