internal import Foundation
internal import SkepCore
internal import SkepQueue

/// A review without its inline comments.
struct GiteaReview: Decodable {
    let id: Int64
    let author: LoginName
    /// Gitea's word: "APPROVED", "REQUEST_CHANGES", "COMMENT", "PENDING", "REQUEST_REVIEW".
    let state: String
    let body: String
    let commit: CommitID?
    let isStale: Bool
    let isDismissed: Bool
    let commentCount: Int?
    let submittedAt: Timestamp
    let url: String

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        id = try values.decode(Int64.self, forKey: "id")
        author = values.login("user")
        state = values.lenient("state") ?? ""
        body = values.lenient("body") ?? ""
        let commit: String? = values.lenient("commit_id")
        self.commit = commit.flatMap { CommitID(rawValue: $0) }
        isStale = values.lenient("stale") ?? false
        isDismissed = values.lenient("dismissed") ?? false
        commentCount = values.lenient("comments_count")
        submittedAt =
            values.time("submitted_at") ?? values.time("updated_at") ?? Timestamp(milliseconds: 0)
        url = values.lenient("html_url") ?? ""
    }

    /// `nil` for drafts and for requests, which stand in the same list.
    var verdict: Verdict? {
        Verdict.allCases.first { $0.event == state }
    }

    func review(_ verdict: Verdict, _ comments: [ReviewComment]) -> Review {
        Review(
            id: id, author: author, verdict: verdict, body: body, commit: commit,
            isStale: isStale, isDismissed: isDismissed, comments: comments,
            submittedAt: submittedAt, url: url)
    }
}

struct GiteaReviewComment: Decodable {
    let comment: ReviewComment

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        let line: Int? = values.lenient("position")
        comment = ReviewComment(
            id: try values.decode(Int64.self, forKey: "id"), path: values.lenient("path") ?? "",
            // 0 for a line of the old file.
            line: line.flatMap { $0 > 0 ? $0 : nil }, body: values.lenient("body") ?? "")
    }
}

extension Verdict {
    /// Gitea's word. GitHub's "APPROVE" would be taken as a draft, without an error.
    var event: String {
        switch self {
        case .approved: "APPROVED"
        case .changesRequested: "REQUEST_CHANGES"
        case .commented: "COMMENT"
        }
    }

    /// How a text begins that has to carry the verdict itself.
    var heading: String {
        switch self {
        case .approved: "Approved"
        case .changesRequested: "Changes requested"
        case .commented: "Comment"
        }
    }
}

struct GiteaCommitStatus: Decodable {
    let id: Int64
    let status: CommitStatus

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        id = values.lenient("id") ?? 0
        // Written as `state`, read as `status`.
        let word: String = values.lenient("status") ?? values.lenient("state") ?? ""
        let url: String? = values.lenient("target_url")
        status = CommitStatus(
            context: values.lenient("context") ?? "",
            // What isn't known hasn't succeeded.
            state: CommitStatus.State(rawValue: word) ?? .pending,
            description: values.lenient("description") ?? "",
            url: url.flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// The newest status of each context.
struct GiteaCombinedStatus: Decodable {
    let statuses: [GiteaCommitStatus]
    let total: Int?

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: GiteaKey.self)
        statuses = values.lenient("statuses") ?? []
        total = values.lenient("total_count")
    }
}
