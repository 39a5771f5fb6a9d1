import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say why an issue is worked on, or why it isn't",
        discussion: """
            Names everything that asks for work on the issue, every gate that is shut for it, what \
            opens it and when, and where its runs are.

            Example: skep why 12
            """)

    @Argument(help: "The issue.")
    var issue: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let desk = try await Desk(common)
        let reference = try IssueArgument(desk.house.configuration).parse(issue)
        try desk.house.configuration.requireRepository(of: reference)
        let explanation = try await Explainer(desk.parts).explain(reference)
        let console = common.console()
        if console.isJSON { return console.show(explanation.json) }
        console.output.line(
            PlainText.line("\(explanation.issue)  \(explanation.title)"))
        for line in explanation.lines { console.output.line("  " + PlainText.line(line)) }
        let hasSaid = explanation.work.contains { work in
            work.obstacles.contains { if case .noWorker = $0 { true } else { false } }
        }
        if desk.server == nil, !hasSaid, !explanation.asks.isEmpty || !explanation.work.isEmpty {
            console.output.line(
                "  \"skep serve\" isn't running here: nothing goes on until it does.")
        }
    }
}

extension Explanation {
    /// The fields of an explanation, as docs/json-output.md lists them.
    var json: JSON {
        .object([
            "issue": .text(issue.description),
            "title": .text(title),
            "is_open": .boolean(isOpen),
            "asks": .list(asks.map(\.json)),
            "work": .list(work.map(\.json)),
            "pull_requests": .list(pullRequests.map(\.json)),
            "nobody": .list(nobody.map { .text($0) }),
            "full_disk": fullDisk?.json ?? .null,
        ])
    }
}

extension FullDisk {
    var json: JSON { .object(["path": .text(path), "free_bytes": .number(freeBytes)]) }
}

extension Explanation.Ask {
    fileprivate var json: JSON {
        .object([
            "agent": .name(agent),
            "cause": .text(cause),
            "asked_by": .name(askedBy),
            "priority": .number(priority),
            "seen_at": .time(seenAt),
            "gates": .list(gates.map(\.json)),
            "answered_by_run_id": .id(answeredBy),
            "answer": .optional(answer),
        ])
    }
}

extension Explanation.Work {
    fileprivate var json: JSON {
        .object([
            "run_id": .id(run),
            "agent": .name(agent),
            "state": .text(state),
            "words": .text(words),
            "jobs_before": .number(jobsBefore),
            "places_taken_by": .list(placesTakenBy.map { .id($0) }),
            "why_not_running": .list(obstacles.map(\.json)),
            "asked": .list(asked.map { .name($0) }),
            "asked_at": .time(askedAt),
            "advice": .optional(advice),
        ])
    }
}
