internal import Foundation
internal import SkepCore
internal import SkepQueue

// What Gitea answers, as far as Skep reads it. Anything may be absent, null or of a type of its own
// but for what a thing can't be used without; unknown keys are passed over.

struct GiteaVersion: Decodable {
    let version: String
}

struct GiteaMessage: Decodable {
    let message: String?
}

struct GiteaUser: Decodable {
    let login: String
}

struct GiteaLabel: Decodable {
    let id: Int64
    let name: String
    let color: String

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        id = try values.decode(Int64.self, forKey: "id")
        name = try values.decode(String.self, forKey: "name")
        let color: String = values.lenient("color") ?? ""
        self.color = (color.hasPrefix("#") ? String(color.dropFirst()) : color).lowercased()
    }
}

struct GiteaIssue: Decodable {
    let number: Int
    let title: String
    let body: String
    let isOpen: Bool
    let labels: [String]
    let assignees: [LoginName]
    let author: LoginName
    let isPullRequest: Bool
    let createdAt: Timestamp
    let updatedAt: Timestamp
    let url: String

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        number = try values.decode(Int.self, forKey: "number")
        title = values.lenient("title") ?? ""
        body = values.lenient("body") ?? ""
        isOpen = values.lenient("state") == "open"
        let labels: [GiteaLabel] = values.lenient("labels") ?? []
        self.labels = labels.map(\.name)
        let assignee: GiteaUser? = values.lenient("assignee")
        let assignees: [GiteaUser] = values.lenient("assignees") ?? []
        self.assignees = (assignees.isEmpty ? assignee.map { [$0] } ?? [] : assignees)
            .map { LoginName(rawValue: $0.login) }
        author = values.login("user")
        isPullRequest =
            try values.contains("pull_request") && !values.decodeNil(forKey: "pull_request")
        createdAt = values.time("created_at") ?? Timestamp(milliseconds: 0)
        updatedAt = values.time("updated_at") ?? createdAt
        url = values.lenient("html_url") ?? ""
    }

    func issue(in repository: RepositoryName) -> Issue {
        Issue(
            reference: IssueReference(repository: repository, number: number), title: title,
            body: body, isOpen: isOpen, labels: labels, assignees: assignees, author: author,
            isPullRequest: isPullRequest, createdAt: createdAt, updatedAt: updatedAt, url: url)
    }
}

struct GiteaComment: Decodable {
    let comment: IssueComment

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        comment = IssueComment(
            id: try values.decode(Int64.self, forKey: "id"), author: values.login("user"),
            body: values.lenient("body") ?? "",
            createdAt: values.time("created_at") ?? Timestamp(milliseconds: 0),
            url: values.lenient("html_url") ?? "")
    }
}

struct GiteaRepository: Decodable {
    struct Permissions: Decodable {
        let push: Bool?
    }

    let fullName: RepositoryName
    let defaultBranch: String
    let cloneURL: String
    let isEmpty: Bool
    let isArchived: Bool
    let canPush: Bool?
    let url: String

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        fullName = try values.decode(RepositoryName.self, forKey: "full_name")
        defaultBranch = values.lenient("default_branch") ?? ""
        cloneURL = values.lenient("clone_url") ?? ""
        isEmpty = values.lenient("empty") ?? false
        isArchived = values.lenient("archived") ?? false
        let permissions: Permissions? = values.lenient("permissions")
        canPush = permissions?.push
        url = values.lenient("html_url") ?? ""
    }
}

struct GiteaPermission: Decodable {
    let permission: String
}

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

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        number = try values.decode(Int.self, forKey: "number")
        title = values.lenient("title") ?? ""
        isOpen = values.lenient("state") == "open"
        isMerged = values.lenient("merged") ?? false
        head = try values.decode(Side.self, forKey: "head")
        base = try values.decode(Side.self, forKey: "base")
        url = values.lenient("html_url") ?? ""
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
            headCommit: head.commit, url: url)
    }
}

/// A key as it stands in the JSON.
struct GiteaKey: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringLiteral value: String) { stringValue = value }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension KeyedDecodingContainer where Key == GiteaKey {
    /// `nil` for absent, null, and of another type.
    func lenient<Value: Decodable>(_ key: GiteaKey) -> Value? {
        (try? decodeIfPresent(Value.self, forKey: key)) ?? nil
    }

    func time(_ key: GiteaKey) -> Timestamp? {
        let text: String? = lenient(key)
        return text.flatMap(GiteaTime.read)
    }

    /// Gitea's own name for accounts that are gone is "Ghost"; so for those that aren't told.
    func login(_ key: GiteaKey) -> LoginName {
        let user: GiteaUser? = lenient(key)
        return LoginName(rawValue: user?.login ?? "Ghost")
    }
}
