import Foundation
import SkepTestSupport

extension ScriptedGitea {
    func pulls(_ request: ScriptedRequest, _ path: [String]) -> ScriptedReply {
        if path.isEmpty { return request.method == "POST" ? openPull(request) : list(request) }
        let state = state.value
        let found = state.issues.indices.first { index in
            guard let pull = state.issues[index].pull else { return false }
            return path[0] == String(index + 1)
                || path.joined(separator: "/") == "\(pull.base)/\(pull.head)"
        }
        guard let found, let pull = state.issues[found].pull else { return missing }
        guard path[0] == String(found + 1), path.count > 1 else {
            return .json(json(pull: found, state))
        }
        switch (request.method, path[1], path.count) {
        case ("POST", "merge", 2): return merge(found, pull, request)
        case ("POST", "requested_reviewers", 2): return ask(found, request)
        case ("POST", "reviews", 2): return review(found, request)
        case ("GET", "reviews", 2):
            let asked = pull.asked.enumerated().map {
                GiteaJSON.review(900 + $0.offset, by: $0.element, state: "REQUEST_REVIEW")
            }
            return page(pull.reviews.map { json(review: $0, state) } + asked, request)
        case ("GET", "reviews", 4):
            guard let id = Int(path[2]), state.reviews.indices.contains(id - 1) else {
                return missing
            }
            let comments = state.reviews[id - 1].comments.enumerated().map { offset, comment in
                """
                {"id": \(id * 100 + offset), "path": \(GiteaJSON.quote(comment.path)), \
                "position": \(comment.line), "body": \(GiteaJSON.quote(comment.body))}
                """
            }
            return .json(GiteaJSON.list(comments))
        default: return missing
        }
    }

    private func list(_ request: ScriptedRequest) -> ScriptedReply {
        let state = state.value
        let word = request.parameter("state") ?? "open"
        let found = state.issues.indices.reversed().filter { index in
            let issue = state.issues[index]
            return issue.pull != nil && (word == "all" || issue.isOpen == (word == "open"))
        }
        return page(found.map { json(pull: $0, state) }, request)
    }

    private func openPull(_ request: ScriptedRequest) -> ScriptedReply {
        let fields = fields(request)
        guard let title = fields["title"] as? String, let head = fields["head"] as? String,
            let base = fields["base"] as? String
        else { return .json("{}", status: 422) }
        let author = caller(request)
        return state.change { state in
            guard state.branches[head] != nil, state.branches[base] != nil else { return missing }
            guard !state.issues.contains(where: { $0.pull?.head == head && $0.isOpen }) else {
                return .json("{}", status: 409)
            }
            let pull = Pull(head: head, base: base)
            state.issues.append(Issue(title: title, body: "", author: author, pull: pull))
            return .json(json(pull: state.issues.count - 1, state), status: 201)
        }
    }

    private func merge(_ index: Int, _ pull: Pull, _ request: ScriptedRequest) -> ScriptedReply {
        let fields = fields(request)
        guard fields["Do"] as? String == "merge" else {
            return .json(#"{"message": "[Do]: Required"}"#, status: 422)
        }
        let head = fields["head_commit_id"] as? String
        return state.change { state in
            let issue = state.issues[index]
            guard issue.isOpen else { return missing }
            guard head == state.branches[pull.head]?.commit else {
                return .json(#"{"message": "head out of date"}"#, status: 409)
            }
            if pull.checks > 0 {
                state.issues[index].pull?.checks -= 1
                return .json(#"{"message": "Please try again later"}"#, status: 405)
            }
            if pull.hasConflict { return .json(#"{"message": "conflict"}"#, status: 409) }
            state.issues[index].isOpen = false
            state.issues[index].pull?.isMerged = true
            let file = state.branches[pull.head]?.file
            for other in state.issues.indices where other != index {
                guard let branch = state.issues[other].pull?.head else { continue }
                if state.branches[branch]?.file == file {
                    state.issues[other].pull?.hasConflict = true
                }
            }
            return ScriptedReply(status: 200)
        }
    }

    private func ask(_ index: Int, _ request: ScriptedRequest) -> ScriptedReply {
        let reviewers = fields(request)["reviewers"] as? [String] ?? []
        state.change { $0.issues[index].pull?.asked += reviewers }
        return .json("[]", status: 201)
    }

    private func review(_ index: Int, _ request: ScriptedRequest) -> ScriptedReply {
        let fields = fields(request)
        let author = caller(request)
        let words = ["APPROVED", "REQUEST_CHANGES", "COMMENT"]
        let event = fields["event"] as? String ?? ""
        let comments = (fields["comments"] as? [[String: Any]] ?? []).map { comment in
            (
                path: comment["path"] as? String ?? "", line: comment["new_position"] as? Int ?? 0,
                body: comment["body"] as? String ?? ""
            )
        }
        let review = Review(
            author: author, body: fields["body"] as? String ?? "",
            event: words.contains(event) ? event : "PENDING",
            commit: fields["commit_id"] as? String ?? "", comments: comments)
        return state.change { state in
            if state.issues[index].author == author, event != "COMMENT" {
                return .json(
                    #"{"message": "approve your own pull is not allowed"}"#, status: 422)
            }
            state.reviews.append(review)
            state.issues[index].pull?.reviews.append(state.reviews.count)
            state.issues[index].pull?.asked.removeAll { $0 == author }
            return .json(json(review: state.reviews.count, state))
        }
    }

    private func json(review id: Int, _ state: State) -> String {
        let review = state.reviews[id - 1]
        return GiteaJSON.review(
            id, by: review.author, state: review.event, body: review.body, commit: review.commit,
            comments: review.comments.count)
    }

    private func json(pull index: Int, _ state: State) -> String {
        let issue = state.issues[index]
        guard let pull = issue.pull else { return "null" }
        return GiteaJSON.pull(
            index + 1, head: pull.head, base: pull.base, state: issue.isOpen ? "open" : "closed",
            title: issue.title, author: issue.author, isMerged: pull.isMerged,
            isMergeable: pull.checks == 0 && !pull.hasConflict, asked: pull.asked,
            commit: state.branches[pull.head]?.commit ?? "")
    }
}
