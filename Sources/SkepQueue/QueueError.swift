/// What can go wrong with a queue.
public enum QueueError: Error, Sendable, Hashable {
    /// Another attempt has begun, or the job is finished: what its former holder says is refused.
    case leaseLost(JobID, attempt: Int)
    case noSuchJob(JobID)
    /// The job can't be retried from where it is.
    case notRetryable(JobID, Job.State)
    /// A job breaks a limit, as it is new or would be changed; nothing was written.
    case invalidJob(JobKind, reason: String)
    /// A result is too large; nothing was written.
    case resultTooLarge(JobID, bytes: Int)
    /// A step breaks a limit, or was done already; nothing was written.
    case invalidStep(String, reason: String)
    /// An event breaks a limit; nothing was written.
    case invalidEvent(EventName, reason: String)
    /// A limit, rate or semaphore can't be so; nothing was written.
    case invalidSetting(String, reason: String)
    /// The store can't be reached or can't write: a full disk, a read-only or damaged file.
    case unavailable(what: String, why: String, advice: String)
    /// COMMIT failed: it isn't known whether the write happened. Look before trying again.
    case outcomeUnknown(why: String)
    /// The file was made by a newer program.
    case newerSchema(found: String, known: String)
    /// The file can't hold a queue, such as one on a network file system, or another program's.
    case unsuitable(path: String, why: String)
}

extension QueueError: CustomStringConvertible {
    public var description: String {
        [what, why, advice].compactMap { $0 }.joined(separator: "\n")
    }

    /// What happened, and to which thing.
    public var what: String {
        switch self {
        case .leaseLost(let id, let attempt): "The lease on job \(id), attempt \(attempt), is lost."
        case .noSuchJob(let id): "There is no job \(id)"
        case .notRetryable(let id, let state): "Can't retry job \(id): it \(state.predicate)."
        case .invalidJob(let kind, _): "The queue refuses a job of kind \"\(kind)\"."
        case .resultTooLarge(let id, _): "The queue refuses the result of job \(id)."
        case .invalidStep(let name, _): "The queue refuses the step \"\(name.prefix(100))\"."
        case .invalidEvent(let name, _):
            "The queue refuses the event \"\(name.rawValue.prefix(100))\"."
        case .invalidSetting(let what, _): "Can't set \(what)."
        case .unavailable(let what, _, _): what
        case .outcomeUnknown: "It isn't known whether the last write was kept."
        case .newerSchema: "The database was made by a newer version."
        case .unsuitable(let path, _): "Can't keep a queue in \"\(path)\"."
        }
    }

    public var why: String? {
        switch self {
        case .leaseLost: "Its time ran out, and another worker may have it, or it was finished."
        case .noSuchJob: nil
        case .notRetryable: nil
        case .invalidJob(_, let reason), .invalidStep(_, let reason),
            .invalidEvent(_, let reason), .invalidSetting(_, let reason):
            reason
        case .unavailable(_, let why, _): why
        case .resultTooLarge(_, let bytes):
            "It has \(bytes) bytes; \(NewJob.maxPayloadBytes) are allowed."
        case .outcomeUnknown(let why): why
        case .newerSchema(let found, let known):
            "It has \"\(found)\"; this program knows up to \"\(known)\"."
        case .unsuitable(_, let why): why
        }
    }

    public var advice: String? {
        switch self {
        case .leaseLost: nil
        case .noSuchJob: "It may have been removed since: finished jobs are kept for a time only."
        case .notRetryable: "Only jobs that are dead, cancelled or waiting can be retried."
        case .invalidJob, .invalidStep, .invalidEvent, .invalidSetting: nil
        case .resultTooLarge: "Put what is large into a file, and its name into the result."
        case .unavailable(_, _, let advice): advice
        case .outcomeUnknown: "Look at the job before doing it again."
        case .newerSchema: "Use the newer program; this one leaves the file as it is."
        case .unsuitable: "Use another place for it: a file of its own, on a local disk."
        }
    }
}

extension Job.State {
    /// What is said of a job in it: "has succeeded", "is dead".
    public var predicate: String { self == .succeeded ? "has succeeded" : "is \(rawValue)" }
}
