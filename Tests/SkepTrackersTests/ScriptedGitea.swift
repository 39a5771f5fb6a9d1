import Foundation
import SkepTestSupport

/// As much of a Gitea, in memory, as the tracker's conformance suite needs; with the habits that
/// clients stumble over: an unknown label asks for nothing, pages are short, `Link` names a host that
/// can't be reached, every answer to a comment's first post is lost, a review's verdict is lost when
/// its word isn't known, whether a pull request can be merged isn't known at first.
final class ScriptedGitea: Sendable {
    static let reviewerToken = "rev1ewer"

    struct Issue: Sendable {
        var title: String
        var body: String
        var author = "ann"
        var labels: [Int] = []
        var isOpen = true
        var blockers: [Int] = []
        var pull: Pull?
    }

    struct Pull: Sendable {
        let head: String
        let base: String
        var isMerged = false
        /// Refusals to merge until it is known whether there are conflicts.
        var checks = 1
        var hasConflict = false
        var asked: [String] = []
        var reviews: [Int] = []
    }

    struct Comment: Sendable {
        let issue: Int
        let body: String
        let author: String
        var reactions: Set<String> = []
    }

    struct Branch: Sendable {
        let commit: String
        let file: String
    }

    struct Review: Sendable {
        let author: String
        let body: String
        let event: String
        let commit: String
        let comments: [(path: String, line: Int, body: String)]
    }

    struct Status: Sendable {
        let commit: String
        let context: String
        let state: String
        let description: String
        let url: String
    }

    struct State: Sendable {
        var issues: [Issue] = []
        var labels: [(name: String, color: String, isExclusive: Bool)] = [("bug", "ee0701", false)]
        var comments: [Comment] = []
        var reviews: [Review] = []
        var statuses: [Status] = []
        var branches = [
            "main": Branch(commit: hash(1), file: ""), "topic": Branch(commit: hash(2), file: "t"),
            "claude/issue-1": Branch(commit: hash(3), file: "c"),
        ]
    }

    let state = Shared(State())
    let home = "/api/v1/repos/bees/hive"

    func makeIssue(_ title: String, _ body: String, _ labels: [String]) -> Int {
        state.change { state in
            let ids = labels.compactMap { name in state.labels.firstIndex { $0.name == name } }
            state.issues.append(Issue(title: title, body: body, labels: ids))
            return state.issues.count
        }
    }

    func makeBranch(_ name: String, changing file: String) -> String {
        state.change { state in
            let commit = Self.hash(state.branches.count + 1)
            state.branches[name] = Branch(commit: commit, file: file)
            return commit
        }
    }

    func block(_ issue: Int, by other: Int) {
        state.change { $0.issues[issue - 1].blockers.append(other) }
    }

    private static func hash(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "a", count: 40 - digits.count) + digits
    }

    func answer(_ request: ScriptedRequest) -> ScriptedReply {
        let path = request.path.lowercased()
        switch path {
        case "/api/v1/version": return .json(#"{"version": "1.27.0"}"#)
        case "/api/v1/user": return .json(GiteaJSON.user(caller(request)))
        case home:
            return .json(
                """
                {"full_name": "bees/hive", "default_branch": "main", \
                "permissions": {"admin": false, "push": true, "pull": true}}
                """)
        case home + "/collaborators/skep/permission": return .json(#"{"permission": "write"}"#)
        case home + "/labels": return request.method == "POST" ? make(request) : labels()
        default: break
        }
        guard path.hasPrefix(home + "/") else { return missing }
        let parts = path.dropFirst(home.count + 1).split(separator: "/").map(String.init)
        switch parts[0] {
        case "issues": return issues(request, Array(parts.dropFirst()))
        case "pulls": return pulls(request, Array(parts.dropFirst()))
        case "commits": return combined(parts[1])
        case "statuses": return report(request, parts[1])
        default: return missing
        }
    }

    var missing: ScriptedReply { .json(#"{"message": "not found"}"#, status: 404) }

    func caller(_ request: ScriptedRequest) -> String {
        request.header("Authorization") == "token \(Self.reviewerToken)" ? "codex" : "skep"
    }

    /// A page of seven.
    func page(_ items: [String], _ request: ScriptedRequest) -> ScriptedReply {
        let page = request.parameter("page").flatMap { Int($0) } ?? 1
        let rest = items.dropFirst((page - 1) * 7)
        let next = "<http://forge.invalid/api?page=\(page + 1)>; rel=\"next\""
        return .json(
            GiteaJSON.list(Array(rest.prefix(7))), headers: rest.count > 7 ? [("Link", next)] : [])
    }

    func fields(_ request: ScriptedRequest) -> [String: Any] {
        let value = try? JSONSerialization.jsonObject(with: Data(request.body))
        return value as? [String: Any] ?? [:]
    }

    // MARK: Labels and statuses

    private func labels() -> ScriptedReply {
        let state = state.value
        return .json(GiteaJSON.list(state.labels.indices.map { label($0, state) }))
    }

    func label(_ index: Int, _ state: State) -> String {
        GiteaJSON.label(index + 1, state.labels[index].name)
            .replacing("EE0701", with: state.labels[index].color)
    }

    private func make(_ request: ScriptedRequest) -> ScriptedReply {
        let fields = fields(request)
        guard let name = fields["name"] as? String, let color = fields["color"] as? String else {
            return .json("{}", status: 422)
        }
        let isExclusive = fields["exclusive"] as? Bool ?? false
        return state.change { state in
            state.labels.append((name, String(color.dropFirst()), isExclusive))
            return .json(GiteaJSON.label(state.labels.count, name), status: 201)
        }
    }

    private func report(_ request: ScriptedRequest, _ commit: String) -> ScriptedReply {
        let fields = fields(request)
        let status = Status(
            commit: commit, context: fields["context"] as? String ?? "",
            state: fields["state"] as? String ?? "",
            description: fields["description"] as? String ?? "",
            url: fields["target_url"] as? String ?? "")
        return state.change { state in
            state.statuses.append(status)
            return .json(Self.json(status, state.statuses.count), status: 201)
        }
    }

    private func combined(_ commit: String) -> ScriptedReply {
        var newest: [String: (Int, Status)] = [:]
        for (index, status) in state.value.statuses.enumerated() where status.commit == commit {
            newest[status.context] = (index + 1, status)
        }
        let list = newest.values.sorted { $0.0 > $1.0 }.map { Self.json($0.1, $0.0) }
        let text = list.isEmpty ? "null" : GiteaJSON.list(list)
        return .json("{\"state\": \"\", \"total_count\": \(list.count), \"statuses\": \(text)}")
    }

    private static func json(_ status: Status, _ id: Int) -> String {
        """
        {"id": \(id), "status": "\(status.state)", "context": \(GiteaJSON.quote(status.context)), \
        "description": \(GiteaJSON.quote(status.description)), \
        "target_url": \(GiteaJSON.quote(status.url))}
        """
    }
}
