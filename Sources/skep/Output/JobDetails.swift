import SkepCore
import SkepEngine
import SkepQueue

/// A job with all that is known of it.
struct JobDetails {
    let listed: ListedJob
    let failures: [RecordedFailure]
    let result: [UInt8]?
    var progress: JobProgress?
    var obstacles: [JobObstacle] = []
    var events: [JobEvent] = []
    var steps: [JobStep] = []
    var relations = JobRelations(dependencies: [], dependents: [])

    var json: JSON {
        .object(
            listed.members + [
                .init(key: "payload", value: Self.text(job.payload)),
                .init(key: "result", value: result.map(Self.text) ?? .null),
                .init(key: "progress", value: progress?.json ?? .null),
                .init(key: "why_not_running", value: .list(obstacles.map(\.json))),
                .init(key: "depends_on", value: .list(relations.dependencies.map { .id($0) })),
                .init(key: "dependents", value: .list(relations.dependents.map { .id($0) })),
                .init(key: "steps", value: .list(steps.map(\.json))),
                .init(key: "failure_history", value: .list(failures.map(\.json))),
                .init(key: "events", value: .list(events.map(\.json))),
            ])
    }

    private var job: Job { listed.job }

    func show(on console: Console, now: Timestamp) {
        console.show(facts(now))
        show("Why it isn't running", obstacleTable(now), on: console)
        show("Failures", failureTable(now), on: console)
        show("Steps that are done", stepTable(now), on: console)
        show("What happened", eventTable(now), on: console)
    }

    private func show(_ title: String, _ table: Table, on console: Console) {
        guard !table.isEmpty else { return }
        console.heading(title)
        console.show(table)
    }

    private func facts(_ now: Timestamp) -> [(name: String, value: String?)] {
        [
            ("job", "\(job.id)"),
            ("state", state),
            ("since", job.standing(now)),
            ("reason", listed.reason),
            ("progress", progressText(now)),
            ("queue", job.queue.rawValue),
            ("kind", job.kind.rawValue),
            ("about", listed.subject == nil ? nil : listed.about),
            ("priority", "\(job.priority)"),
            ("key", job.concurrencyKey?.rawValue),
            ("unique key", job.uniqueKey),
            ("tags", job.tags.isEmpty ? nil : job.tags.joined(separator: ", ")),
            ("expires", job.expiresAt.map { TimeText.relative($0, to: now) }),
            ("time limit", job.timeout.map(TimeText.short)),
            ("after", Self.numbers(relations.dependencies)),
            ("before", Self.numbers(relations.dependents)),
            ("attempt", "\(job.attempt)"),
            ("failures", "\(job.failures) of \(job.maxFailures)"),
            ("enqueued", TimeText.rfc3339(job.enqueuedAt)),
            ("worker", job.worker?.rawValue),
            ("payload", job.payload.isEmpty ? nil : Self.preview(job.payload)),
            ("result", result.map(Self.preview)),
        ]
    }

    private var state: String {
        job.state.rawValue + (job.isHeld ? ", held" : "")
            + (job.isCancelRequested ? ", to be cancelled" : "")
    }

    private func progressText(_ now: Timestamp) -> String? {
        progress.map { progress in
            let message = progress.message.map { ": \($0)" } ?? ""
            return progress.text + message + ", " + TimeText.relative(progress.at, to: now)
        }
    }

    private func obstacleTable(_ now: Timestamp) -> Table {
        // What a finished job is, its state says.
        guard !job.state.isFinished else { return Table([]) }
        var table = Table([.flexible("REASON"), .flexible("WHAT HELPS")])
        for obstacle in obstacles {
            table.add([obstacle.sentence(now), obstacle.advice(for: job.id) ?? ""])
        }
        return table.withoutEmptyColumns(keeping: ["REASON"])
    }

    private func failureTable(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("ATTEMPT"), .fixed("WHEN"), .fixed("KIND"), .fixed("COUNTED"),
            .flexible("MESSAGE"),
        ])
        for failure in failures {
            table.add([
                "\(failure.attempt)", TimeText.relative(failure.at, to: now), failure.failure.kind,
                failure.isCounted ? "yes" : "no", failure.failure.message,
            ])
        }
        return table
    }

    private func stepTable(_ now: Timestamp) -> Table {
        var table = Table([
            .flexible("STEP"), .fixed("WHEN"), .fixed("ATTEMPT"), .flexible("RESULT"),
        ])
        for step in steps {
            table.add([
                step.name, TimeText.relative(step.at, to: now), "\(step.attempt)",
                Self.preview(step.result),
            ])
        }
        return table
    }

    private func eventTable(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("WHEN"), .fixed("ATTEMPT"), .fixed("WHAT"), .flexible("DETAIL"),
        ])
        for event in events {
            table.add([
                TimeText.relative(event.at, to: now), event.attempt > 0 ? "\(event.attempt)" : "-",
                event.what.rawValue.replacing("_", with: " "), event.detail ?? "",
            ])
        }
        return table
    }

    private static func numbers(_ jobs: [JobID]) -> String? {
        guard !jobs.isEmpty else { return nil }
        let shown = jobs.prefix(20).map { "\($0)" }
        let more = jobs.count > shown.count ? ["\(jobs.count - shown.count) more"] : []
        return "job " + Phrase.list(shown + more, "and")
    }

    /// As text where it is text; else base64 isn't worth it: its size.
    private static func text(_ bytes: [UInt8]) -> JSON {
        String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .null
    }

    private static func preview(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return "\(TimeText.bytes(Int64(bytes.count))), not text"
        }
        return text.count > 2000 ? String(text.prefix(2000)) + "…" : text
    }
}

extension RecordedFailure {
    var json: JSON {
        .object([
            "attempt": .number(attempt),
            "at": .time(at),
            "kind": .text(failure.kind),
            "message": .text(failure.message),
            "is_counted": .boolean(isCounted),
        ])
    }
}

extension JobEvent {
    fileprivate var json: JSON {
        .object([
            "at": .time(at), "attempt": .number(attempt), "what": .text(what.rawValue),
            "detail": .optional(detail),
        ])
    }
}

extension JobStep {
    fileprivate var json: JSON {
        .object(["name": .text(name), "attempt": .number(attempt), "at": .time(at)])
    }
}

extension JobProgress {
    fileprivate var json: JSON {
        .object([
            "done": .number(done), "total": .number(total), "message": .optional(message),
            "at": .time(at),
        ])
    }
}
