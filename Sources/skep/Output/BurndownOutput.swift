import SkepCore
import SkepQueue

extension Burndown {
    /// The fields of a burn-down, as docs/json-output.md lists them.
    var json: JSON { .object(members) }

    private var members: [JSON.Member] {
        let object = JSON.object([
            "id": .id(id),
            "state": .name(state),
            "cause": .text(cause),
            "started_at": .time(startedAt),
            "until": .time(until),
            "closing_reason": .optional(closingReason),
            "ended_at": .time(endedAt),
            "report_url": .optional(reportURL),
            "workflow": .name(settings.workflow),
            "repositories": .list(settings.repositories.map { .text($0.description) }),
            "labels": .list(settings.labels.map { .text($0) }),
            "agents": .list(settings.agents.map { .name($0) }),
            "max_issues": .number(settings.maxIssues),
            "max_minutes": .number(settings.maxMinutes),
            "concurrency": .number(settings.concurrency),
            "at_end": .name(settings.atEnd),
            "report_to": .text(settings.reportTo.words),
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    /// The same with how far it is.
    func json(_ items: [BurndownItem], open: [RunSummary]) -> JSON {
        let count = BurndownCount(items, openRuns: Set(open.map(\.run.id)))
        return .object(
            members + [
                .init(key: "planned", value: .number(count.planned)),
                .init(key: "at_work", value: .number(count.atWork)),
                .init(key: "done", value: .number(count.done)),
            ])
    }

    /// The same with its plan and, when it has ended, its report.
    func detailedJSON(_ items: [BurndownItem], report: String?) -> JSON {
        .object(
            members + [
                .init(key: "plan", value: .list(items.map(\.json))),
                .init(key: "report", value: .optional(report)),
            ])
    }

    func show(on console: Console, now: Timestamp, local: LocalTime = LocalTime()) {
        func shown(_ time: Timestamp) -> String {
            "\(local.dayAndMinute(time)), \(TimeText.relative(time, to: now))"
        }
        console.show([
            ("burn-down", "\(id)"),
            ("state", state.rawValue + (closingReason.map { ": \($0)" } ?? "")),
            ("asked by", asker),
            ("workflow", settings.workflow?.rawValue),
            ("repositories", settings.repositories.map(\.description).joined(separator: ", ")),
            ("labels", settings.labels.isEmpty ? nil : settings.labels.joined(separator: ", ")),
            ("agents", settings.agents.map(\.rawValue).joined(separator: ", ")),
            ("at most", most),
            (
                "at the end",
                settings.atEnd == .finish ? "what runs is finished" : "what runs is stopped"
            ),
            ("begun", shown(startedAt)),
            ("until", until.map(shown) ?? "its plan is done"),
            ("ended", endedAt.map(shown)),
            ("report", reportURL),
        ])
    }

    private var asker: String {
        if case .tick(let workflow, _)? = TriggerCause(cause) {
            return "the schedule of workflow \(workflow)"
        }
        return "skep burndown"
    }

    /// "20 issues, 600 min, 2 at once"
    private var most: String? {
        let parts = [
            settings.maxIssues.map { Phrase.count($0, "issue") },
            settings.maxMinutes.map { "\($0) min of sessions" },
            settings.concurrency.map { "\($0) at once" },
        ].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

extension BurndownSettings.ReportTo {
    /// As `--report` takes it.
    var words: String {
        switch self {
        case .file: "file"
        case .issue: "issue"
        case .comment(let issue): issue.description
        }
    }
}

extension [Burndown] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("BURN-DOWN"), .fixed("STATE"), .fixed("BEGUN"), .fixed("UNTIL"),
            .flexible("AGENTS"), .flexible("REPORT"),
        ])
        for burndown in self {
            table.add([
                "\(burndown.id)", burndown.state.rawValue,
                TimeText.relative(burndown.startedAt, to: now),
                burndown.until.map { TimeText.relative($0, to: now) } ?? "-",
                burndown.settings.agents.map(\.rawValue).joined(separator: ", "),
                burndown.reportURL ?? burndown.closingReason ?? "",
            ])
        }
        return table
    }
}

extension BurndownItem {
    var json: JSON {
        .object([
            "position": .number(position),
            "issue": .text(issue.description),
            "title": .text(title),
            "agent": .name(agent),
            "decision": .name(decision),
            "reason": .optional(reason),
            "run_id": .id(run),
        ])
    }
}

extension [BurndownItem] {
    /// The plan: those planned in their order, then those left out.
    ///
    /// - Parameter hasEnded: Whether nothing of it is started any more.
    func table(hasEnded: Bool = false) -> Table {
        var table = Table([
            .fixed("NO"), .flexible("ISSUE"), .flexible("AGENT"), .fixed("DECISION"),
            .optional("TITLE"), .flexible("WHY"),
        ])
        for item in self {
            let decision =
                item.decision == .planned && hasEnded ? "not started" : item.decision.rawValue
            table.add([
                item.decision == .skipped ? "-" : "\(item.position)", item.issue.description,
                item.agent?.rawValue ?? "-", item.run.map { "run \($0)" } ?? decision, item.title,
                item.reason ?? "",
            ])
        }
        return table.withoutEmptyColumns(keeping: ["NO", "ISSUE", "DECISION"])
    }
}
