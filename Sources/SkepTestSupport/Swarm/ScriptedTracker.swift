public import SkepCore
public import SkepQueue
internal import Synchronization

/// A tracker in memory: what a test puts into it, and what was posted. Can be told to refuse.
///
/// It has Gitea's habits where an engine could stumble over them: times in whole seconds, pull
/// requests among changes, no label that wasn't made before, no verdict on one's own pull request.
public final class ScriptedTracker: Tracker {
    /// What all accounts see; one of it, however many are signed in.
    final class World: Sendable {
        let state = Mutex(State())
        let elsewhere = Mutex<(@Sendable () async throws -> Void)?>(nil)
    }

    let world: World
    let clock: any Clock
    /// Who asks.
    let login: LoginName

    public init(clock: any Clock) {
        world = World()
        self.clock = clock
        login = "skep"
    }

    private init(_ other: ScriptedTracker, login: LoginName) {
        world = other.world
        clock = other.clock
        self.login = login
    }

    /// The account named in `State.accounts`, or the one whose name is the token's text.
    public func signedIn(with token: Secret) -> any Tracker {
        let known = world.state.withLock { $0.accounts[token] }
        return ScriptedTracker(self, login: known ?? LoginName(rawValue: token.value))
    }

    /// Changes anything. What differs afterwards counts as changed now, unless it says when.
    public func change<R: Sendable>(_ body: (inout State) throws -> R) rethrows -> R {
        try world.state.withLock { state in
            let before = state
            let result = try body(&state)
            state.touch(whatDiffersFrom: before, at: now)
            return result
        }
    }

    /// Has something happen elsewhere while it is asked for dependencies the next time: what is decided by
    /// the answer was looked at before.
    public func meanwhile(_ happens: @escaping @Sendable () async throws -> Void) {
        world.elsewhere.withLock { $0 = happens }
    }

    func letHappen() async throws {
        let happens = world.elsewhere.withLock { happens in
            defer { happens = nil }
            return happens
        }
        try await happens?()
    }

    /// What there is, to look at.
    public var state: State { world.state.withLock { $0 } }

    /// Calls so far by the method's name, of all accounts; "commentsSince" and "postReview" are
    /// counted apart from "comments" and "post". Refused ones count.
    public var calls: [String: Int] { world.state.withLock { $0.calls } }

    /// Gitea's times are whole seconds.
    var now: Timestamp { State.wholeSecond(clock.now) }

    /// Counts a call, refuses it if it should be, and has it done.
    func access<R: Sendable>(_ call: String, _ body: (inout State) throws -> R) throws -> R {
        try world.state.withLock { state in
            state.calls[call, default: 0] += 1
            if let failure = state.failures[call] ?? state.failure { throw failure }
            return try body(&state)
        }
    }

    // MARK: What it is

    public func probe() async throws -> TrackerProbe {
        try access("probe") { _ in
            TrackerProbe(product: "Scripted", version: "1", login: login)
        }
    }

    public func repository(_ name: RepositoryName) async throws -> TrackerRepository {
        try access("repository") { state in
            var name = name
            if let known = state.repositories {
                guard let found = known.first(where: { $0 == name }) else {
                    throw ScriptedRefusal(kind: .conflict, what: "There is no \(name)")
                }
                name = found
            }
            return TrackerRepository(
                name: name, defaultBranch: "main", cloneURL: "http://tracker.test/\(name).git",
                isEmpty: false, isArchived: false, canPush: true, url: "http://tracker.test/\(name)"
            )
        }
    }

    public func rights(in repository: RepositoryName) async throws -> [TrackerRight] {
        try access("rights") { $0.rights }
    }

    public func canWrite(_ user: LoginName, to repository: RepositoryName) async throws -> Bool {
        try access("canWrite") { $0.writers?.contains(user) ?? true }
    }

    public func gitAccess(to repository: RepositoryName) async throws -> GitAccess {
        try access("gitAccess") { _ in GitAccess(remote: "http://tracker.test/\(repository).git") }
    }
}

/// A refusal a test asked for.
public struct ScriptedRefusal: SkepError, Hashable {
    public let kind: ErrorKind
    public let what: String

    public init(kind: ErrorKind, what: String) {
        self.kind = kind
        self.what = what
    }
}

extension RepositoryName {
    /// The repository of scripted tests: "acme/widgets".
    public static let sample = RepositoryName("acme/widgets")!  // It is of the form owner/name.
}

extension CommitID {
    /// A commit's name made of one repeated digit or letter.
    public static func sample(_ digit: Character) -> CommitID {
        CommitID(rawValue: String(repeating: digit, count: 40))!  // Callers pass 0-9 or a-f.
    }
}
