/// What a hook can be told of; the names are those of Gitea's `X-Gitea-Event-Type`.
enum HookEvent: String, Sendable, CaseIterable {
    case create, delete, push, status
    case issues
    case issueAssign = "issue_assign"
    case issueLabel = "issue_label"
    case issueMilestone = "issue_milestone"
    case issueComment = "issue_comment"
    case pullRequest = "pull_request"
    case pullRequestAssign = "pull_request_assign"
    case pullRequestLabel = "pull_request_label"
    case pullRequestMilestone = "pull_request_milestone"
    case pullRequestComment = "pull_request_comment"
    case pullRequestReviewApproved = "pull_request_review_approved"
    case pullRequestReviewRejected = "pull_request_review_rejected"
    case pullRequestReviewComment = "pull_request_review_comment"
    case pullRequestReviewRequest = "pull_request_review_request"
    case pullRequestSync = "pull_request_sync"

    /// The group that stands in `X-Gitea-Event`. That of a review's comment has the name of
    /// another type: "pull_request_comment".
    var group: String {
        switch self {
        case .create, .delete, .push, .status: rawValue
        case .issues, .issueAssign, .issueLabel, .issueMilestone: "issues"
        case .issueComment, .pullRequestComment: "issue_comment"
        case .pullRequest, .pullRequestAssign, .pullRequestLabel, .pullRequestMilestone,
            .pullRequestSync, .pullRequestReviewRequest:
            "pull_request"
        case .pullRequestReviewApproved: "pull_request_approved"
        case .pullRequestReviewRejected: "pull_request_rejected"
        case .pullRequestReviewComment: "pull_request_comment"
        }
    }

    private static let ofIssues: Set<HookEvent> = [
        .issues, .issueAssign, .issueLabel, .issueMilestone, .issueComment,
    ]
    private static let ofReviews: Set<HookEvent> = [
        .pullRequestReviewApproved, .pullRequestReviewRejected, .pullRequestReviewComment,
    ]
    private static let ofPulls: Set<HookEvent> = ofReviews.union([
        .pullRequest, .pullRequestAssign, .pullRequestLabel, .pullRequestMilestone,
        .pullRequestComment, .pullRequestReviewRequest, .pullRequestSync,
    ])

    /// What the words of a subscription turn on. "issues" and "pull_request" mean all that goes
    /// with them, comments included; with "_only" just themselves. Unknown words mean nothing,
    /// and no words mean pushes, as in Gitea.
    static func subscribed(by words: [String]) -> Set<HookEvent> {
        if words.isEmpty { return [.push] }
        return words.reduce(into: []) { events, word in
            switch word {
            case "issues": events.formUnion(ofIssues)
            case "issues_only": events.insert(.issues)
            case "pull_request": events.formUnion(ofPulls)
            case "pull_request_only": events.insert(.pullRequest)
            case "pull_request_review": events.formUnion(ofReviews)
            default: if let event = HookEvent(rawValue: word) { events.insert(event) }
            }
        }
    }

    /// Their names in the order of the cases.
    static func names(_ events: Set<HookEvent>) -> [String] {
        allCases.filter(events.contains).map(\.rawValue)
    }

    static func text(_ events: Set<HookEvent>) -> String { names(events).joined(separator: " ") }
}
