import Foundation
import SkepTestSupport

extension ScriptedGitea {
    func issues(_ request: ScriptedRequest, _ path: [String]) -> ScriptedReply {
        if path.isEmpty { return request.method == "POST" ? open(request) : list(request) }
        if path[0] == "comments" { return repositoryComments(request, Array(path.dropFirst())) }
        guard let number = Int(path[0]), (1...max(1, state.value.issues.count)).contains(number),
            !state.value.issues.isEmpty
        else { return missing }
        switch path.dropFirst().first {
        case nil: return request.method == "PATCH" ? edit(number, request) : one(number)
        case "comments": return comments(number, request)
        case "labels": return labels(number, request, path.dropFirst(2).first.flatMap { Int($0) })
        case "dependencies":
            let state = state.value
            return page(state.issues[number - 1].blockers.map { json($0, state) }, request)
        default: return missing
        }
    }

    private func one(_ number: Int, status: Int = 200) -> ScriptedReply {
        .json(json(number, state.value), status: status)
    }

    private func list(_ request: ScriptedRequest) -> ScriptedReply {
        let state = state.value
        if let user = request.parameter("assigned_by"), user != "skep" { return missing }
        if let since = request.parameter("since"), since > Self.changedAt { return .json("[]") }
        let wanted = (request.parameter("labels") ?? "").split(separator: ",").compactMap { name in
            state.labels.firstIndex { $0.name == name }
        }
        let word = request.parameter("state") ?? "open"
        let found = state.issues.indices.reversed().filter { index in
            let issue = state.issues[index]
            return (request.parameter("type") != "issues" || issue.pull == nil)
                && (word == "all" || issue.isOpen == (word == "open"))
                && wanted.allSatisfy(issue.labels.contains)
                && request.parameter("created_by").map { $0 == issue.author } != false
        }
        return page(found.map { json($0 + 1, state) }, request)
    }

    /// The only time there is.
    private static let changedAt = "2026-11-01T09:00:00Z"

    private func open(_ request: ScriptedRequest) -> ScriptedReply {
        let fields = fields(request)
        let author = caller(request)
        let labels = (fields["labels"] as? [Int] ?? []).map { $0 - 1 }
        let number = state.change { state in
            state.issues.append(
                Issue(
                    title: fields["title"] as? String ?? "", body: fields["body"] as? String ?? "",
                    author: author, labels: labels))
            return state.issues.count
        }
        return one(number, status: 201)
    }

    private func edit(_ number: Int, _ request: ScriptedRequest) -> ScriptedReply {
        let word = fields(request)["state"] as? String
        let isBlocked = state.change { state in
            let issue = state.issues[number - 1]
            let isStuck = issue.blockers.contains { state.issues[$0 - 1].isOpen }
            if word == "closed" && isStuck || issue.pull?.isMerged == true { return true }
            state.issues[number - 1].isOpen = word != "closed"
            return false
        }
        return isBlocked
            ? .json(#"{"message": "cannot close this issue"}"#, status: 412)
            : one(number, status: 201)
    }

    private func comments(_ number: Int, _ request: ScriptedRequest) -> ScriptedReply {
        guard request.method == "POST" else {
            let found = state.value.comments.enumerated().filter { $0.element.issue == number }
            return .json(GiteaJSON.list(found.map { json($0.element, $0.offset + 1) }))
        }
        let comment = Comment(
            issue: number, body: request.commentBody ?? "", author: caller(request))
        let id = state.change { state in
            state.comments.append(comment)
            return state.comments.count
        }
        return id == 1 ? .cut : .json(json(comment, id), status: 201)
    }

    private func repositoryComments(
        _ request: ScriptedRequest, _ path: [String]
    ) -> ScriptedReply {
        let all = state.value.comments
        if let id = path.first.flatMap({ Int($0) }) {
            guard all.indices.contains(id - 1) else { return missing }
            guard path.count > 1 else { return .json(json(all[id - 1], id)) }
            let content = fields(request)["content"] as? String ?? ""
            let isNew = state.change { $0.comments[id - 1].reactions.insert(content).inserted }
            return .json(#"{"content": "\#(content)"}"#, status: isNew ? 201 : 200)
        }
        if let since = request.parameter("since"), since > Self.changedAt { return .json("[]") }
        return page(all.enumerated().map { json($0.element, $0.offset + 1) }, request)
    }

    private func labels(_ number: Int, _ request: ScriptedRequest, _ id: Int?) -> ScriptedReply {
        state.change { state in
            if request.method == "DELETE", let id {
                state.issues[number - 1].labels.removeAll { $0 == id - 1 }
                return ScriptedReply(status: 204)
            }
            for id in fields(request)["labels"] as? [Int] ?? [] {
                let added = state.labels[id - 1]
                let scope = added.name.split(separator: "/").first ?? ""
                state.issues[number - 1].labels.removeAll { other in
                    other == id - 1
                        || added.isExclusive && state.labels[other].name.hasPrefix(scope + "/")
                }
                state.issues[number - 1].labels.append(id - 1)
            }
            return .json(GiteaJSON.list(state.issues[number - 1].labels.map { label($0, state) }))
        }
    }

    private func json(_ comment: Comment, _ id: Int) -> String {
        let isPull = state.value.issues[comment.issue - 1].pull != nil
        let address =
            "http://tracker.test/bees/hive/\(isPull ? "pulls" : "issues")/\(comment.issue)"
        return GiteaJSON.comment(
            id, comment.body, by: comment.author, issue: isPull ? "" : address,
            pull: isPull ? address : "")
    }

    func json(_ number: Int, _ state: State) -> String {
        let issue = state.issues[number - 1]
        return GiteaJSON.issue(
            number, title: issue.title, body: issue.body,
            state: issue.isOpen ? "open" : "closed",
            labels: issue.labels.map { state.labels[$0].name },
            isPull: issue.pull != nil, author: issue.author,
            comments: state.comments.count { $0.issue == number })
    }
}
