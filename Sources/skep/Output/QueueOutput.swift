import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore

/// A job with what it is done for.
struct ListedJob {
    let job: Job
    /// `nil` for jobs that aren't the swarm's.
    let subject: JobSubject?

    static func list(_ jobs: [Job], from queue: SQLiteQueueStore) async throws -> [ListedJob] {
        let subjects = try await SQLiteSwarmStore(queue).subjects(of: jobs)
        return jobs.map { ListedJob(job: $0, subject: subjects[$0.id]) }
    }

    /// "run 5 work", "report of run 5"; of other jobs the kind.
    var about: String {
        guard let subject else { return job.kind.rawValue }
        guard let run = subject.run else { return "report on \(subject.place)" }
        return subject.step.map { "run \(run) \($0)" } ?? "report of run \(run)"
    }

    /// What it waits for, or what went wrong when it was tried last.
    var reason: String? { job.reason ?? (job.state == .succeeded ? nil : subject?.lastFailure) }

    /// The fields of a job, as docs/json-output.md lists them.
    var json: JSON { .object(members) }

    var members: [JSON.Member] { job.members(run: subject?.run) }
}

extension Job {
    fileprivate func members(run: RunID?) -> [JSON.Member] {
        let object = JSON.object([
            "id": .id(id),
            "queue": .name(queue),
            "kind": .name(kind),
            "run_id": .id(run),
            "state": .name(state),
            "priority": .number(priority),
            "concurrency_key": .name(concurrencyKey),
            "unique_key": .optional(uniqueKey),
            "attempt": .number(attempt),
            "failures": .number(failures),
            "max_failures": .number(maxFailures),
            "enqueued_at": .time(enqueuedAt),
            "not_before": .time(notBefore),
            "ready_at": .time(readyAt),
            "leased_at": .time(leasedAt),
            "finished_at": .time(finishedAt),
            "worker_id": .name(worker),
            "is_cancel_requested": .boolean(isCancelRequested),
            "reason": .optional(reason),
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    /// Since when or until when it is where it is.
    func standing(_ now: Timestamp) -> String {
        switch state {
        case .scheduled: "due " + TimeText.relative(notBefore, to: now)
        case .ready: "ready " + TimeText.relative(readyAt ?? enqueuedAt, to: now)
        case .leased: "begun " + TimeText.relative(leasedAt ?? enqueuedAt, to: now)
        case .succeeded, .dead, .cancelled:
            "ended " + TimeText.relative(finishedAt ?? enqueuedAt, to: now)
        }
    }
}

extension [ListedJob] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("JOB"), .fixed("STATE"), .flexible("QUEUE"), .flexible("ABOUT"),
            .fixed("ATTEMPT"), .fixed("FAILURES"), .fixed("SINCE"), .flexible("REASON"),
        ])
        for listed in self {
            let job = listed.job
            table.add([
                "\(job.id)", job.isCancelRequested ? "\(job.state.rawValue)!" : job.state.rawValue,
                job.queue.rawValue, listed.about, "\(job.attempt)",
                "\(job.failures)/\(job.maxFailures)", job.standing(now), listed.reason ?? "",
            ])
        }
        return table
    }
}

/// A job with what is known of its attempts.
struct JobDetails {
    let listed: ListedJob
    let failures: [RecordedFailure]
    let result: [UInt8]?

    var json: JSON {
        .object(
            listed.members + [
                .init(key: "payload", value: Self.text(job.payload)),
                .init(key: "result", value: result.map(Self.text) ?? .null),
                .init(key: "failure_history", value: .list(failures.map(\.json))),
            ])
    }

    private var job: Job { listed.job }

    func show(on console: Console, now: Timestamp) {
        console.show([
            ("job", "\(job.id)"),
            ("state", job.state.rawValue + (job.isCancelRequested ? ", to be cancelled" : "")),
            ("since", job.standing(now)),
            ("reason", listed.reason),
            ("queue", job.queue.rawValue),
            ("kind", job.kind.rawValue),
            ("about", listed.subject == nil ? nil : listed.about),
            ("priority", "\(job.priority)"),
            ("key", job.concurrencyKey?.rawValue),
            ("attempt", "\(job.attempt)"),
            ("failures", "\(job.failures) of \(job.maxFailures)"),
            ("enqueued", TimeText.rfc3339(job.enqueuedAt)),
            ("worker", job.worker?.rawValue),
            ("payload", Self.preview(job.payload)),
            ("result", result.map(Self.preview)),
        ])
        guard !failures.isEmpty else { return }
        console.heading("Failures")
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
        console.show(table)
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

extension QueueStatus {
    var json: JSON {
        .object([
            .init(key: "queue", value: .name(queue)),
            .init(
                key: "counts",
                value: .object(
                    Job.State.allCases.map {
                        .init(key: $0.rawValue, value: .number(counts[$0] ?? 0))
                    })),
            .init(key: "oldest_ready_at", value: .time(oldestReadyAt)),
            .init(key: "next_due_at", value: .time(nextDue)),
            .init(
                key: "keys",
                value: .list(
                    keys.map { key in
                        .object([
                            "key": .name(key.key),
                            "limit": .number(key.limit),
                            "leased": .number(key.leased),
                            "ready": .number(key.ready),
                        ])
                    })),
        ])
    }
}

extension [QueueStatus] {
    func table(_ now: Timestamp) -> Table {
        var table = Table(
            [.flexible("QUEUE")] + Job.State.allCases.map { .fixed($0.rawValue.uppercased()) }
                + [.fixed("OLDEST"), .fixed("NEXT DUE")])
        for status in self {
            table.add(
                [status.queue.rawValue]
                    + Job.State.allCases.map { String(status.counts[$0] ?? 0) }
                    + [
                        status.oldestReadyAt.map { TimeText.short(now - $0) } ?? "-",
                        status.nextDue.map { TimeText.relative($0, to: now) } ?? "-",
                    ])
        }
        return table.withoutEmptyColumns(keeping: ["QUEUE", "READY", "LEASED"])
    }

    /// Keys at which something is going on, and the limits of agents that there are.
    ///
    /// - Parameter agents: The keys of agents; `nil` where they aren't known.
    func keyTable(agents: Set<ConcurrencyKey>?) -> Table {
        var table = Table([
            .flexible("QUEUE"), .flexible("KEY"), .fixed("LEASED"), .fixed("LIMIT"),
            .fixed("READY"),
        ])
        for status in self {
            for key in status.keys
            where key.leased > 0 || key.ready > 0
                || (key.limit != nil && agents?.contains(key.key) ?? true)
            {
                table.add([
                    status.queue.rawValue, key.key.rawValue, "\(key.leased)",
                    key.limit.map(String.init) ?? "-", "\(key.ready)",
                ])
            }
        }
        return table
    }
}
