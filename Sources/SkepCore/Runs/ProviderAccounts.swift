public import SkepQueue

/// Keeps which provider accounts wait, and what sessions used. A part of `SwarmStore`.
public protocol AccountStore: Sendable {
    /// The accounts that wait, the oldest first.
    func accountHolds() async throws -> [AccountHold]

    /// Says how many sessions accounts may have at once; those that aren't named as many as there
    /// are. What waits goes on where there is a place now.
    ///
    /// - Parameter agents: With which account each works, to count sessions that run since before
    ///   accounts were counted.
    func setPlaces(
        _ places: [ProviderAccount: Int], of agents: [AgentName: ProviderAccount]
    ) async throws

    /// How an account stands, and who has its places.
    func use(of account: ProviderAccount) async throws -> AccountUse

    /// Asks for leave to start a session with an account: the job then has one of the account's
    /// places, until its lease and its session have ended, whatever ends them. The next that waits for
    /// a place goes on at once then.
    ///
    /// Where the account is parked and its time has come, one job at a time gets leave, to try
    /// whether it works again; asked by the same job again it is given again.
    ///
    /// - Returns: `nil`: go on; else what the job waits for.
    func claim(_ account: ProviderAccount, for lease: LeaseToken) async throws -> AccountPause?

    /// Has an account wait no more, and what waits for it go on: a person says that it works again.
    func lift(_ account: ProviderAccount) async throws

    /// What sessions used together: those that have ended, and those that run as far as is known.
    ///
    /// - Parameters:
    ///   - session: Not this one.
    ///   - now: Up to when the time of those that run is counted; `nil`: not at all.
    func usage(of scope: UsageScope, besides session: SessionID?, at now: Timestamp?) async throws
        -> UsageSum

    /// Writes down what a running session has used and printed so far; that it uses something shows
    /// that its account works. One that is settled keeps what it has.
    ///
    /// - Parameters:
    ///   - usage: `nil`: it hasn't said yet.
    ///   - outputBytes: What it has printed.
    func note(
        _ usage: Usage?, outputBytes: Int64, of session: SessionID, with account: ProviderAccount,
        by lease: LeaseToken
    ) async throws

    /// Writes down how a running session is confined.
    func note(_ sandbox: SandboxReport, of session: SessionID, by lease: LeaseToken) async throws
}

extension AccountStore {
    public func usage(of scope: UsageScope, at now: Timestamp? = nil) async throws -> UsageSum {
        try await usage(of: scope, besides: nil, at: now)
    }
}

/// A provider account that waits: nothing is started with it.
public struct AccountHold: Sendable, Hashable {
    public let account: ProviderAccount
    public let type: FailureType
    /// When it is tried again.
    public let until: Timestamp
    /// When it began to wait.
    public let since: Timestamp
    /// In how many sessions in a row it didn't work.
    public let failures: Int
    public let message: String
    public let evidence: [FailureEvidence]
    /// The job that tries now whether it works again.
    public let triedBy: JobID?

    public init(
        account: ProviderAccount, type: FailureType, until: Timestamp, since: Timestamp,
        failures: Int, message: String, evidence: [FailureEvidence], triedBy: JobID? = nil
    ) {
        self.account = account
        self.type = type
        self.until = until
        self.since = since
        self.failures = failures
        self.message = message
        self.evidence = evidence
        self.triedBy = triedBy
    }

    /// How long the others wait for the job that tries whether the account works again, should it end
    /// without having shown it.
    public static let trialWait = Duration.seconds(300)

    /// When an account is tried again that stopped working just now: at its reset time, where that
    /// was told; else ever later, from five minutes to two hours. A login that is missing is not
    /// mended by waiting, so it is tried every two hours only.
    ///
    /// - Parameter failures: In how many sessions in a row it didn't work, this one counted.
    public static func end(of failure: AgentFailure, failures: Int, now: Timestamp) -> Timestamp {
        let longest = Duration.seconds(2 * 3600)
        if failure.type == .authentication { return now + longest }
        if let reset = failure.resetsAt, reset > now { return reset }
        return now + min(.seconds(300 << min(max(failures - 1, 0), 10)), longest)
    }
}

extension AccountHold {
    /// "account claude-max is out of quota".
    public var words: String { "account \(account.rawValue) is \(type.words)" }

    /// Whether nothing is started with the account: its time isn't over, or a job tries it just now.
    public func isInForce(at now: Timestamp) -> Bool { until > now || triedBy != nil }
}

/// Whether a session showed that its provider account works.
public enum AccountVerdict: Sendable, Hashable {
    case works(ProviderAccount)
    /// It has to wait.
    case fails(ProviderAccount, AgentFailure)
}

/// Whose usage is added up.
public enum UsageScope: Sendable, Hashable {
    case run(RunID)
    /// All runs of an agent on an issue, its reviews included.
    case issue(IssueReference, AgentName)
    /// All sessions of an agent that ended in `from..<to`, or run now.
    case period(AgentName, from: Timestamp, to: Timestamp)
}

/// What several sessions used together.
public struct UsageSum: Sendable, Hashable {
    /// Its cost is that of the sessions whose cost is known; `nil` when none is.
    public var usage: Usage
    /// Their lengths together.
    public var time: Duration
    /// What they have printed.
    public var outputBytes: Int64
    public var sessions: Int
    /// Those whose cost nobody knows.
    public var sessionsWithoutCost: Int

    public init(
        usage: Usage = Usage(), time: Duration = .zero, outputBytes: Int64 = 0, sessions: Int = 0,
        sessionsWithoutCost: Int = 0
    ) {
        self.usage = usage
        self.time = time
        self.outputBytes = outputBytes
        self.sessions = sessions
        self.sessionsWithoutCost = sessionsWithoutCost
    }

    public static func + (left: UsageSum, right: UsageSum) -> UsageSum {
        UsageSum(
            usage: left.usage + right.usage, time: left.time + right.time,
            outputBytes: left.outputBytes + right.outputBytes,
            sessions: left.sessions + right.sessions,
            sessionsWithoutCost: left.sessionsWithoutCost + right.sessionsWithoutCost)
    }
}
