import SkepQueue

extension Job {
    /// The fields of a job, as docs/json-output.md lists them.
    var json: JSON {
        .object([
            "id": .id(id),
            "queue": .name(queue),
            "kind": .name(kind),
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

extension [Job] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("JOB"), .fixed("STATE"), .flexible("QUEUE"), .flexible("KIND"),
            .fixed("ATTEMPT"), .fixed("FAILURES"), .fixed("SINCE"), .flexible("REASON"),
        ])
        for job in self {
            table.add([
                "\(job.id)", job.isCancelRequested ? "\(job.state.rawValue)!" : job.state.rawValue,
                job.queue.rawValue, job.kind.rawValue, "\(job.attempt)",
                "\(job.failures)/\(job.maxFailures)", job.standing(now), job.reason ?? "",
            ])
        }
        return table
    }
}

/// A job with what is known of its attempts.
struct JobDetails {
    let job: Job
    let failures: [RecordedFailure]
    let result: [UInt8]?

    var json: JSON {
        guard case .object(let members) = job.json else { return .null }
        return .object(
            members + [
                .init(key: "payload", value: Self.text(job.payload)),
                .init(key: "result", value: result.map(Self.text) ?? .null),
                .init(key: "failure_history", value: .list(failures.map(\.json))),
            ])
    }

    func show(on console: Console, now: Timestamp) {
        console.show([
            ("job", "\(job.id)"),
            ("state", job.state.rawValue + (job.isCancelRequested ? ", to be cancelled" : "")),
            ("since", job.standing(now)),
            ("reason", job.reason),
            ("queue", job.queue.rawValue),
            ("kind", job.kind.rawValue),
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
                + [.fixed("OLDEST READY"), .fixed("NEXT DUE")])
        for status in self {
            table.add(
                [status.queue.rawValue]
                    + Job.State.allCases.map { String(status.counts[$0] ?? 0) }
                    + [
                        status.oldestReadyAt.map { TimeText.relative($0, to: now) } ?? "-",
                        status.nextDue.map { TimeText.relative($0, to: now) } ?? "-",
                    ])
        }
        return table
    }

    func keyTable() -> Table {
        var table = Table([
            .flexible("QUEUE"), .flexible("KEY"), .fixed("LEASED"), .fixed("LIMIT"),
            .fixed("READY"),
        ])
        for status in self {
            for key in status.keys {
                table.add([
                    status.queue.rawValue, key.key.rawValue, "\(key.leased)",
                    key.limit.map(String.init) ?? "-", "\(key.ready)",
                ])
            }
        }
        return table
    }
}
