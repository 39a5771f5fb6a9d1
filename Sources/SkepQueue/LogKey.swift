/// The metadata keys of this module's log lines.
enum LogKey {
    static let attempt = "job.attempt"
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
