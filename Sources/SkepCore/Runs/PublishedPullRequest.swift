public import SkepQueue

/// A pull request that a run opened, as the tracker showed it last.
public struct PublishedPullRequest: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable, Codable {
        case open, merged, closed
    }

    public let reference: IssueReference
    public let issue: IssueReference
    /// The newest run that pushed to it.
    public let run: RunID
    public let agent: AgentName
    public let branch: BranchName
    public let url: String
    public var state: State
    public var head: CommitID?
    public var isMergeable: Bool?
    /// What people say: the newest verdicts that count.
    public var verdict: Verdict?
    /// How its commit statuses stand together; `nil` when there are none.
    public var checks: CommitStatus.State?
    /// How often it went back to its agent.
    public var rounds: Int
    public var seenAt: Timestamp

    public init(
        reference: IssueReference, issue: IssueReference, run: RunID, agent: AgentName,
        branch: BranchName, url: String, state: State, head: CommitID?, isMergeable: Bool?,
        verdict: Verdict?, checks: CommitStatus.State?, rounds: Int, seenAt: Timestamp
    ) {
        self.reference = reference
        self.issue = issue
        self.run = run
        self.agent = agent
        self.branch = branch
        self.url = url
        self.state = state
        self.head = head
        self.isMergeable = isMergeable
        self.verdict = verdict
        self.checks = checks
        self.rounds = rounds
        self.seenAt = seenAt
    }
}

/// A question an agent asked a person. Its run waits for the answer.
public struct Question: Sendable, Hashable {
    public let run: RunID
    public let issue: IssueReference
    public let agent: AgentName
    public let text: String
    public let askedAt: Timestamp
    /// Whom.
    public var asked: [LoginName]
    /// Where it stands; `nil` while it isn't posted.
    public let commentURL: String?

    public init(
        run: RunID, issue: IssueReference, agent: AgentName, text: String, askedAt: Timestamp,
        asked: [LoginName] = [], commentURL: String? = nil
    ) {
        self.asked = asked
        self.commentURL = commentURL
        self.run = run
        self.issue = issue
        self.agent = agent
        self.text = text
        self.askedAt = askedAt
    }
}

/// A question of a run with what was answered.
public struct AnsweredQuestion: Sendable, Hashable {
    public let question: Question
    /// `nil` while it waits.
    public let answer: String?
    public let answeredBy: LoginName?
    public let answeredAt: Timestamp?

    public init(
        question: Question, answer: String?, answeredBy: LoginName?, answeredAt: Timestamp?
    ) {
        self.question = question
        self.answer = answer
        self.answeredBy = answeredBy
        self.answeredAt = answeredAt
    }
}

/// What one reviewer said of a run's head.
public struct ReviewRecord: Sendable, Hashable {
    public let reviewer: AgentName
    public let commit: CommitID
    /// The round of the review step.
    public let round: Int
    public let verdict: Verdict
    public let summary: String
    public let findings: [Finding]

    public init(
        reviewer: AgentName, commit: CommitID, round: Int, verdict: Verdict, summary: String,
        findings: [Finding]
    ) {
        self.reviewer = reviewer
        self.commit = commit
        self.round = round
        self.verdict = verdict
        self.summary = summary
        self.findings = findings
    }
}
