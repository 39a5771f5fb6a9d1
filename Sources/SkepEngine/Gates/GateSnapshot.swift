public import SkepCore
internal import SkepQueue

extension GateKeeper {
    /// What counts are asked of: read once for many demands.
    ///
    /// Whoever opens a run tells it (`count`), so that the next demand sees it.
    public struct Snapshot: Sendable {
        /// All open runs.
        public private(set) var openRuns: [RunSummary] = []
        /// All open pull requests of runs.
        public let pullRequests: [PublishedPullRequest]
        /// What the tracker said already.
        let answers: TrackerAnswers

        private var runsByIssue: [IssueReference: [RunSummary]] = [:]
        private var countByRepository: [RepositoryName: Int] = [:]
        private var countByAgent: [AgentName: Int] = [:]
        private let holds: [ProviderAccount: AccountHold]
        private let pullRequestsByIssue: [IssueReference: [PublishedPullRequest]]

        init(
            openRuns: [RunSummary], pullRequests: [PublishedPullRequest],
            holds: [AccountHold] = [], answers: TrackerAnswers
        ) {
            self.holds = Dictionary(
                holds.map { ($0.account, $0) }, uniquingKeysWith: { first, _ in first })
            self.pullRequests = pullRequests
            self.answers = answers
            pullRequestsByIssue = Dictionary(grouping: pullRequests, by: \.issue)
            for run in openRuns { count(run) }
        }

        public mutating func count(_ run: RunSummary) {
            openRuns.append(run)
            runsByIssue[run.run.issue, default: []].append(run)
            countByRepository[run.run.issue.repository, default: 0] += 1
            countByAgent[run.run.agent, default: 0] += 1
        }

        public func openRuns(on issue: IssueReference) -> [RunSummary] {
            runsByIssue[issue] ?? []
        }

        /// Open ones.
        public func pullRequests(on issue: IssueReference) -> [PublishedPullRequest] {
            pullRequestsByIssue[issue] ?? []
        }

        /// What an account waits for.
        func hold(of account: ProviderAccount) -> AccountHold? { holds[account] }

        func count(of agent: AgentName) -> Int { countByAgent[agent] ?? 0 }
        func count(in repository: RepositoryName) -> Int { countByRepository[repository] ?? 0 }
    }

    public func snapshot() async throws -> Snapshot {
        try await snapshot(with: TrackerAnswers())
    }

    /// - Parameter answers: What the tracker said before, and still counts.
    func snapshot(with answers: TrackerAnswers) async throws -> Snapshot {
        Snapshot(
            openRuns: try await parts.store.runs(
                matching: RunFilter(openOnly: true, limit: 100_000)),
            pullRequests: try await parts.store.pullRequests(
                matching: PullRequestFilter(states: [.open], limit: 100_000)),
            holds: try await parts.store.accountHolds(), answers: answers)
    }
}
