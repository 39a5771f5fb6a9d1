internal import Foundation
internal import SkepCore
internal import SkepQueue

// What Gitea answers, as far as Skep reads it. Anything may be absent, null or of a type of its own
// but for what a thing can't be used without; unknown keys are passed over.

/// An answer of which nothing is read, and which may be empty.
struct GiteaNothing: Decodable {}

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
    let milestone: GiteaMilestone?
    let commentCount: Int?
    /// Counts the edits of the text; Gitea from 1.26.
    let contentVersion: Int?
    /// Where it is, in lists that may have issues of several.
    let repository: RepositoryName?

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
        milestone = values.lenient("milestone")
        commentCount = values.lenient("comments")
        contentVersion = values.lenient("content_version")
        let home: GiteaHome? = values.lenient("repository")
        repository = home?.fullName
    }

    func issue(in repository: RepositoryName) -> Issue {
        Issue(
            reference: IssueReference(repository: repository, number: number), title: title,
            body: body, isOpen: isOpen, labels: labels, assignees: assignees, author: author,
            isPullRequest: isPullRequest, createdAt: createdAt, updatedAt: updatedAt, url: url,
            milestone: milestone?.title, commentCount: commentCount)
    }
}

/// The short form of a repository, as an issue carries it.
struct GiteaHome: Decodable {
    let fullName: RepositoryName

    private enum CodingKeys: String, CodingKey { case fullName = "full_name" }
}

struct GiteaComment: Decodable {
    let comment: IssueComment
    let updatedAt: Timestamp?
    /// The number of the issue or pull request it stands on, where its addresses tell.
    let place: (number: Int, isPullRequest: Bool)?

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        updatedAt = values.time("updated_at")
        let addresses = ["pull_request_url", "issue_url", "html_url"]
            .compactMap { values.lenient(GiteaKey(stringLiteral: $0)) as String? }
        place = addresses.lazy.compactMap(Self.place).first
        comment = IssueComment(
            id: try values.decode(Int64.self, forKey: "id"), author: values.login("user"),
            body: values.lenient("body") ?? "",
            createdAt: values.time("created_at") ?? Timestamp(milliseconds: 0),
            url: values.lenient("html_url") ?? "")
    }

    /// Reads ".../owner/name/pulls/12" and ".../issues/12#issuecomment-3".
    private static func place(_ address: String) -> (number: Int, isPullRequest: Bool)? {
        let path = address.prefix { $0 != "#" && $0 != "?" }
        let parts = path.split(separator: "/")
        guard let number = parts.last.flatMap({ Int($0) }), let kind = parts.dropLast().last,
            kind == "pulls" || kind == "issues"
        else { return nil }
        return (number, kind == "pulls")
    }
}

struct GiteaRepository: Decodable {
    struct Permissions: Decodable {
        let admin: Bool?
        let push: Bool?
        let pull: Bool?
    }

    let fullName: RepositoryName
    let defaultBranch: String
    let cloneURL: String
    let isEmpty: Bool
    let isArchived: Bool
    let permissions: Permissions?
    let url: String

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        fullName = try values.decode(RepositoryName.self, forKey: "full_name")
        defaultBranch = values.lenient("default_branch") ?? ""
        cloneURL = values.lenient("clone_url") ?? ""
        isEmpty = values.lenient("empty") ?? false
        isArchived = values.lenient("archived") ?? false
        permissions = values.lenient("permissions")
        url = values.lenient("html_url") ?? ""
    }
}

struct GiteaPermission: Decodable {
    let permission: String
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
