import SkepCore
import SkepQueue

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
            .init(key: "is_paused", value: .boolean(isPaused)),
            .init(key: "limit", value: .number(limit)),
            .init(key: "rate", value: .optional(rate.map(RateText.text))),
            .init(
                key: "ready_by_kind",
                value: .object(
                    readyByKind.sorted { $0.key < $1.key }.map {
                        .init(key: $0.key.rawValue, value: .number($0.value))
                    })),
            .init(key: "finished_per_minute", value: .number(Int(finishedPerMinute.rounded()))),
            .init(key: "enqueued_per_minute", value: .number(Int(enqueuedPerMinute.rounded()))),
            .init(key: "seconds_to_drain", value: .number(timeToDrain?.components.seconds)),
            .init(key: "oldest_ready_at", value: .time(oldestReadyAt)),
            .init(key: "next_due_at", value: .time(nextDue)),
            .init(
                key: "keys",
                value: .list(
                    keys.map { key in
                        .object([
                            "key": .name(key.key),
                            "limit": .number(key.limit),
                            "rate": .optional(key.rate.map(RateText.text)),
                            "leased": .number(key.leased),
                            "ready": .number(key.ready),
                        ])
                    })),
        ])
    }

    var shownTimeToDrain: String {
        guard (counts[.ready] ?? 0) + (counts[.leased] ?? 0) > 0 else { return "-" }
        return timeToDrain.map(TimeText.short) ?? "-"
    }

    /// "steps (paused)"
    var shownName: String { queue.rawValue + (isPaused ? " (paused)" : "") }

    /// "at most 4, 100/m"
    var shownLimits: String {
        [
            limit.map { "at most \($0)" }, rate.map(RateText.text),
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

extension [QueueStatus] {
    func table(_ now: Timestamp) -> Table {
        var table = Table(
            [.flexible("QUEUE")] + Job.State.allCases.map { .fixed($0.rawValue.uppercased()) }
                + [
                    .fixed("OLDEST"), .fixed("NEXT DUE"), .optional("DONE/MIN"),
                    .optional("DRAINED IN"), .optional("LIMITS"),
                ])
        for status in self {
            table.add(
                [status.shownName]
                    + Job.State.allCases.map { String(status.counts[$0] ?? 0) }
                    + [
                        status.oldestReadyAt.map { TimeText.short(now - $0) } ?? "-",
                        status.nextDue.map { TimeText.relative($0, to: now) } ?? "-",
                        Phrase.grouped(Int(status.finishedPerMinute.rounded())),
                        status.shownTimeToDrain, status.shownLimits,
                    ])
        }
        return table.withoutEmptyColumns(keeping: ["QUEUE", "READY", "LEASED"])
    }

    /// Keys at which something is going on, and below them the limits of agents that there are.
    ///
    /// - Parameter agents: The keys of agents; `nil` where they aren't known.
    func keyTable(agents: Set<ConcurrencyKey>?) -> Table {
        var table = Table([
            .flexible("QUEUE"), .flexible("KEY"), .fixed("LEASED"), .fixed("LIMIT"),
            .fixed("READY"), .optional("RATE"),
        ])
        let keys = flatMap { status in status.keys.map { (queue: status.queue, key: $0) } }
        let busy = keys.filter { $0.key.leased > 0 || $0.key.ready > 0 }
        let idle = keys.filter { _, key in
            key.leased == 0 && key.ready == 0 && key.limit != nil
                && agents?.contains(key.key) ?? true
        }
        for (queue, key) in busy + idle {
            table.add([
                queue.rawValue, key.key.rawValue, "\(key.leased)",
                key.limit.map(String.init) ?? "-", "\(key.ready)",
                key.rate.map(RateText.text) ?? "-",
            ])
        }
        return table.withoutEmptyColumns(keeping: ["QUEUE", "KEY", "LEASED", "LIMIT", "READY"])
    }
}

extension WorkerStatus {
    var json: JSON {
        .object([
            "worker_id": .name(worker),
            "process_id": .number(processID),
            "is_alive": .boolean(isAlive),
            "started_at": .time(startedAt),
            "slots": .object(
                (offer?.slots ?? [:]).sorted { $0.key < $1.key }.map {
                    .init(key: $0.key.rawValue, value: .number($0.value))
                }),
            "kinds": offer?.kinds.map { .list($0.sorted().map { .name($0) }) } ?? .null,
            "leased_job_ids": .list(leased.map { .id($0) }),
        ])
    }

    /// "steps 4, reports 2"
    fileprivate var shownSlots: String {
        (offer?.slots ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}

extension [WorkerStatus] {
    func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("WORKER"), .fixed("PROCESS"), .fixed("SINCE"), .flexible("SLOTS"),
            .optional("KINDS"), .flexible("RUNS"),
        ])
        for worker in self {
            let kinds = worker.offer?.kinds.map { $0.sorted().map(\.rawValue) }
            let more = worker.leased.count > 8 ? " and \(worker.leased.count - 8) more" : ""
            table.add([
                worker.worker.rawValue, worker.isAlive ? "\(worker.processID)" : "gone",
                TimeText.relative(worker.startedAt, to: now), worker.shownSlots,
                kinds.map { $0.joined(separator: ", ") } ?? "all",
                worker.leased.prefix(8).map { "\($0)" }.joined(separator: ", ") + more,
            ])
        }
        return table
    }
}

extension SemaphoreStatus {
    var json: JSON {
        .object([
            "name": .name(name), "permits": .number(permits),
            "held_by": .list(held.map { .name($0.holder) }),
            "waiting": .list(waiting.map { .name($0) }),
        ])
    }
}

extension [SemaphoreStatus] {
    var table: Table {
        var table = Table([
            .flexible("LOCK"), .fixed("PERMITS"), .flexible("HELD BY"), .fixed("WAITING"),
        ])
        for semaphore in self {
            table.add([
                semaphore.name.rawValue, "\(semaphore.permits)",
                semaphore.held.map(\.holder.rawValue).joined(separator: ", "),
                "\(semaphore.waiting.count)",
            ])
        }
        return table
    }
}
