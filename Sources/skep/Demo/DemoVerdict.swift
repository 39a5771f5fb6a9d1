import SkepCore
import SkepQueue

/// What came of one of the demo's issues, held against what had to: by the tracker's facts, not by
/// what Skep's own rows say.
struct DemoVerdict: Sendable {
    let demo: DemoCase
    let summary: RunSummary
    /// What isn't as it has to be; empty when all is well.
    let complaints: [String]

    init(_ demo: DemoCase, _ summary: RunSummary, tracker: any Tracker) async throws {
        self.demo = demo
        self.summary = summary
        let run = summary.run
        var complaints: [String] = []
        let outcome = run.closing?.outcome
        if outcome != demo.outcome {
            complaints.append(
                "it is \(outcome?.rawValue ?? "open") and had to be \(demo.outcome.rawValue)")
        }
        if let detail = run.closing?.detail, !detail.contains(demo.reason) {
            complaints.append("the reason is \"\(detail)\", without \"\(demo.reason)\"")
        }

        let markers = try await tracker.comments(on: run.issue)
            .flatMap { $0.body.split(separator: "\n") }
            .filter { $0.hasPrefix(CommentMarker.prefix) }
        if markers.count != Set(markers).count { complaints.append("a comment stands there twice") }
        if markers.count < 3 { complaints.append("comments are missing") }

        if demo.outcome == .published {
            if let link = run.pullRequest {
                let pull = try await tracker.pullRequest(
                    IssueReference(repository: run.issue.repository, number: link.number))
                if pull.head != run.branch || pull.headCommit != run.head {
                    complaints.append("pull request \(link.number) isn't at the run's commit")
                }
            } else {
                complaints.append("there is no pull request")
            }
        }
        self.complaints = complaints
    }

    var json: JSON {
        .object([
            "issue": .text(summary.run.issue.description),
            "agent": .name(summary.run.agent),
            "branch": .name(summary.run.branch),
            "outcome": .text(summary.state.word),
            "detail": .optional(summary.run.closing?.detail),
            "pull_request": summary.run.pullRequest?.json ?? .null,
            "run_id": .id(summary.run.id),
            "complaints": .list(complaints.map { .text($0) }),
        ])
    }
}

extension [DemoVerdict] {
    var table: Table {
        var table = Table([
            .flexible("ISSUE"), .fixed("AGENT"), .fixed("BRANCH"), .fixed("OUTCOME"),
            .fixed("PULL REQUEST"),
        ])
        for verdict in self {
            let run = verdict.summary.run
            let isThere = verdict.summary.state == .published
            table.add([
                "#\(run.issue.number) \(run.issueTitle)", run.agent.rawValue,
                isThere ? run.branch.rawValue : "-",
                verdict.summary.state.words(run.openedAt),
                run.pullRequest?.url ?? run.closing?.detail ?? "",
            ])
        }
        return table
    }
}
