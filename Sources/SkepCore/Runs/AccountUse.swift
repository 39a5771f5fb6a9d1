public import SkepQueue

/// How a provider account stands: whether it is parked, and who has its places.
public struct AccountUse: Sendable, Hashable {
    public let account: ProviderAccount
    /// `nil`: it isn't parked.
    public let hold: AccountHold?
    /// How many sessions it may have at once; `nil`: as many as there are.
    public let places: Int?
    /// The runs that have its places, once for each.
    public let runs: [RunID]

    public init(account: ProviderAccount, hold: AccountHold?, places: Int?, runs: [RunID]) {
        self.account = account
        self.hold = hold
        self.places = places
        self.runs = runs
    }

    /// Why nothing is started with it; `nil`: something may be.
    public func pause(at now: Timestamp) -> AccountPause? {
        if let hold, hold.isInForce(at: now) { return .hold(hold) }
        if let places, runs.count >= places {
            return .full(account, sessions: runs.count, places: places)
        }
        return nil
    }

    /// How many sessions may be started with it: one where it is parked and its time has come.
    public func free(at now: Timestamp) -> Int {
        guard pause(at: now) == nil else { return 0 }
        return hold == nil ? places.map { $0 - runs.count } ?? .max : 1
    }
}

/// Why nothing is started with an account now.
public enum AccountPause: Sendable, Hashable {
    case hold(AccountHold)
    /// It has as many sessions as it may have, or more.
    case full(ProviderAccount, sessions: Int, places: Int)

    /// How long a job waits at most for a place before it looks again: it is woken when one is free.
    public static let longestWait = Duration.seconds(900)

    /// When a job looks again that isn't woken before.
    public func end(seenFrom now: Timestamp) -> Timestamp {
        switch self {
        case .hold(let hold): hold.until > now ? hold.until : now + AccountHold.trialWait
        case .full: now + Self.longestWait
        }
    }

    public var words: String {
        switch self {
        case .hold(let hold): hold.words + (hold.triedBy == nil ? "" : ", and tried again now")
        case .full(let account, let sessions, let places):
            "account \(account.rawValue) has \(sessions) of \(places) sessions"
        }
    }
}
