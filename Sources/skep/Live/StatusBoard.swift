import SkepCore
import SkepQueue

/// The picture as sections of rows, for a terminal's height or all of them.
struct StatusBoard {
    let picture: StatusPicture
    let now: Timestamp
    var local = LocalTime()
    /// Whether room is short: issues without their repository where there is only one.
    var isBrief = false
    /// Whether the next tick of the schedules is said elsewhere; of a single one that is all.
    var saysNextElsewhere = false

    /// In the order in which they are shown; empty ones are left out.
    var sections: [LiveSection] {
        [
            LiveSection(
                title: "Burn-down", table: burndowns,
                weight: picture.burndowns.contains { $0.burndown.state != .ended } ? 10 : 2),
            LiveSection(title: "At work", table: atWork, weight: 10, style: .green, isOfRuns: true),
            LiveSection(title: "Queued", table: queued, weight: 2, isOfRuns: true),
            LiveSection(title: "Waiting", table: waits, weight: 4, isOfRuns: true),
            LiveSection(title: "For people", table: forPeople, weight: 4, style: .yellow),
            LiveSection(title: "Went wrong", table: wrong, weight: 4, style: .red),
            LiveSection(title: "Schedules", table: schedules, weight: 1),
        ].filter { !$0.table.isEmpty }
    }

    /// What happened last, for the room that is left.
    var lately: LiveSection {
        var table = Table([
            .fixed("WHEN"), .flexible("AGENT"), .flexible("ISSUE"), .flexible("WHAT"),
        ])
        for event in picture.events.prefix(50) {
            table.add([
                TimeText.relative(event.at, to: now), event.agent?.rawValue ?? "-",
                shown(event.issue),
                event.text,
            ])
        }
        return LiveSection(title: "Lately", table: table, weight: 0)
    }

    // Runs

    private static let runColumns: [Table.Column] = [
        .fixed("RUN"), .flexible("AGENT"), .optional("STEP"), .fixed("FOR"), .flexible("ISSUE"),
    ]

    private var atWork: Table {
        var table = Table(Self.runColumns + [.optional("TITLE")])
        for summary in picture.working.sorted(by: { $0.run.id < $1.run.id }) {
            let since = picture.attemptsSince[summary.run.id] ?? summary.run.openedAt
            let again = summary.failures > 0 ? " (try \(summary.failures + 1))" : ""
            table.add([
                "\(summary.run.id)", summary.run.agent.rawValue,
                (summary.step?.rawValue ?? "-") + again, TimeText.short(now - since),
                shown(summary.run.issue), summary.run.issueTitle,
            ])
        }
        return table
    }

    private var queued: Table {
        var table = Table(Self.runColumns + [.flexible("WAITS FOR")])
        for summary in picture.queued {
            let obstacles = picture.obstacles[summary.run.id] ?? []
            table.add([
                "\(summary.run.id)", summary.run.agent.rawValue, summary.step?.rawValue ?? "-",
                TimeText.short(now - summary.run.openedAt), shown(summary.run.issue),
                obstacles.isEmpty
                    ? "its turn" : obstacles.map { $0.sentence(now) }.joined(separator: " "),
            ])
        }
        return table
    }

    /// Runs and demands that wait, each with what for.
    private var waits: Table {
        var table = Table(Self.runColumns + [.flexible("WAITS FOR")])
        for summary in picture.held.sorted(by: { $0.run.id < $1.run.id }) {
            guard case .waiting(let reason, let until) = summary.state else { continue }
            table.add([
                "\(summary.run.id)", summary.run.agent.rawValue, summary.step?.rawValue ?? "-",
                TimeText.short(now - summary.run.openedAt), shown(summary.run.issue),
                (until.map { "tried again \(TimeText.relative($0, to: now)): " } ?? "") + reason,
            ])
        }
        for trigger in picture.waiting {
            table.add([
                "-", trigger.demand.trigger.agent.rawValue, "-",
                TimeText.short(now - trigger.seenAt), shown(trigger.demand.trigger.issue),
                Self.opens(trigger.gates, now),
            ])
        }
        return table
    }

    /// "when ann/larder#3 is closed; at 22:00": what opens the gates.
    static func opens(_ gates: [ShutGate], _ now: Timestamp) -> String {
        guard !gates.isEmpty else { return "its turn" }
        return gates.map { gate in
            gate.opens + (gate.opensAt.map { " (\(TimeText.relative($0, to: now)))" } ?? "")
        }.joined(separator: "; ")
    }

    // People

    private var forPeople: Table {
        var table = Table([
            .fixed("WHAT"), .flexible("AGENT"), .flexible("ISSUE"), .flexible("STANDS"),
            .whole("WHERE"),
        ])
        for question in picture.questions {
            table.add([
                "question", question.agent.rawValue, shown(question.issue), question.text,
                question.commentURL ?? "-",
            ])
        }
        for pull in picture.pullRequests {
            table.add([
                "pull #\(pull.reference.number)", pull.agent.rawValue, shown(pull.issue),
                pull.standing, pull.url,
            ])
        }
        return table
    }

    // The night

    private var burndowns: Table {
        var table = Table([
            .fixed("NUMBER"), .whole("PROGRESS"), .flexible("DONE"), .flexible("ENDS"),
        ])
        let openRuns = Set(picture.open.map(\.run.id))
        for (burndown, items) in picture.burndowns {
            let count = BurndownCount(items, openRuns: openRuns)
            table.add([
                "\(burndown.id)", count.bar(width: 20), count.words, ending(of: burndown),
            ])
        }
        return table
    }

    /// "at 06:00, in 7 h", "when its plan is done", "ended 2 h ago, report at …".
    private func ending(of burndown: Burndown) -> String {
        if let endedAt = burndown.endedAt {
            return "ended \(TimeText.relative(endedAt, to: now))"
                + (burndown.reportURL.map { ", report at \($0)" } ?? "")
        }
        if burndown.state == .closing {
            let reason = burndown.closingReason.map { ": \($0)" } ?? ""
            return "with what runs now\(reason)"
        }
        guard let until = burndown.until else { return "when its plan is done" }
        return "at \(local.brief(until, at: now)), \(TimeText.relative(until, to: now))"
    }

    /// Runs that failed, other troubles, and dead jobs that no run tells of: the newest first.
    private var wrong: Table {
        var rows: [(at: Timestamp, cells: [String])] = []
        if let disk = picture.fullDisk { rows.append((now, ["-", "-", "-", disk.words])) }
        for summary in picture.failed {
            guard let closing = summary.run.closing else { continue }
            rows.append(
                (
                    closing.at,
                    [
                        "run \(summary.run.id)", summary.run.agent.rawValue,
                        shown(summary.run.issue), "failed: \(closing.detail)",
                    ]
                ))
        }
        // A run that failed says how; what was tried before is in its history.
        let failed = Set(picture.failed.map(\.run.id))
        for event in picture.troubles where !(event.run.map(failed.contains) ?? false) {
            let run = event.run.map { "run \($0)" } ?? "-"
            rows.append(
                (event.at, [run, event.agent?.rawValue ?? "-", shown(event.issue), event.text]))
        }
        for job in picture.dead {
            rows.append(
                (
                    job.job.finishedAt ?? job.job.enqueuedAt,
                    [
                        "job \(job.job.id)", "-", "-",
                        job.about + (job.reason.map { ": \($0)" } ?? ""),
                    ]
                ))
        }
        var table = Table([
            .fixed("WHEN"), .whole("RUN"), .flexible("AGENT"), .flexible("ISSUE"),
            .flexible("WHAT"),
        ])
        for row in rows.sorted(by: { $0.at > $1.at }).prefix(10) {
            table.add([TimeText.relative(row.at, to: now)] + row.cells)
        }
        return table
    }

    private var schedules: Table {
        var table = Table([
            .flexible("SCHEDULE"), .fixed("NEXT"), .whole("AT"), .whole("LAST"),
        ])
        let isSaid =
            saysNextElsewhere && picture.schedules.count == 1
            && picture.schedules[0].nextTickAt != nil
        for status in picture.schedules where !isSaid {
            table.add([
                status.schedule.name.rawValue, status.nextWords(now),
                status.nextTickAt.map { local.brief($0, at: now) } ?? "-",
                status.lastTickAt.map { TimeText.relative($0, to: now) } ?? "-",
            ])
        }
        return table
    }

    // Issues

    private func shown(_ issue: IssueReference?) -> String {
        guard let issue else { return "-" }
        return isBrief && hasOneRepository ? "#\(issue.number)" : issue.description
    }

    private var hasOneRepository: Bool {
        let issues =
            picture.open.map(\.run.issue) + picture.failed.map(\.run.issue)
            + picture.waiting.map(\.demand.trigger.issue) + picture.pullRequests.map(\.issue)
            + picture.questions.map(\.issue)
            + (picture.troubles + picture.events).compactMap(\.issue)
        return Set(issues.map(\.repository)).count == 1
    }
}

extension ScheduleStatus {
    /// "in 3 h", "paused", "never".
    func nextWords(_ now: Timestamp) -> String {
        if isPaused { return "paused" }
        return nextTickAt.map { TimeText.relative($0, to: now) } ?? "never"
    }
}

extension PublishedPullRequest {
    /// "approved, checks success", "conflicts with its base".
    var standing: String {
        var parts: [String] = []
        switch verdict {
        case .approved?: parts.append("approved")
        case .changesRequested?: parts.append("changes requested")
        case .commented?, nil: parts.append("waits for a review")
        }
        if isMergeable == false { parts.append("conflicts with its base") }
        if let checks { parts.append("checks \(checks.rawValue)") }
        if rounds > 0 { parts.append("went back \(Phrase.count(rounds, "time"))") }
        return parts.joined(separator: ", ")
    }
}
