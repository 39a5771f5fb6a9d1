/// An error by which a handler decides what becomes of its job.
///
/// Any other error counts as a failure, and the retry policy says when to try again.
public protocol JobFailure: Error {
    /// A short word for programs, such as "quota_exceeded".
    var kind: String { get }
    /// What happened, for people.
    var message: String { get }
    var decision: JobFailureDecision { get }
}

/// What becomes of a job whose attempt failed.
public enum JobFailureDecision: Sendable, Hashable {
    /// It counts; tried again then, unless it has failed too often. `nil`: the retry policy says
    /// when.
    case retry(JobTime?)
    /// It has failed for good, and is dead.
    case permanent
    /// It doesn't count; tried again then.
    case snooze(JobTime)
}

/// Thrown by a handler: trying again is no use.
public struct PermanentFailure: JobFailure, Hashable {
    public let kind: String
    public let message: String
    public var decision: JobFailureDecision { .permanent }

    public init(kind: String = Failure.handlerThrew, message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Thrown by a handler: not now, without a failure.
public struct Snooze: JobFailure, Hashable {
    public var kind: String { Failure.snoozed }
    public let message: String
    public let decision: JobFailureDecision

    public init(until time: Timestamp, reason: String) {
        message = reason
        decision = .snooze(.at(time))
    }

    public init(for length: Duration, reason: String) {
        message = reason
        decision = .snooze(.after(length))
    }
}

/// Thrown through a handler by what must end the attempt to wait: a durable sleep, an event.
struct Suspension: Error {
    let settlement: Settlement
}
