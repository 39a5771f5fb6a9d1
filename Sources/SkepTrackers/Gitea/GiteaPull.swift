internal import Foundation
internal import SkepCore
internal import SkepQueue

struct GiteaPull: Decodable {
    struct Side: Decodable {
        let branch: String
        let commit: CommitID?
        let repositoryID: Int64?

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: GiteaKey.self)
            let ref: String = values.lenient("ref") ?? ""
            let label: String = values.lenient("label") ?? ""
            // Once the branch is deleted, `ref` is "refs/pull/N/head" and `label` has its name.
            branch = ref.hasPrefix("refs/") && !label.isEmpty ? label : ref
            let sha: String? = values.lenient("sha")
            commit = sha.flatMap { CommitID(rawValue: $0) }
            repositoryID = values.lenient("repo_id")
        }
    }

    let number: Int
    let title: String
    let isOpen: Bool
    let isMerged: Bool
    let head: Side
    let base: Side
    let url: String
    let isMergeable: Bool?
    let author: LoginName
    let requestedReviewers: [LoginName]
    let updatedAt: Timestamp?

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        number = try values.decode(Int.self, forKey: "number")
        title = values.lenient("title") ?? ""
        isOpen = values.lenient("state") == "open"
        isMerged = values.lenient("merged") ?? false
        head = try values.decode(Side.self, forKey: "head")
        base = try values.decode(Side.self, forKey: "base")
        url = values.lenient("html_url") ?? ""
        isMergeable = values.lenient("mergeable")
        author = values.login("user")
        let reviewers: [GiteaUser] = values.lenient("requested_reviewers") ?? []
        requestedReviewers = reviewers.map { LoginName(rawValue: $0.login) }
        updatedAt = values.time("updated_at")
    }

    /// Whether it is open and asks for just this; a branch of the same name in a fork isn't.
    func answers(_ new: NewPullRequest) -> Bool {
        isOpen && head.branch == new.head.rawValue && base.branch == new.base.rawValue
            && (head.repositoryID == nil || head.repositoryID == base.repositoryID)
    }

    var pullRequest: PullRequest {
        PullRequest(
            number: number, title: title, isOpen: isOpen, isMerged: isMerged,
            head: BranchName(rawValue: head.branch), base: BranchName(rawValue: base.branch),
            headCommit: head.commit, url: url, isMergeable: isMergeable, author: author,
            requestedReviewers: requestedReviewers, updatedAt: updatedAt)
    }
}
