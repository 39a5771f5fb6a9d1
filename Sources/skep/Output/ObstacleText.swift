import SkepEngine
import SkepQueue

extension JobObstacle {
    /// Why the job isn't running, seen from `now`.
    func sentence(_ now: Timestamp) -> String { sentence { TimeText.relative($0, to: now) } }

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
