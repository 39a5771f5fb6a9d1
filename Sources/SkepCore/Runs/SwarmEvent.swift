public import SkepQueue

/// Something that happened, written in the transaction that made it so.
public struct SwarmEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// A demand was seen.
        case asked
        /// A demand waits behind gates that weren't shut before.
        case waits
        case opened, working, settled, closed
        case pullRequest = "pull_request"
        case review, question, answer, command, cancelled
        case burndown, schedule, retirement
        /// Something went wrong that somebody should know of.
        case trouble
    }

    public let id: EventID
    public let at: Timestamp
    public let kind: Kind
    public let issue: IssueReference?
    public let run: RunID?
    public let agent: AgentName?
    /// One line.
    public let text: String

    public init(
        id: EventID, at: Timestamp, kind: Kind, issue: IssueReference?, run: RunID?,
        agent: AgentName?, text: String
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.issue = issue
        self.run = run
        self.agent = agent
        self.text = text
    }
}

/// An event that is told to the store by somebody who isn't in a transaction of its own.
public struct NewSwarmEvent: Sendable, Hashable {
    public var kind: SwarmEvent.Kind
    public var issue: IssueReference?
    public var run: RunID?
    public var agent: AgentName?
    public var text: String

    public init(
        _ kind: SwarmEvent.Kind, issue: IssueReference? = nil, run: RunID? = nil,
        agent: AgentName? = nil, text: String
    ) {
        self.kind = kind
        self.issue = issue
        self.run = run
        self.agent = agent
        self.text = text
    }
}

/// How far a repository was read.
public struct TrackerCursor: Sendable, Hashable {
    /// The newest change that was dealt with, in the tracker's time.
    public var changes: Timestamp
    /// The newest comment that was dealt with, in the tracker's time.
    public var comments: Timestamp

    public init(changes: Timestamp, comments: Timestamp) {
        self.changes = changes
        self.comments = comments
    }
}
