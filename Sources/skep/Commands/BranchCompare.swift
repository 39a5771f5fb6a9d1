import ArgumentParser
import SkepCore
import SkepQueue
import SkepStore

struct BranchCompare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare what several agents made of one issue",
        discussion: """
            Shows the newest run of each agent: how it ended, its checks, its size, how long its \
            sessions took, and what reviewers said. On the tracker "/skep pick AGENT" in a comment \
            chooses one, and merging a pull request closes the others.

            Example: skep branch compare 12
            """)

    @Argument(help: "The issue.")
    var issue: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let reference = try IssueArgument.parse(issue, from: common.layers())
        let compared = try await Branches(common).compared(on: reference)
        let console = common.console()
        guard !compared.isEmpty else {
            throw ProgramError(
                .conflict, "No agent has worked on \(reference).",
                advice: "\"skep dispatch \(reference.number) --to claude,codex\" lets two begin.")
        }
        if console.isJSON { return console.show(.list(compared.map(\.json))) }
        console.show(compared.table(SystemClock().now))
        let overlapping = ComparedBranch.sharedPaths(compared)
        if !overlapping.isEmpty {
            console.heading("Files that more than one changed")
            for path in overlapping { console.output.line(PlainText.line(path)) }
        }
    }
}

/// An agent's newest run on an issue, with what can be compared.
struct ComparedBranch {
    let made: MadeBranch
    let history: RunHistory
    let pullRequest: PublishedPullRequest?

    /// Checks at the run's head, by their newest result.
    private var checks: [CheckResult] {
        var newest: [String: CheckResult] = [:]
        for check in history.checks where check.commit == made.summary.run.head {
            newest[check.command] = check
        }
        return newest.values.sorted { $0.command < $1.command }
    }

    /// "passed (212 tests)", "1 of 2 failed", "-".
    var checksText: String {
        guard !checks.isEmpty else { return "-" }
        let failed = checks.filter { !$0.hasPassed }.count
        let counts = checks.compactMap(\.tests)
        let tests = counts.reduce(0) { $0 + $1.passed + $1.failed }
        let suffix = counts.isEmpty ? "" : " (\(Phrase.count(tests, "test")))"
        return (failed == 0 ? "passed" : "\(failed) of \(checks.count) failed") + suffix
    }

    /// What reviewers said of the head: "codex approved, kimi changes requested".
    var reviewsText: String {
        let words = reviews.map { review in
            "\(review.reviewer) \(review.verdict.words)"
        }
        return words.isEmpty ? "-" : words.joined(separator: ", ")
    }

    private var reviews: [ReviewRecord] {
        history.reviews.filter { $0.commit == made.summary.run.head }
    }

    /// How long sessions took, all together; those that run are counted up to now.
    func sessionTime(_ now: Timestamp) -> Duration {
        history.sessions.reduce(.zero) { $0 + (($1.endedAt ?? now) - $1.startedAt) }
    }

    /// Paths that at least two have changed.
    static func sharedPaths(_ branches: [ComparedBranch]) -> [String] {
        var counts: [String: Int] = [:]
        for branch in branches {
            for path in Set(branch.made.comparison?.paths ?? []) { counts[path, default: 0] += 1 }
        }
        return counts.filter { $0.value > 1 }.keys.sorted()
    }

    var json: JSON {
        guard case .object(let members) = made.json else { return .null }
        let milliseconds = history.sessions.reduce(Int64(0)) { sum, session in
            sum + (session.endedAt.map { $0 - session.startedAt } ?? .zero).milliseconds
        }
        return .object(
            members + [
                .init(key: "outcome", value: .text(made.summary.state.word)),
                .init(key: "closing_detail", value: .optional(made.summary.run.closing?.detail)),
                .init(key: "checks", value: .list(checks.map(\.json))),
                .init(key: "reviews", value: .list(reviews.map(\.json))),
                .init(key: "session_ms", value: .number(milliseconds)),
                .init(key: "pull_request_state", value: .name(pullRequest?.state)),
                .init(key: "verdict_of_people", value: .name(pullRequest?.verdict)),
            ])
    }
}

extension [ComparedBranch] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .flexible("AGENT"), .fixed("RUN"), .flexible("OUTCOME"), .fixed("CHECKS"),
            .whole("FILES"), .fixed("CHANGE"), .whole("TIME"), .flexible("REVIEWS"),
            .whole("PULL REQUEST"),
        ])
        for branch in self {
            let summary = branch.made.summary
            let pull = branch.pullRequest.map { "#\($0.reference.number) \($0.state.rawValue)" }
            table.add([
                summary.run.agent.rawValue, "\(summary.run.id)", summary.state.words(now),
                branch.checksText, branch.made.comparison.map { "\($0.filesChanged)" } ?? "-",
                branch.made.change, TimeText.short(branch.sessionTime(now)), branch.reviewsText,
                pull ?? "-",
            ])
        }
        return table
    }
}
