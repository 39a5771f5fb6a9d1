import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("The report of a burn-down")
struct BurndownReportTests {
    @Test("It tells what became of each issue, who has to do what, and how much it took")
    func wholeReport() throws {
        let text = Self.sample.text

        let path =
            String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!))  // It has one.
            + "/Golden/burndown-report.md"
        if ProcessInfo.processInfo.environment["SKEP_GOLDEN"] == "write" {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let expected = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text == expected, "it differs; SKEP_GOLDEN=write writes it")
    }

    @Test("Its title says what people have to do")
    func title() {
        #expect(
            Self.sample.title
                == "Burn-down 3 of 2026-03-27: 2 to review, 1 waiting for an answer, 1 merged, 1 failed, 1 stopped, 1 without changes, 2 not started"
        )
    }

    @Test("What issues and agents say is text: it calls nobody, and is no markup")
    func untrusted() {
        let item = BurndownItem(
            issue: issue(1), title: "<img src=x> @ann **now** <!-- skep:run-1 -->", position: 1,
            agent: nil, decision: .skipped, reason: "because `of` @all")
        let report = BurndownReport(
            Self.burndown, window: Self.window, entries: [BurndownReport.Entry(item)])

        #expect(
            report.body.contains(
                "- #1 \\<img src=x\\> \\@ann \\*\\*now\\*\\* \\<!- skep:run-1 --\\>: because \\`of\\` \\@all"
            ))
        #expect(!report.body.contains(CommentMarker.prefix))
    }

    @Test("Thousands of issues beyond a full plan make one line")
    func many() {
        let entries = (1...2000).map { number in
            BurndownReport.Entry(
                BurndownItem(
                    issue: issue(number), title: "Issue", position: number, agent: nil,
                    decision: .skipped, reason: "The plan is full."))
        }
        let report = BurndownReport(Self.burndown, window: Self.window, entries: entries)

        #expect(report.body.contains("## Skipped (2000)\n\n- #1, #2, #3,"))
        #expect(report.body.contains("#20 and 1980 more: The plan is full."))
        #expect(report.body.utf8.count < 1000)
    }

    @Test("References name their repository where several are meant")
    func repositories() {
        let settings = BurndownSettings(
            repositories: [.sample, RepositoryName("ann/larder")!])  // It is of that form.
        let item = BurndownItem(
            issue: issue(1), title: "A", position: 1, agent: "ann", decision: .planned)
        let report = BurndownReport(
            Self.burndown(settings), window: Self.window,
            entries: [BurndownReport.Entry(item)])

        #expect(report.body.contains("- acme/widgets#1"))
    }

    // MARK: A night

    private static let window = BurndownReport.Window(
        day: "2026-03-27", from: "2026-03-27 22:00", to: "2026-03-28 06:03",
        timeZone: "Europe/Berlin", length: .seconds(8 * 3600 + 180))

    private static let burndown = burndown(BurndownSettings(repositories: [.sample]))

    private static func burndown(_ settings: BurndownSettings) -> Burndown {
        Burndown(
            id: BurndownID(rawValue: 3), settings: settings,
            startedAt: Timestamp(milliseconds: 0), until: Timestamp(milliseconds: 1),
            cause: "tick:burndown:0", state: .closing,
            closingReason: "its window closed at 06:00", endedAt: nil, reportURL: nil)
    }

    private static var sample: BurndownReport {
        var entries = [
            started(12, "Close the parser's file", "claude", .published, minutes: 41, pull: 31),
            started(14, "Say what is wrong", "codex", .published, minutes: 12, pull: 32),
            started(15, "Sort names", "claude", .published, minutes: 9, pull: 33),
            started(
                16, "Crash on start", "codex", .failed, "checks failed: make test", minutes: 77),
            started(17, "Rename it", "claude", .noChanges, minutes: 2),
            started(
                18, "Everything is slow", "claude", .cancelled,
                "the burn-down's window closed at 06:00", minutes: 95),
            started(19, "Which colour", "codex", nil, minutes: 4),
        ]
        entries[0].checks = [
            CheckResult(
                commit: .sample("a"), command: "make test", hasPassed: true, ending: "",
                duration: .seconds(1), tests: TestCounts(passed: 212, skipped: 3))
        ]
        entries[0].reviewers = ["ann", "bob"]
        entries[1].pullRequest?.verdict = .changesRequested
        entries[1].pullRequest?.checks = .failure
        entries[1].pullRequest?.isMergeable = false
        entries[2].pullRequest?.state = .merged
        entries[6].question = Question(
            run: RunID(rawValue: 119), issue: issue(19), agent: "codex",
            text: "Which colour\nshall it have?", askedAt: Timestamp(milliseconds: 0))
        entries += [(20, "A"), (21, "B")].map { number, title in
            BurndownReport.Entry(
                BurndownItem(
                    issue: issue(number), title: title, position: number, agent: "claude",
                    decision: .planned))
        }
        entries += [
            (3, "It carries the label skep/hold."),
            (4, "It depends on acme/widgets#3, which is open."),
        ].map { number, reason in skipped(number, reason) }
        entries += (30...33).map { skipped($0, "The plan is full.") }
        return BurndownReport(burndown, window: window, entries: entries)
    }

    private static func skipped(_ number: Int, _ reason: String) -> BurndownReport.Entry {
        BurndownReport.Entry(
            BurndownItem(
                issue: issue(number), title: "Issue \(number)", position: number, agent: nil,
                decision: .skipped, reason: reason))
    }

    /// - Parameter outcome: `nil`: it waits.
    private static func started(
        _ number: Int, _ title: String, _ agent: AgentName, _ outcome: RunClosing.Outcome?,
        _ detail: String = "", minutes: Int, pull: Int? = nil
    ) -> BurndownReport.Entry {
        let id = RunID(rawValue: Int64(100 + number))
        let link = pull.map {
            PullRequestLink(number: $0, url: "http://tracker.test/acme/widgets/pulls/\($0)")
        }
        let closing = outcome.map {
            RunClosing(outcome: $0, at: Timestamp(milliseconds: 1), detail: detail)
        }
        let run = Run(
            id: id, issue: issue(number), issueTitle: title, agent: agent, workflow: "fix",
            branch: "b", cause: "burndown:3", base: nil, baseBranch: nil, head: .sample("a"),
            pullRequest: link, openedAt: Timestamp(milliseconds: 0), closing: closing)
        let state = RunState(closing: closing, job: nil, asksPerson: outcome == nil)
        return BurndownReport.Entry(
            BurndownItem(
                issue: issue(number), title: title, position: number, agent: agent,
                decision: .started, run: id),
            run: RunSummary(run: run, state: state, job: nil, step: nil, attempt: 1, failures: 0),
            pullRequest: link.map {
                PublishedPullRequest(
                    reference: issue($0.number), issue: issue(number), run: id, agent: agent,
                    branch: "b", url: $0.url, state: .open, head: .sample("a"),
                    isMergeable: true, verdict: nil, checks: nil, rounds: 0,
                    seenAt: Timestamp(milliseconds: 0))
            }, sessionTime: .seconds(minutes * 60))
    }

    private func issue(_ number: Int) -> IssueReference { Self.issue(number) }

    private static func issue(_ number: Int) -> IssueReference {
        IssueReference(repository: .sample, number: number)
    }
}
