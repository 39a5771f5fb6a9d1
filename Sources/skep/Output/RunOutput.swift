import SkepCore
import SkepQueue

extension RunState {
    /// In a few words: "working (checks)", "waiting: quota, in 3 min".
    func words(_ now: Timestamp) -> String {
        switch self {
        case .working(let step): "working (\(step))"
        case .waiting(let reason, let until?):
            // Some are sentences.
            "waiting: \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason), "
                + TimeText.relative(until, to: now)
        case .waiting(let reason, nil): "waiting: \(reason)"
        default: word.split(separator: "_").joined(separator: " ")
        }
    }
}

extension RunSummary {
    /// The fields of a run, as docs/json-output.md lists them.
    var json: JSON { .object(members) }

    var members: [JSON.Member] {
        var waitingFor: String?
        var waitingUntil: Timestamp?
        if case .waiting(let reason, let until) = state {
            (waitingFor, waitingUntil) = (reason, until)
        }
        let object = JSON.object([
            "id": .id(run.id),
            "state": .text(state.word),
            "waiting_for": .optional(waitingFor),
            "waiting_until": .time(waitingUntil),
            "issue": .text(run.issue.description),
            "issue_title": .text(run.issueTitle),
            "agent": .name(run.agent),
            "workflow": .name(run.workflow),
            "cause": .text(run.cause),
            "branch": .name(run.branch),
            "base_branch": .name(run.baseBranch),
            "base": .name(run.base),
            "head": .name(run.head),
            "pull_request": run.pullRequest?.json ?? .null,
            "opened_at": .time(run.openedAt),
            "closed_at": .time(run.closing?.at),
            "closing_detail": .optional(run.closing?.detail),
            "is_cancel_requested": .boolean(run.cancelReason != nil),
            "job_id": .id(job),
            "step": .name(step),
            "attempt": .number(attempt),
            "failures": .number(failures),
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    /// "-" where there is no such branch: nothing was committed, and it was never published.
    var shownBranch: String {
        run.head == nil && run.pullRequest == nil && !run.continuesBranch && state.isClosed
            ? "-" : run.branch.rawValue
    }

    /// The commit it began at, and whose head that was.
    var shownBase: String? {
        run.base.map { base in
            let branch = run.continuesBranch ? run.branch : run.baseBranch
            return "\(base.short) of \(branch?.rawValue ?? "?")"
        }
    }

    /// What is worth a glance beside its state.
    var remark: String {
        if let link = run.pullRequest { return link.url }
        return run.closing?.detail ?? ""
    }
}

extension PullRequestLink {
    var json: JSON { .object(["number": .number(number), "url": .text(url)]) }
}

extension [RunSummary] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("RUN"), .flexible("ISSUE"), .flexible("AGENT"), .flexible("STATE"),
            .fixed("OPENED"), .flexible("BRANCH"), .flexible("RESULT"),
        ])
        for summary in self {
            table.add([
                "\(summary.run.id)", summary.run.issue.description, summary.run.agent.rawValue,
                summary.state.words(now), TimeText.relative(summary.run.openedAt, to: now),
                summary.shownBranch, summary.remark,
            ])
        }
        return table
    }
}

/// A run with all that happened in it.
struct RunDetails {
    let summary: RunSummary
    let history: RunHistory
    /// Commits in the mirror beside its head, the newest first.
    var kept: [KeptWork] = []

    var json: JSON {
        .object(
            summary.members + [
                .init(key: "attempts", value: .list(history.attempts.map(\.json))),
                .init(key: "sessions", value: .list(history.sessions.map(\.json))),
                .init(key: "checks", value: .list(history.checks.map(\.json))),
                .init(key: "reviews", value: .list(history.reviews.map(\.json))),
                .init(key: "questions", value: .list(history.questions.map(\.json))),
                .init(key: "notes", value: .list(history.notes.map { .text($0) })),
                .init(key: "reports", value: .list(history.reports.map(\.json))),
                .init(key: "kept", value: .list(kept.map(\.json))),
            ])
    }

    func show(on console: Console, now: Timestamp) {
        let run = summary.run
        console.show([
            ("run", "\(run.id)"),
            (
                "state",
                summary.state.words(now)
                    + (run.cancelReason != nil && run.closing == nil ? ", to be cancelled" : "")
            ),
            ("to do", summary.advice(history.openQuestion)),
            ("issue", "\(run.issue)  \(PlainText.line(run.issueTitle))"),
            ("agent", run.agent.rawValue),
            ("workflow", run.workflow.rawValue),
            ("asked by", Self.asker(run.cause)),
            ("branch", summary.shownBranch),
            ("base", summary.shownBase),
            ("head", run.head?.short),
            ("pull request", run.pullRequest?.url),
            ("job", summary.job.map { "\($0), attempt \(summary.attempt)" }),
            ("used", history.used),
            ("sandbox", history.sessions.last?.facts.sandbox?.text),
            ("opened", TimeText.relative(run.openedAt, to: now)),
            ("closed", run.closing.map { TimeText.relative($0.at, to: now) }),
            ("why", Self.why(run.closing)),
        ])
        section("Attempts", attempts(now), console)
        section("Sessions", history.sessionTable(now), console)
        section("Failures", history.failureTable, console)
        section("Checks", checks, console)
        history.showReviews(on: console, now: now)
        if !history.notes.isEmpty {
            console.heading("Notes")
            for note in history.notes { console.output.line(PlainText.line(note)) }
        }
        section("Kept", keptTable(now), console)
        section("Reports", reports(now), console)
    }

    /// A cause as it is kept, in words.
    static func asker(_ cause: String) -> String {
        switch TriggerCause(cause) {
        case .label(let label)?: "label \(label)"
        case .assignee(let login)?: "assignment to \(login)"
        case .selected(let workflow)?: "workflow \(workflow), which selects it"
        case .command?: "skep dispatch"
        case .comment(let id)?: "comment \(id)"
        case .tick(let workflow, _)?: "the schedule of workflow \(workflow)"
        case .burndown(let id)?: "burn-down \(id)"
        case .feedback(let number, _)?: "what was said of pull request #\(number)"
        case .choice(let runs)?:
            "the choice among runs \(Phrase.list(runs.map(\.description), "and"))"
        case nil: cause
        }
    }

    /// What a pull request's line doesn't say already.
    private static func why(_ closing: RunClosing?) -> String? {
        guard let closing, closing.outcome != .published, !closing.detail.isEmpty else {
            return nil
        }
        return closing.detail
    }

    private func keptTable(_ now: Timestamp) -> Table {
        var table = Table([.fixed("COMMIT"), .fixed("WHEN"), .flexible("REF")])
        for work in kept {
            table.add([work.commit.short, TimeText.relative(work.at, to: now), work.reference])
        }
        return table
    }

    private func section(_ title: String, _ table: Table, _ console: Console) {
        guard !table.isEmpty else { return }
        console.heading(title)
        console.show(table)
    }

    func attempts(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("JOB"), .fixed("ATTEMPT"), .fixed("STEP"), .fixed("BEGUN"), .fixed("TOOK"),
            .fixed("OUTCOME"), .flexible("DETAIL"),
        ])
        for (index, attempt) in history.attempts.enumerated() {
            let isLast = index == history.attempts.count - 1
            table.add([
                "\(attempt.job)", "\(attempt.attempt)", attempt.step.rawValue,
                TimeText.relative(attempt.startedAt, to: now),
                attempt.endedAt.map { TimeText.short($0 - attempt.startedAt) } ?? "-",
                outcome(of: attempt, isLast: isLast), attempt.detail ?? "",
            ])
        }
        return table
    }

    /// "retry" means that there is another attempt; after the last one there is none.
    private func outcome(of attempt: AttemptRecord, isLast: Bool) -> String {
        guard let outcome = attempt.outcome else {
            let isStopped = history.sessions.contains {
                $0.job == attempt.job && $0.endedAt == nil && $0.stop != nil
            }
            return isStopped ? "stopped" : "running"
        }
        return isLast && outcome == "retry" && summary.state.isClosed ? "failed" : outcome
    }

    private var checks: Table {
        var table = Table([
            .fixed("COMMIT"), .fixed("PASSED"), .fixed("TOOK"), .flexible("COMMAND"),
            .flexible("TESTS"), .flexible("ENDING"),
        ])
        for check in history.checks {
            table.add([
                check.commit.short, check.hasPassed ? "yes" : "no",
                TimeText.short(check.duration), check.command, check.tests?.words ?? "",
                check.ending,
            ])
        }
        return table.withoutEmptyColumns(keeping: ["PASSED"])
    }

    func reports(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("TOPIC"), .fixed("WRITTEN"), .flexible("TEXT"), .flexible("COMMENT"),
        ])
        // What only changes labels has no text.
        for report in history.reports where !report.body.isEmpty {
            table.add([
                report.topic, TimeText.relative(report.createdAt, to: now),
                report.body.split(whereSeparator: \.isNewline).first.map(String.init) ?? "",
                report.postedAt == nil ? "not posted yet" : report.commentURL ?? "-",
            ])
        }
        return table
    }
}

extension RunHistory {
    /// What its agent waits to be told.
    var openQuestion: Question? { questions.last { $0.answer == nil }?.question }
}

extension AttemptRecord {
    var json: JSON {
        .object([
            "job_id": .id(job),
            "attempt": .number(attempt),
            "step": .name(step),
            "worker_id": .name(worker),
            "started_at": .time(startedAt),
            "ended_at": .time(endedAt),
            "outcome": .optional(outcome),
            "detail": .optional(detail),
        ])
    }
}

extension CheckResult {
    var json: JSON {
        .object([
            "commit": .name(commit),
            "command": .text(command),
            "has_passed": .boolean(hasPassed),
            "ending": .text(ending),
            "duration_ms": .number(duration.milliseconds),
            "tests": tests?.json ?? .null,
        ])
    }
}

extension Report {
    var json: JSON {
        .object([
            "id": .id(id),
            "topic": .text(topic),
            "place": .text(issue.description),
            "body": .text(body),
            "created_at": .time(createdAt),
            "posted_at": .time(postedAt),
            "comment_url": .optional(commentURL),
        ])
    }
}

extension KeptWork {
    var json: JSON {
        .object(["ref": .text(reference), "commit": .name(commit), "at": .time(at)])
    }
}
