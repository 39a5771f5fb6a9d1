internal import SkepQueue

/// The morning report of a burn-down: what became of each issue of its plan. Facts in, Markdown out
/// that reads well on the tracker and in a terminal.
public struct BurndownReport: Sendable, Hashable {
    /// An issue of the plan with what is known of it.
    public struct Entry: Sendable, Hashable {
        public var item: BurndownItem
        /// `nil` when it wasn't started.
        public var run: RunSummary?
        /// As the tracker shows it now.
        public var pullRequest: PublishedPullRequest?
        /// Whose review of the pull request was asked for.
        public var reviewers: [LoginName]
        /// The newest results at the published head, one of each command.
        public var checks: [CheckResult]
        /// What its agent asked, where that isn't answered.
        public var question: Question?
        /// How long its sessions took together.
        public var sessionTime: Duration

        public init(
            _ item: BurndownItem, run: RunSummary? = nil,
            pullRequest: PublishedPullRequest? = nil, reviewers: [LoginName] = [],
            checks: [CheckResult] = [], question: Question? = nil, sessionTime: Duration = .zero
        ) {
            self.item = item
            self.run = run
            self.pullRequest = pullRequest
            self.reviewers = reviewers
            self.checks = checks
            self.question = question
            self.sessionTime = sessionTime
        }
    }

    /// When it was, by the clocks of a time zone.
    public struct Window: Sendable, Hashable {
        /// "2026-03-27".
        public var day: String
        /// "2026-03-27 22:00".
        public var from: String
        /// "2026-03-28 06:03".
        public var to: String
        /// "Europe/Berlin".
        public var timeZone: String
        public var length: Duration

        public init(day: String, from: String, to: String, timeZone: String, length: Duration) {
            self.day = day
            self.from = from
            self.to = to
            self.timeZone = timeZone
            self.length = length
        }
    }

    public let burndown: Burndown
    public let window: Window
    /// In the order of the plan.
    public let entries: [Entry]

    public init(_ burndown: Burndown, window: Window, entries: [Entry]) {
        self.burndown = burndown
        self.window = window
        self.entries = entries
    }

    /// What became of an issue; each belongs under one heading.
    public enum Fate: Sendable, Hashable, CaseIterable {
        case needsReview, merged, closedUnmerged, asks, underWay, failed, noChanges, stopped
        case notStarted, skipped
    }

    /// One line for a list of issues: "Burn-down 3 of 2026-03-27: 6 to review, 2 failed".
    public var title: String {
        let parts = summaryParts
        return "Burn-down \(burndown.id) of \(window.day)"
            + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
    }

    /// The report without a heading: a tracker shows the title by itself.
    public var body: String {
        ([opening] + Fate.allCases.compactMap(section) + [agentTable])
            .compactMap { $0 }.joined(separator: "\n\n")
    }

    /// The report as a file.
    public var text: String { "# \(title)\n\n\(body)\n" }

    func entries(of fate: Fate) -> [Entry] { entries.filter { $0.fate == fate } }

    /// Short, the most important first: what people have to do.
    private var summaryParts: [String] {
        let words: [(Fate, String)] = [
            (.needsReview, "to review"), (.asks, "waiting for an answer"), (.merged, "merged"),
            (.failed, "failed"), (.stopped, "stopped"), (.noChanges, "without changes"),
            (.closedUnmerged, "closed unmerged"), (.underWay, "under way"),
            (.notStarted, "not started"),
        ]
        return words.compactMap { fate, word in
            let count = entries(of: fate).count
            return count == 0 ? nil : "\(count) \(word)"
        }
    }

    private var opening: String {
        let started = entries.count { $0.run != nil }
        let planned = started + entries(of: .notStarted).count
        let skipped = entries(of: .skipped).count
        let startedWords =
            planned == started
            ? "\(ReportText.count(started, "issue")) started"
            : "\(started) of \(ReportText.count(planned, "issue")) started"
        let parts = summaryParts.filter { !$0.hasSuffix("not started") }
        let sessions = entries.reduce(Duration.zero) { $0 + $1.sessionTime }
        let repositories = burndown.settings.repositories.map(\.description)
        var lines = [
            "**\(startedWords)**" + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
                + (skipped == 0 ? "." : "; \(ReportText.count(skipped, "issue")) skipped.")
        ]
        lines.append(
            "From \(window.from) to \(window.to) (\(window.timeZone)) in "
                + "\(repositories.joined(separator: ", ")): \(window.length.hoursAndMinutes), with "
                + "\(sessions.hoursAndMinutes) of agents' sessions.")
        if let reason = burndown.closingReason {
            lines.append("Nothing more was started: \(Self.plain(reason)).")
        }
        return lines.joined(separator: "\n")
    }
}

extension BurndownReport.Entry {
    public var fate: BurndownReport.Fate {
        guard let run else { return item.decision == .skipped ? .skipped : .notStarted }
        switch run.state {
        case .queued, .working, .waiting: return question == nil ? .underWay : .asks
        case .noChanges, .chosen: return .noChanges
        case .failed: return .failed
        case .cancelled: return .stopped
        case .published:
            switch pullRequest?.state {
            case .open, nil: return .needsReview
            case .merged: return .merged
            case .closed: return .closedUnmerged
            }
        }
    }
}

extension Duration {
    /// "8 h 3 min", "12 min", "less than a minute".
    fileprivate var hoursAndMinutes: String {
        let minutes = wholeMinutes
        if minutes == 0 { return "less than a minute" }
        return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }

    var wholeMinutes: Int64 { components.seconds / 60 }
}
