import SkepCore
import SkepQueue

extension JobObstacle {
    /// Why the job isn't running, as a person reads it.
    func sentence(_ now: Timestamp) -> String {
        switch self {
        case .finished(let state, let reason):
            return "It \(state.predicate)" + (reason.map { ": \($0)" } ?? ".")
        case .held: return "It is held."
        case .scheduled(let at, let reason):
            return "It is due \(TimeText.relative(at, to: now))" + (reason.map { ": \($0)" } ?? ".")
        case .dependsOn(let jobs):
            let shown = jobs.prefix(5).map { "\($0)" }
            let more = jobs.count > shown.count ? ["\(jobs.count - shown.count) more"] : []
            return "It waits for job \(TimeText.list(shown + more, "and"))"
        case .awaitsEvent(let event, let until):
            return "It waits for \"\(event.name)\""
                + (until.map { ", until \(TimeText.relative($0, to: now))" } ?? "") + "."
        case .queuePaused(let queue): return "Queue \"\(queue)\" is paused."
        case .queueFull(let queue, let limit, _):
            return "Queue \"\(queue)\" runs \(limit) at once, and that many run."
        case .keyFull(let key, let limit, let running):
            return "Key \"\(key)\" runs \(limit) at once: "
                + (running.isEmpty
                    ? "none." : TimeText.list(running.prefix(5).map { "job \($0)" }, "and") + ".")
        case .queueRate(let queue, let rate, let opensAt):
            return "Queue \"\(queue)\" begins \(RateText.text(rate)); the next one "
                + "\(TimeText.relative(opensAt, to: now))."
        case .keyRate(let key, let rate, let opensAt):
            return "Key \"\(key)\" begins \(RateText.text(rate)); the next one "
                + "\(TimeText.relative(opensAt, to: now))."
        case .noWorker(let queue): return "No worker takes jobs of queue \"\(queue)\"."
        case .unknownKind(let kind): return "No worker knows jobs of kind \"\(kind)\"."
        case .workersBusy(let slots):
            return "All \(TimeText.count(slots, "slot")) of the workers are taken."
        case .behind(let count):
            return "\(count >= 1000 ? "A thousand or more" : TimeText.count(count, "job")) "
                + (count == 1 ? "goes" : "go") + " before it."
        }
    }

    /// What a person can do about it.
    func advice(for job: JobID) -> String? {
        switch self {
        case .held: "skep queue let-go \(job)"
        case .queuePaused(let queue): "skep queue resume \(queue)"
        case .noWorker: "skep serve, or skep work"
        case .queueFull(let queue, _, _): "skep queue limit \(queue)"
        case .awaitsEvent(let event, _):
            "skep queue send \(event.name)" + (event.job.map { " --job \($0)" } ?? "")
        case .scheduled: "skep queue retry \(job)"
        default: nil
        }
    }

    /// A word for it, with the facts that a program may need.
    var json: JSON {
        func object(
            _ kind: String, until: Timestamp? = nil, jobs: [JobID] = [], _ name: String? = nil
        ) -> JSON {
            .object([
                "kind": .text(kind), "name": .optional(name), "until": .time(until),
                "job_ids": .list(jobs.map { .id($0) }),
            ])
        }
        return switch self {
        case .finished(let state, _): object("finished", state.rawValue)
        case .held: object("held")
        case .scheduled(let at, _): object("scheduled", until: at)
        case .dependsOn(let jobs): object("depends_on", jobs: jobs)
        case .awaitsEvent(let event, let until):
            object("awaits_event", until: until, event.name.rawValue)
        case .queuePaused(let queue): object("queue_paused", queue.rawValue)
        case .queueFull(let queue, _, let running):
            object("queue_full", jobs: running, queue.rawValue)
        case .keyFull(let key, _, let running): object("key_full", jobs: running, key.rawValue)
        case .queueRate(let queue, _, let at): object("queue_rate", until: at, queue.rawValue)
        case .keyRate(let key, _, let at): object("key_rate", until: at, key.rawValue)
        case .noWorker(let queue): object("no_worker", queue.rawValue)
        case .unknownKind(let kind): object("unknown_kind", kind.rawValue)
        case .workersBusy: object("workers_busy")
        case .behind: object("behind")
        }
    }
}
