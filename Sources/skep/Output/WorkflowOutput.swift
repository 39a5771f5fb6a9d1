import SkepCore

extension Workflow {
    /// The fields of a workflow, as docs/json-output.md lists them.
    var json: JSON { .object(members) }

    var detailedJSON: JSON {
        .object(members + [.init(key: "prompt", value: .text(prompt.source))])
    }

    private var members: [JSON.Member] {
        let object = JSON.object([
            "name": .name(name),
            "asks": .list(asks.map(\.rawValue).sorted().map { .text($0) }),
            "select_labels": selection.map { .list($0.labels.map { .text($0) }) } ?? .null,
            "default_agent": .name(defaultAgent),
            "branch": .text(branch.source),
            "steps": .list(burndown == nil ? steps.map(\.json) : []),
            "schedule": schedule?.json ?? .null,
            "hours": hours?.json ?? .null,
            "feedback": feedback.json,
            "chooser": .name(chooser),
            "burndown": burndown?.json ?? .null,
            "source": .text(location.source),
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    /// Everybody who reviews in one of its steps.
    private var reviewers: [AgentName] {
        var names: [AgentName] = []
        for name in steps.flatMap(\.reviewers) where !names.contains(name) { names.append(name) }
        return names
    }

    fileprivate var row: [String] {
        [
            name.rawValue,
            burndown == nil ? steps.map(\.name.rawValue).joined(separator: ", ") : "a burn-down",
            asks.map(\.rawValue).sorted().joined(separator: ", "),
            selection.map { $0.labels.joined(separator: ", ") } ?? "-",
            defaultAgent?.rawValue ?? "-",
            reviewers.map(\.rawValue).joined(separator: ", "),
            schedule?.words ?? "-", hours?.words ?? "-", location.source,
        ]
    }

    func show(on console: Console) {
        console.show([
            ("workflow", name.rawValue),
            ("from", location.source),
            (
                "asked by",
                asks.isEmpty ? nil : asks.map(\.rawValue).sorted().joined(separator: ", ")
            ),
            (
                "selects",
                selection.map { "open issues labelled " + $0.labels.joined(separator: ", ") }
            ),
            ("default agent", defaultAgent?.rawValue),
            ("branch", burndown == nil ? branch.source : nil),
            ("schedule", schedule.map { "\($0.words); \($0.missed.words)" }),
            ("hours", hours?.words),
            ("feedback", burndown == nil ? feedback.words : nil),
            ("chosen by", chooser?.rawValue),
            ("burn-down", burndown?.words),
        ])
        guard burndown == nil else { return }
        console.heading("Steps")
        console.show(steps.table)
        let text = prompt.source.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0.isEmpty }
        guard !text.isEmpty else { return }
        console.heading("Prompt")
        console.output.line(PlainText.lines(text.joined(separator: "\n")))
    }
}

extension [Workflow] {
    var table: Table {
        var table = Table([
            .fixed("WORKFLOW"), .flexible("STEPS"), .flexible("ASKED BY"), .optional("SELECTS"),
            .flexible("DEFAULT AGENT"), .optional("REVIEWERS"), .optional("SCHEDULE"),
            .optional("HOURS"), .whole("FROM"),
        ])
        for workflow in self { table.add(workflow.row) }
        return table.withoutEmptyColumns(keeping: ["STEPS"])
    }
}

extension StepDefinition {
    fileprivate var json: JSON {
        .object([
            "name": .name(name),
            "kind": .name(kind),
            "max_failures": .number(maxFailures),
            "rounds": .number(rounds),
            "on": .object(
                onOutcome.sorted { $0.key < $1.key }
                    .map { .init(key: $0.key, value: .text($0.value.rawValue)) }),
            "commands": .list(commands.map { .text($0) }),
            "reviewers": .list(reviewers.map { .name($0) }),
            "reviewer_count": .number(reviewerCount),
        ])
    }

    /// What is run, or who looks at it.
    fileprivate var details: String {
        var parts = commands
        if !reviewers.isEmpty {
            let names = reviewers.map(\.rawValue).joined(separator: ", ")
            parts.append(reviewerCount.map { "\($0) of \(names)" } ?? names)
        }
        return parts.joined(separator: "; ")
    }

    /// "failed: work, 2 rounds"
    fileprivate var wayBack: String {
        guard !onOutcome.isEmpty else { return "-" }
        let ways = onOutcome.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return ways.joined(separator: ", ") + ", \(Phrase.count(rounds, "round"))"
    }
}

extension [StepDefinition] {
    fileprivate var table: Table {
        var table = Table([
            .fixed("STEP"), .fixed("KIND"), .fixed("FAILURES"), .flexible("BACK TO"),
            .flexible("BY"),
        ])
        for step in self {
            table.add([
                step.name.rawValue, step.kind.rawValue, "\(step.maxFailures)", step.wayBack,
                step.details,
            ])
        }
        return table.withoutEmptyColumns()
    }
}

extension WorkflowSchedule {
    /// "0 22 * * 1-5, Europe/Berlin", "every 6 h".
    fileprivate var words: String {
        switch timing {
        case .cron(let expression, let zone): "\(expression), \(zone)"
        case .every(let length): "every \(TimeText.short(length))"
        }
    }

    fileprivate var json: JSON {
        var cron: (expression: String, zone: String)?
        var seconds: Int64?
        switch timing {
        case .cron(let expression, let zone): cron = (expression, zone)
        case .every(let length): seconds = length.components.seconds
        }
        return .object([
            "cron": .optional(cron?.expression), "time_zone": .optional(cron?.zone),
            "every_seconds": .number(seconds), "missed": .name(missed),
        ])
    }
}

extension WorkflowSchedule.Missed {
    fileprivate var words: String {
        switch self {
        case .skip: "times that are missed are left out"
        case .runOnce: "times that are missed are made up for once"
        }
    }
}

extension RunningHours {
    private static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    private var dayWords: [String] {
        days.sorted().compactMap { (1...7).contains($0) ? Self.dayNames[$0 - 1] : nil }
    }

    /// "22:00 to 06:00 on mon, tue, Europe/Berlin"
    fileprivate var words: String {
        "\(Self.time(from)) to \(Self.time(to))"
            + (days.isEmpty ? "" : " on " + dayWords.joined(separator: ", ")) + ", \(timeZone)"
    }

    fileprivate var json: JSON {
        .object([
            "from": .text(Self.time(from)), "to": .text(Self.time(to)),
            "days": .list(dayWords.map { .text($0) }), "time_zone": .text(timeZone),
        ])
    }

    fileprivate static func time(_ minutes: Int) -> String {
        let minute = minutes % 60
        return "\(minutes / 60 < 10 ? "0" : "")\(minutes / 60):\(minute < 10 ? "0" : "")\(minute)"
    }
}

extension FeedbackSettings {
    /// "reviews, comments; 3 rounds"
    fileprivate var words: String {
        guard !sources.isEmpty else { return "nothing goes back" }
        return sources.map(\.rawValue).sorted().joined(separator: ", ")
            + ", \(Phrase.count(rounds, "round")), after \(TimeText.short(quiet)) of quiet"
    }

    fileprivate var json: JSON {
        .object([
            "from": .list(sources.map(\.rawValue).sorted().map { .text($0) }),
            "rounds": .number(rounds), "quiet_seconds": .number(quiet.components.seconds),
        ])
    }
}

extension BurndownTemplate {
    /// "through fix, labels ready, agents claude, until 06:00, at most 20 issues"
    fileprivate var words: String {
        let settings = settings
        return [
            settings.workflow.map { "through \($0)" },
            settings.labels.isEmpty ? nil : "labels " + settings.labels.joined(separator: ", "),
            settings.agents.isEmpty
                ? nil : "agents " + settings.agents.map(\.rawValue).joined(separator: ", "),
            until.map { "until \(RunningHours.time($0))" },
            settings.maxIssues.map { "at most \(Phrase.count($0, "issue"))" },
            settings.maxMinutes.map { "at most \($0) min of sessions" },
            settings.concurrency.map { "\($0) at once" },
        ].compactMap { $0 }.joined(separator: "; ")
    }

    fileprivate var json: JSON {
        .object([
            "workflow": .name(settings.workflow),
            "repositories": .list(settings.repositories.map { .text($0.description) }),
            "labels": .list(settings.labels.map { .text($0) }),
            "agents": .list(settings.agents.map { .name($0) }),
            "until": .optional(until.map(RunningHours.time)),
            "time_zone": .text(timeZone),
            "max_issues": .number(settings.maxIssues),
            "max_minutes": .number(settings.maxMinutes),
            "concurrency": .number(settings.concurrency),
            "at_end": .name(settings.atEnd),
            "report_to": .text(settings.reportTo.words),
        ])
    }
}
