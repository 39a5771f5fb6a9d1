public import SkepCore

/// What the operator says about dispatching, for all workflows.
public struct DispatchSettings: Sendable, Hashable {
    /// The repositories that are worked on.
    public var repositories: [RepositoryName]
    /// Who may ask beside those who can write to the repository.
    public var allowedUsers: Set<LoginName>
    /// How many runs may be open at once; `nil`: as many as there are.
    public var maxRuns: Int?
    public var maxRunsPerRepository: Int?
    public var maxRunsPerAgent: Int?
    /// With so many open pull requests of agents nothing new is started; people review first.
    public var maxPullRequests: Int?
    /// The priority that a label gives; the largest counts.
    public var priorities: [String: Int]
    /// Who is asked what agents want to know; nobody named: the issue's author.
    public var ask: [LoginName]
    /// The label of issues on which a question waits for its answer.
    public var questionLabel: String

    public init(
        repositories: [RepositoryName] = [], allowedUsers: Set<LoginName> = [],
        maxRuns: Int? = nil, maxRunsPerRepository: Int? = nil, maxRunsPerAgent: Int? = nil,
        maxPullRequests: Int? = nil, priorities: [String: Int] = Self.standardPriorities,
        ask: [LoginName] = [], questionLabel: String = Self.standardQuestionLabel
    ) {
        self.repositories = repositories
        self.allowedUsers = allowedUsers
        self.maxRuns = maxRuns
        self.maxRunsPerRepository = maxRunsPerRepository
        self.maxRunsPerAgent = maxRunsPerAgent
        self.maxPullRequests = maxPullRequests
        self.priorities = priorities
        self.ask = ask
        self.questionLabel = questionLabel
    }

    public static let standardQuestionLabel = "needs-input"

    public static let standardPriorities = [
        "priority/critical": 30, "priority/high": 20, "priority/medium": 10, "priority/low": -10,
    ]

    /// Who is asked a question on an issue.
    public func asked(on issue: Issue) -> [LoginName] { ask.isEmpty ? [issue.author] : ask }

    /// The priority of an issue by its labels.
    public func priority(of issue: Issue) -> Int {
        issue.labels.compactMap { priorities[$0] }.max() ?? 0
    }
}
