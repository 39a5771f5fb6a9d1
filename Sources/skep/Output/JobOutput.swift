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
            "unique_scope": uniqueKey == nil ? .null : .text(uniqueScope.word),
            "tags": .list(tags.map { .text($0) }),
            "attempt": .number(attempt),
            "failures": .number(failures),
            "max_failures": .number(maxFailures),
            "enqueued_at": .time(enqueuedAt),
            "not_before": .time(notBefore),
            "expires_at": .time(expiresAt),
            "timeout_ms": .number(timeout?.milliseconds),
            "ready_at": .time(readyAt),
            "leased_at": .time(leasedAt),
            "finished_at": .time(finishedAt),
            "worker_id": .name(worker),
            "is_cancel_requested": .boolean(isCancelRequested),
            "is_held": .boolean(isHeld),
            "unmet_dependencies": .number(unmetDependencies),
            "awaited_event": .name(awaitedEvent?.name),
            "reason": .optional(reason),
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    /// Since when or until when it is where it is.
    func standing(_ now: Timestamp) -> String {
        switch state {
        case .scheduled where isHeld: "held"
        case .scheduled where unmetDependencies > 0:
            "after " + Phrase.count(unmetDependencies, "job")
        case .scheduled where awaitedEvent != nil: "waits"
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

    func deadTable(_ lastFailures: [JobID: RecordedFailure], _ now: Timestamp) -> Table {
        var table = Table([
            .fixed("JOB"), .flexible("QUEUE"), .flexible("ABOUT"), .fixed("FAILURES"),
            .fixed("SINCE"), .fixed("KIND"), .flexible("LAST FAILURE"),
        ])
        for listed in self {
            let job = listed.job
            let last = lastFailures[job.id]?.failure
            table.add([
                "\(job.id)", job.queue.rawValue, listed.about,
                "\(job.failures)/\(job.maxFailures)", job.standing(now), last?.kind ?? "-",
                last?.message ?? listed.reason ?? "",
            ])
        }
        return table
    }
}

extension UniqueScope {
    fileprivate var word: String {
        switch self {
        case .waiting: "waiting"
        case .unfinished: "unfinished"
        case .window: "window"
        }
    }
}
