public import SkepQueue

/// Something to say on an issue, queued in the transaction that caused it.
public struct NewReport: Sendable, Hashable {
    /// What it is about, unique within its run: "dispatched", "working", "result".
    public var topic: String
    public var body: String

    public init(topic: String, body: String) {
        self.topic = topic
        self.body = body
    }
}

/// A report's row.
public struct Report: Sendable, Hashable {
    public let id: ReportID
    public let run: RunID
    public let issue: IssueReference
    public let topic: String
    public let body: String
    public let createdAt: Timestamp
    public let postedAt: Timestamp?
    public let commentURL: String?

    public init(
        id: ReportID, run: RunID, issue: IssueReference, topic: String, body: String,
        createdAt: Timestamp, postedAt: Timestamp?, commentURL: String?
    ) {
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
    public var marker: CommentMarker { CommentMarker("run-\(run).\(topic).report-\(id)") }
}
