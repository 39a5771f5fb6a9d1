/// When a workflow looks for work by itself.
public struct WorkflowSchedule: Sendable, Hashable {
    public enum Timing: Sendable, Hashable {
        /// A cron expression that was found to be good, in the time zone of this IANA name.
        case cron(String, timeZone: String)
        case every(Duration)
    }

    /// What becomes of ticks that nobody was there for.
    public enum Missed: String, Sendable, Hashable, CaseIterable {
        case skip
        /// However many they were, one is made up for.
        case runOnce = "run_once"
    }

    public let timing: Timing
    public let missed: Missed
    public let location: SettingsLocation

    public init(timing: Timing, missed: Missed, location: SettingsLocation) {
        self.timing = timing
        self.missed = missed
        self.location = location
    }
}

/// Hours of the day at which something may begin.
public struct RunningHours: Sendable, Hashable {
    /// Minutes after midnight. Where the end isn't after the beginning, they go over midnight.
    public let from: Int
    public let to: Int
    /// Days on which they begin, 1 for Monday to 7 for Sunday; empty: every day.
    public let days: Set<Int>
    /// An IANA name such as "Europe/Berlin".
    public let timeZone: String

    public init(from: Int, to: Int, days: Set<Int>, timeZone: String) {
        self.from = from
        self.to = to
        self.days = days
        self.timeZone = timeZone
    }
}

/// What of a published pull request goes back to its agent.
public struct FeedbackSettings: Sendable, Hashable {
    public enum Source: String, Sendable, Hashable, CaseIterable, Codable {
        case reviews, comments, statuses, conflicts
    }

    public let sources: Set<Source>
    /// How often a pull request may go back. 3 by default.
    public let rounds: Int
    /// How long it must have been quiet before what was said goes back. One minute by default.
    public let quiet: Duration

    public init(
        sources: Set<Source> = Set(Source.allCases), rounds: Int = 3,
        quiet: Duration = .seconds(60)
    ) {
        self.sources = sources
        self.rounds = rounds
        self.quiet = quiet
    }
}

/// The burn-down that a tick of a workflow's schedule opens.
public struct BurndownTemplate: Sendable, Hashable {
    /// Without repositories: all that are configured.
    public let settings: BurndownSettings
    /// The time of day when its window closes, in minutes after midnight of `timeZone`.
    public let until: Int?
    public let timeZone: String

    public init(settings: BurndownSettings, until: Int?, timeZone: String) {
        self.settings = settings
        self.until = until
        self.timeZone = timeZone
    }
}
