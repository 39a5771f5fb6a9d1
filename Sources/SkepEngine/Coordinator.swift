internal import Logging
public import SkepCore
public import SkepQueue

/// Reads the tracker, and opens runs for what asks for work. Writes nothing there.
///
/// Each repository is asked for what changed since the last time; a whole listing is the net, at
/// the start and once in a while. What asks for work becomes a row before the tracker's time is
/// moved on; waiting rows are answered in each pass, the most urgent first, when their gates are
/// open.
public actor Coordinator {
    let parts: SwarmParts
    let settings: Settings
    let readers: [RepositoryName: RepositoryReader]
    /// The order in which repositories are looked at.
    let repositories: [RepositoryName]
    let answerer: DemandAnswerer
    nonisolated let hints: HintBox
    /// Since when repositories can't be read, and why.
    var troubles: [RepositoryName: RepositoryTrouble] = [:]
    /// How many passes in a row found the tracker out of reach.
    var vainPasses = 0

    /// The label that keeps an issue from being dispatched.
    public static let holdLabel = "skep/hold"
    /// "agent/claude" asks for claude.
    public static let agentLabelPrefix = "agent/"

    public struct Settings: Sendable, Hashable {
        /// From the end of one pass to the beginning of the next. 30 s by default.
        public var interval: Duration
        /// How often all open issues are listed, as a net under the changes. One hour by default.
        public var resweepInterval: Duration
        /// How often pull requests are looked at of which the tracker says no change. Five minutes
        /// by default.
        public var feedbackInterval: Duration
        /// How many repositories are asked for at once. 4 by default.
        public var concurrency: Int

        public init(
            interval: Duration = .seconds(30), resweepInterval: Duration = .seconds(3600),
            feedbackInterval: Duration = .seconds(300), concurrency: Int = 4
        ) {
            self.interval = interval
            self.resweepInterval = resweepInterval
            self.feedbackInterval = feedbackInterval
            self.concurrency = concurrency
        }
    }

    /// - Parameter interval: From the end of one pass to the beginning of the next.
    public init(
        _ parts: SwarmParts, repositories: [RepositoryName], interval: Duration = .seconds(30)
    ) {
        self.init(parts, repositories: repositories, settings: Settings(interval: interval))
    }

    public init(_ parts: SwarmParts, repositories: [RepositoryName], settings: Settings) {
        self.parts = parts
        self.repositories = repositories
        self.settings = settings
        let answers = TrackerAnswers()
        readers = Dictionary(
            repositories.map {
                ($0, RepositoryReader(parts, repository: $0, settings: settings, answers: answers))
            }, uniquingKeysWith: { first, _ in first })
        answerer = DemandAnswerer(parts, answers: answers)
        hints = HintBox()
    }

    /// Says that something happened in a repository: it is looked at at once.
    ///
    /// May be called from anywhere, as often as one likes: what comes together costs one pass.
    ///
    /// - Parameter issue: The issue or pull request it happened to, where that is known.
    public nonisolated func hint(_ repository: RepositoryName, issue: Int? = nil) {
        guard readers[repository] != nil else { return }
        hints.add(repository, issue)
    }

    /// Passes over the repositories again and again, until it is cancelled.
    ///
    /// The first pass is at once. While the tracker is out of reach the passes grow rarer.
    public func run() async throws {
        var nextTick = parts.clock.uptime
        var nextHinted = parts.clock.uptime
        var hintInterval = Self.hintInterval
        while true {
            try Task.checkCancellation()
            let now = parts.clock.uptime
            if now >= nextTick {
                _ = await pass(over: repositories, hints.take())
                hintInterval = Self.hintInterval
                nextTick = parts.clock.uptime + tickDelay
            } else if hints.isWaiting, now >= nextHinted {
                let hinted = hints.take()
                let found = await pass(over: hinted.keys.sorted(), hinted)
                // A storm that tells nothing new is looked into more and more rarely.
                hintInterval =
                    found.isVain
                    ? min(hintInterval * 2, Self.longestHintInterval) : Self.hintInterval
                nextHinted = now + hintInterval
            } else {
                var pass = CoordinatorPass()
                await answer(&pass)
            }
            try Task.checkCancellation()
            try await rest(until: nextTick, hintedFrom: nextHinted)
        }
    }

    /// Looks once at every repository. One that can't be read doesn't stop the others, and one
    /// issue that can't be dispatched doesn't stop its neighbours.
    public func pass() async -> CoordinatorPass {
        await pass(over: repositories, hints.take())
    }

    /// Since when repositories can't be read; empty when all is well.
    public var unreadable: [RepositoryName: Timestamp] { troubles.mapValues(\.since) }

    // MARK: Waiting

    /// From one pass for hints to the next, as long as they tell something new; twice as long after
    /// each one that found nothing.
    private static let hintInterval = Duration.milliseconds(500)
    private static let longestHintInterval = Duration.seconds(30)
    private static let longestDelay = Duration.seconds(600)

    private var tickDelay: Duration {
        guard vainPasses > 0 else { return settings.interval }
        let grown = settings.interval * Int(1 << min(vainPasses, 10))
        return max(settings.interval, min(grown, Self.longestDelay))
    }

    /// Sleeps until the next pass, a hint, or the time at which a gate opens.
    private func rest(until nextTick: Duration, hintedFrom nextHinted: Duration) async throws {
        let now = parts.clock.uptime
        var length = nextTick - now
        if let due = answerer.nextDue {
            // Never shorter than a moment: a wall clock that stands must not make this spin.
            length = min(length, max(due - parts.clock.now, .seconds(1)))
        }
        if hints.isWaiting { length = min(length, nextHinted - now) }
        guard length > .zero else { return }
        if nextHinted > now {
            // A hint has to wait until then in any case.
            try await parts.clock.sleep(for: min(length, nextHinted - now))
        } else {
            try await hints.sleep(for: length, on: parts.clock)
        }
    }
}

/// What a pass did.
public struct CoordinatorPass: Sendable {
    public struct Failure: Sendable {
        public let repository: RepositoryName
        public let error: any Error
    }

    /// How many issues were new or listed.
    public var issues = 0
    /// How many issues and pull requests had changed.
    public var changes = 0
    public var opened: [RunID] = []
    public var failures: [Failure] = []

    /// Whether it found nothing new.
    var isVain: Bool { changes == 0 && opened.isEmpty }

    init() {}
}

/// A repository that can't be read.
struct RepositoryTrouble: Sendable {
    let since: Timestamp
    let reason: String
    /// Whether the tracker didn't answer, rather than refuse.
    let isOutOfReach: Bool
}
