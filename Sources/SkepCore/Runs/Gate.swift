public import SkepQueue

/// Something that keeps an issue from being worked on now.
///
/// One function of the engine finds them all; the dispatcher, `--dry-run` and `skep why` ask it.
public struct ShutGate: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// The issue is closed, or is a pull request.
        case closed
        /// It carries `skep/hold`.
        case hold
        /// It depends on issues that are open.
        case dependencies
        /// Somebody asked who may not.
        case permission
        /// The agent isn't there.
        case agent
        /// The agent, or for a selection any agent, has an open run on it or a pull request that
        /// waits.
        case taken
        /// So many runs are open: of the agent, the repository, or overall.
        case agentLimit = "agent_limit"
        case repositoryLimit = "repository_limit"
        case limit
        /// So many pull requests wait for people.
        case pullRequests = "pull_requests"
        /// The workflow runs at other hours.
        case hours
        /// The agent's account with its provider waits.
        case account
        /// The agent has used up what it may on the issue, or today.
        case budget
        /// What was said of its pull request is gathered for a moment before it goes back.
        case gathering
        /// It went back to the agent as often as it may.
        case rounds
        /// The tracker can't be asked.
        case tracker
    }

    public let kind: Kind
    /// What is so: "It depends on ann/larder#3, which is open."
    public let what: String
    /// What opens it: "when ann/larder#3 is closed".
    public let opens: String
    /// When it opens, where that is known.
    public let opensAt: Timestamp?

    public init(_ kind: Kind, what: String, opens: String, at opensAt: Timestamp? = nil) {
        self.kind = kind
        self.what = what
        self.opens = opens
        self.opensAt = opensAt
    }
}
