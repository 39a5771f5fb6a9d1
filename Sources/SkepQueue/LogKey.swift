internal import Logging

/// The metadata keys of this module's log lines.
enum LogKey {
    static let attempt = "job.attempt"
    static let attempts = "attempts"
    static let duration = "duration_ms"
    static let error = "error"
    static let job = "job.id"
    static let jobs = "job.ids"
    static let kind = "job.kind"
    static let outcome = "outcome"
    static let queue = "queue"
    static let reason = "reason"
    static let schedule = "schedule"
    static let stopReason = "stop.reason"
    static let worker = "worker.id"
}

extension Lease {
    /// What each log line of the attempt says: job, attempt, kind, queue and worker.
    func logFacts(and more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging([
            LogKey.job: "\(job.id)", LogKey.attempt: "\(job.attempt)", LogKey.kind: "\(job.kind)",
            LogKey.queue: "\(job.queue)", LogKey.worker: "\(worker)",
        ]) { more, _ in more }
    }
}
