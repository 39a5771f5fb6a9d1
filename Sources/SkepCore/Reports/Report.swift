public import SkepQueue

/// Something to say on an issue, queued in the transaction that caused it.
public struct NewReport: Sendable, Hashable {
    /// What it is about, unique within its run: "dispatched", "working", "result". Where there is no
    /// run, unique on its issue: "comment-812", "retire-3".
    public var topic: String
    public var body: String
    /// What is done with the text. Posted as a comment by default.
    public var content: ReportContent
    /// The issue or pull request it is for; `nil`: the run's issue.
    public var place: IssueReference?

    public init(
        topic: String, body: String, content: ReportContent = .comment,
        on place: IssueReference? = nil
    ) {
        self.topic = topic
        self.body = body
        self.content = content
        self.place = place
    }
}

/// A report's row.
public struct Report: Sendable, Hashable {
    public let id: ReportID
    /// `nil` when it is no run's.
    public let run: RunID?
    /// The issue or pull request it is for.
    public let issue: IssueReference
    public let content: ReportContent
    public let topic: String
    public let body: String
    public let createdAt: Timestamp
    public let postedAt: Timestamp?
    public let commentURL: String?

    public init(
        id: ReportID, run: RunID?, issue: IssueReference, topic: String, body: String,
        content: ReportContent = .comment, createdAt: Timestamp, postedAt: Timestamp?,
        commentURL: String?
    ) {
        self.content = content
        self.id = id
        self.run = run
        self.issue = issue
        self.topic = topic
        self.body = body
        self.createdAt = createdAt
        self.postedAt = postedAt
        self.commentURL = commentURL
    }

    /// Found again by this on the tracker, also by another installation of the same database.
    public var marker: CommentMarker {
        let prefix = run.map { "run-\($0)." } ?? ""
        return CommentMarker("\(prefix)\(topic).report-\(id)")
    }
}
