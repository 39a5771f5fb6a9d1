/// The keys of log metadata; nothing is logged under another.
public enum LogKeys {
    public static let issue = "issue.id"
    public static let run = "run.id"
    public static let job = "job.id"
    public static let attempt = "job.attempt"
    public static let worker = "worker.id"
    public static let session = "session.id"
    public static let agent = "agent.name"
    public static let repository = "repository"
    public static let step = "step"
    public static let outcome = "outcome"
    public static let durationMS = "duration_ms"
    public static let errorKind = "error.kind"
    public static let error = "error"
    public static let count = "count"
    public static let path = "path"
}
