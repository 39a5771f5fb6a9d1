internal import SkepCore
public import SkepQueue

// What the queue knows of why a job isn't running, for people: `skep queue show`, `skep why`,
// `skep status` and `/skep why` say the same.
extension JobObstacle {
    /// - Parameter moment: Says a time: "in 3 h", "2026-11-22 18:20 UTC".
    public func sentence(_ moment: (Timestamp) -> String) -> String {
        switch self {
        case .finished(let state, let reason):
            return "It \(state.predicate)" + (reason.map { ": \($0)" } ?? ".")
        case .held: return "It is held."
        case .scheduled(let at, let reason):
            return "It is due \(moment(at))" + (reason.map { ": \($0)" } ?? ".")
        case .dependsOn(let jobs):
            let shown = jobs.prefix(5).map { "\($0)" }
            let more = jobs.count > shown.count ? ["\(jobs.count - shown.count) more"] : []
            return "It waits for job \(Phrase.list(shown + more))"
        case .awaitsEvent(let event, let until):
            return "It waits for \"\(event.name)\"" + (until.map { ", until \(moment($0))" } ?? "")
                + "."
        case .queuePaused(let queue): return "Queue \"\(queue)\" is paused."
        case .queueFull(let queue, let limit, _):
            return limit == 0
                ? "Queue \"\(queue)\" runs none: its limit is 0."
                : "Queue \"\(queue)\" runs \(limit) at once, and that many run."
        case .keyFull(let key, let limit, let running):
            let jobs = running.prefix(5).map { "job \($0)" }
            return "Key \"\(key)\" runs \(limit) at once: "
                + (jobs.isEmpty ? "none" : Phrase.list(jobs)) + "."
        case .queueRate(let queue, let rate, let opensAt):
            return "Queue \"\(queue)\" begins \(rate.words); the next one \(moment(opensAt))."
        case .keyRate(let key, let rate, let opensAt):
            return "Key \"\(key)\" begins \(rate.words); the next one \(moment(opensAt))."
        case .noWorker(let queue): return "No worker takes jobs of queue \"\(queue)\"."
        case .unknownKind(let kind): return "No worker knows jobs of kind \"\(kind)\"."
        case .workersBusy(let slots):
            return "All \(Phrase.count(slots, "slot")) of the workers are taken."
        case .behind(let count):
            if count >= 1000 { return "A thousand or more go before it." }
            return count == 1 ? "1 job goes before it." : "\(count) jobs go before it."
        }
    }

    /// What a person can enter about it.
    public func advice(for job: JobID) -> String? {
        switch self {
        case .held: "skep queue let-go \(job)"
        case .queuePaused(let queue): "skep queue resume \(queue)"
        case .noWorker: "skep serve, or skep work"
        case .queueFull(let queue, _, _): "skep queue limit \(queue)"
        case .awaitsEvent(let event, _):
            "skep queue send \(event.name)" + (event.job.map { " --job \($0)" } ?? "")
        case .scheduled: "skep queue retry \(job)"
        case .finished, .dependsOn, .keyFull, .queueRate, .keyRate, .unknownKind, .workersBusy,
            .behind:
            nil
        }
    }
}

extension RateLimit {
    /// "100/m", and the burst where it isn't the count.
    public var words: String {
        let seconds = per.milliseconds / 1000
        let units: [(Int64, String)] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
        var length = "\(per.milliseconds)ms"
        if seconds > 0, per == .seconds(seconds),
            let (unit, letter) = units.first(where: { seconds % $0.0 == 0 })
        {
            length = (seconds == unit ? "" : "\(seconds / unit)") + letter
        }
        return "\(count)/\(length)" + (burst == count ? "" : ", \(burst) at once")
    }
}
