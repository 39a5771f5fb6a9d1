// The bodies Skep sends. Names are those of the API's specification; what is nil is left out.

struct GiteaNewComment: Encodable {
    let body: String
}

/// `labels` takes all ids or all names; older servers know ids only.
struct GiteaLabelIDs: Encodable {
    let labels: [Int64]
}

struct GiteaNewLabel: Encodable {
    let name: String
    let color: String
    let description: String
    let exclusive: Bool
}

struct GiteaNewPull: Encodable {
    let head: String
    let base: String
    let title: String
    let body: String
}

/// `labels` are ids only.
struct GiteaNewIssue: Encodable {
    let title: String
    let body: String
    let labels: [Int64]?
}

/// A change of an issue. Labels have routes of their own.
struct GiteaIssueEdit: Encodable {
    var title: String?
    var body: String?
    var state: String?
    var assignees: [String]?
    /// An id; 0 takes it away.
    var milestone: Int64?
    /// Refused with 409 when the text has another version by now; Gitea from 1.26, passed over by
    /// others.
    var contentVersion: Int?

    private enum CodingKeys: String, CodingKey {
        case title, body, state, assignees, milestone
        case contentVersion = "content_version"
    }
}

struct GiteaNewReaction: Encodable {
    let content: String
}

struct GiteaNewReview: Encodable {
    struct Comment: Encodable {
        let path: String
        let body: String
        /// A line of the new file, not an offset in the diff.
        let line: Int

        private enum CodingKeys: String, CodingKey {
            case path, body
            case line = "new_position"
        }
    }

    let event: String
    let body: String
    let commit: String
    let comments: [Comment]?

    private enum CodingKeys: String, CodingKey {
        case event, body, comments
        case commit = "commit_id"
    }
}

struct GiteaReviewers: Encodable {
    let reviewers: [String]
}

struct GiteaNewStatus: Encodable {
    let context: String
    let state: String
    let description: String
    let url: String?

    private enum CodingKeys: String, CodingKey {
        case context, state, description
        case url = "target_url"
    }
}

/// With the names that every version knows: Forgejo, and Gitea before 1.26, have `Do` only.
struct GiteaMerge: Encodable {
    let style: String
    let head: String

    private enum CodingKeys: String, CodingKey {
        case style = "Do"
        case head = "head_commit_id"
    }
}

struct GiteaNewMilestone: Encodable {
    let title: String
    let description: String
}

struct GiteaLock: Encodable {
    let reason: String?

    private enum CodingKeys: String, CodingKey { case reason = "lock_reason" }
}

struct GiteaEmpty: Encodable {}
