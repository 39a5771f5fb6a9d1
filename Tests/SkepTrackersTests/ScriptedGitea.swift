import Foundation
import SkepTestSupport

/// As much of a Gitea, in memory, as the tracker's conformance suite needs; with the habits that
/// clients stumble over: an unknown label asks for nothing, pages are short, `Link` names a host that
/// can't be reached, every answer to a comment's first post is lost.
final class ScriptedGitea: Sendable {
    struct Issue: Sendable {
        var title: String
        var body: String
        var labels: [Int] = []
        var head: String?
        var base: String?
    }

    struct State: Sendable {
        var issues: [Issue] = []
        var labels: [(name: String, color: String, isExclusive: Bool)] = [("bug", "ee0701", false)]
        var comments: [(issue: Int, body: String)] = []
    }

    let branches: Set<String> = ["main", "topic", "claude/issue-1"]
    private let state = Shared(State())
    private let start = "/api/v1/repos/bees/hive"

    func makeIssue(_ title: String, _ body: String, _ labels: [String]) -> Int {
        state.change { state in
            let ids = labels.compactMap { name in state.labels.firstIndex { $0.name == name } }
            state.issues.append(Issue(title: title, body: body, labels: ids))
            return state.issues.count
        }
    }

    func answer(_ request: ScriptedRequest) -> ScriptedReply {
        let path = request.path.lowercased()
        switch path {
        case "/api/v1/version": return .json(#"{"version": "1.27.0"}"#)
        case "/api/v1/user": return .json(GiteaJSON.user("skep"))
        case start: return .json(#"{"full_name": "bees/hive", "default_branch": "main"}"#)
        case start + "/collaborators/skep/permission": return .json(#"{"permission": "write"}"#)
        case start + "/issues": return issues(request)
        case start + "/pulls": return request.method == "POST" ? open(request) : pulls()
        case start + "/labels": return request.method == "POST" ? make(request) : labels()
        default: break
        }
        guard path.hasPrefix(start + "/issues/") else { return pull(path) ?? missing }
        let parts = path.dropFirst(start.count + 8).split(separator: "/").map(String.init)
        guard let number = parts.first.flatMap({ Int($0) }), number <= state.value.issues.count
        else { return missing }
        switch parts.dropFirst().first {
        case nil: return .json(json(number, state.value))
        case "comments": return comments(number, request)
        case "labels": return labels(number, request, parts.dropFirst(2).first.flatMap { Int($0) })
        default: return missing
        }
    }

    private var missing: ScriptedReply { .json(#"{"message": "not found"}"#, status: 404) }

    private func issues(_ request: ScriptedRequest) -> ScriptedReply {
        let state = state.value
        if let user = request.parameter("assigned_by"), user != "skep" { return missing }
        let wanted = (request.parameter("labels") ?? "").split(separator: ",").compactMap { name in
            state.labels.firstIndex { $0.name == name }
        }
        let all = (1...max(1, state.issues.count)).reversed().filter { number in
            guard number <= state.issues.count else { return false }
            let issue = state.issues[number - 1]
            return issue.head == nil && wanted.allSatisfy(issue.labels.contains)
        }
        let page = request.parameter("page").flatMap { Int($0) } ?? 1
        let rest = all.dropFirst((page - 1) * 7)
        let next = "<http://forge.invalid/api?page=\(page + 1)>; rel=\"next\""
        return .json(
            GiteaJSON.list(rest.prefix(7).map { json($0, state) }),
            headers: rest.count > 7 ? [("Link", next)] : [])
    }

    private func comments(_ number: Int, _ request: ScriptedRequest) -> ScriptedReply {
        guard request.method == "POST" else {
            let found = state.value.comments.enumerated().filter { $0.element.issue == number }
            return .json(
                GiteaJSON.list(found.map { GiteaJSON.comment($0.offset + 1, $0.element.body) }))
        }
        let body = request.commentBody ?? ""
        let id = state.change { state in
            state.comments.append((number, body))
            return state.comments.count
        }
        return id == 1 ? .cut : .json(GiteaJSON.comment(id, body), status: 201)
    }

    private func labels() -> ScriptedReply {
        .json(
            GiteaJSON.list(state.value.labels.enumerated().map { label($0.offset, state.value) }))
    }

    private func make(_ request: ScriptedRequest) -> ScriptedReply {
        guard let fields = fields(request), let name = fields["name"] as? String,
            let color = fields["color"] as? String
        else { return .json("{}", status: 422) }
        let isExclusive = fields["exclusive"] as? Bool ?? false
        return state.change { state in
            state.labels.append((name, String(color.dropFirst()), isExclusive))
            return .json(GiteaJSON.label(state.labels.count, name), status: 201)
        }
    }

    private func labels(_ number: Int, _ request: ScriptedRequest, _ id: Int?) -> ScriptedReply {
        state.change { state in
            if request.method == "DELETE", let id {
                state.issues[number - 1].labels.removeAll { $0 == id - 1 }
                return ScriptedReply(status: 204)
            }
            for id in fields(request)?["labels"] as? [Int] ?? [] {
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

    private func open(_ request: ScriptedRequest) -> ScriptedReply {
        guard let fields = fields(request), let title = fields["title"] as? String,
            let head = fields["head"] as? String, let base = fields["base"] as? String
        else { return .json("{}", status: 422) }
        guard branches.contains(head), branches.contains(base) else { return missing }
        return state.change { state in
            guard !state.issues.contains(where: { $0.head == head }) else {
                return .json("{}", status: 409)
            }
            state.issues.append(Issue(title: title, body: "", head: head, base: base))
            return .json(pullJSON(state.issues.count, state), status: 201)
        }
    }

    private func pulls() -> ScriptedReply {
        let state = state.value
        let found = state.issues.indices.filter { state.issues[$0].head != nil }
        return .json(GiteaJSON.list(found.map { pullJSON($0 + 1, state) }))
    }

    private func pull(_ path: String) -> ScriptedReply? {
        guard path.hasPrefix(start + "/pulls/") else { return nil }
        let rest = path.dropFirst(start.count + 7)
        let state = state.value
        let found = state.issues.indices.first { index in
            let issue = state.issues[index]
            guard let head = issue.head, let base = issue.base else { return false }
            return rest == String(index + 1) || rest == "\(base)/\(head)"
        }
        return found.map { .json(pullJSON($0 + 1, state)) }
    }

    private func fields(_ request: ScriptedRequest) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
    }

    private func label(_ index: Int, _ state: State) -> String {
        GiteaJSON.label(index + 1, state.labels[index].name)
            .replacing("EE0701", with: state.labels[index].color)
    }

    private func json(_ number: Int, _ state: State) -> String {
        let issue = state.issues[number - 1]
        return GiteaJSON.issue(
            number, title: issue.title, body: issue.body,
            labels: issue.labels.map { state.labels[$0].name }, isPull: issue.head != nil)
    }

    private func pullJSON(_ number: Int, _ state: State) -> String {
        let issue = state.issues[number - 1]
        return GiteaJSON.pull(number, head: issue.head ?? "", base: issue.base ?? "")
            .replacing("\"P\"", with: GiteaJSON.quote(issue.title))
    }
}
