internal import Foundation
public import SkepCore
public import SkepQueue

/// A milestone of a Gitea-style tracker.
public struct GiteaMilestone: Sendable, Hashable, Decodable {
    public let id: Int64
    public let title: String
    public let description: String
    public let isOpen: Bool
    public let openIssues: Int
    public let closedIssues: Int
    public let dueAt: Timestamp?

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        id = try values.decode(Int64.self, forKey: "id")
        title = values.lenient("title") ?? ""
        description = values.lenient("description") ?? ""
        isOpen = values.lenient("state") != "closed"
        openIssues = values.lenient("open_issues") ?? 0
        closedIssues = values.lenient("closed_issues") ?? 0
        dueAt = values.time("due_on")
    }
}

/// Something that happened on an issue or pull request.
public struct GiteaTimelineEntry: Sendable, Hashable, Decodable {
    public let id: Int64
    /// Gitea's word, such as "comment", "label", "close", "commit_ref", "pull_push".
    public let kind: String
    public let author: LoginName
    public let body: String
    /// The label that was put on or taken off.
    public let label: String?
    public let createdAt: Timestamp

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        id = try values.decode(Int64.self, forKey: "id")
        kind = values.lenient("type") ?? ""
        author = values.login("user")
        body = values.lenient("body") ?? ""
        let label: GiteaLabel? = values.lenient("label")
        self.label = label?.name
        createdAt = values.time("created_at") ?? Timestamp(milliseconds: 0)
    }
}

/// An issue's text with what tells whether somebody else changed it meanwhile.
public struct GiteaIssueText: Sendable, Hashable {
    public let title: String
    public let body: String
    /// Counts the edits; `nil` where the tracker doesn't (Forgejo, and Gitea before 1.26).
    public let version: Int?
    public let updatedAt: Timestamp
}
