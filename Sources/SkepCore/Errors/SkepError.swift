public import SkepQueue

/// What sort of failure it is; decides the program's exit status.
public enum ErrorKind: String, Sendable, CaseIterable {
    /// Not found, already so, not in that state.
    case conflict
    /// Somebody or something said no.
    case refused
    /// The command line is wrong.
    case usage
    /// Something outside can't be reached; trying later may help.
    case unavailable
    /// The configuration is wrong.
    case configuration
    /// A mistake in Skep itself.
    case defect
}

/// An error with three parts: what happened, why if known, what to do.
public protocol SkepError: Error, Sendable, CustomStringConvertible {
    var kind: ErrorKind { get }
    /// What happened, and to which thing. One sentence; an id at its end stands without full stop.
    var what: String { get }
    var why: String? { get }
    var advice: String? { get }
    /// Whether the same thing may do later without anybody changing anything here.
    var mayPass: Bool { get }
    /// When that is worth trying, where somebody said so.
    var retryAt: Timestamp? { get }
}

extension SkepError {
    public var why: String? { nil }
    public var advice: String? { nil }
    public var mayPass: Bool { kind == .unavailable }
    public var retryAt: Timestamp? { nil }

    public var description: String {
        [what, why, advice].compactMap { $0 }.joined(separator: "\n")
    }
}

extension QueueError: SkepError {
    public var kind: ErrorKind {
        switch self {
        case .leaseLost, .noSuchJob, .notRetryable: .conflict
        case .invalidJob, .invalidStep, .invalidEvent, .invalidSetting, .resultTooLarge:
            .refused
        case .unavailable, .outcomeUnknown: .unavailable
        case .newerSchema, .unsuitable: .configuration
        }
    }
}

extension ScheduleError: SkepError {
    public var kind: ErrorKind {
        switch self {
        case .invalidExpression, .unknownAbbreviation, .neverComes, .unknownTimeZone, .invalid,
            .nameTaken:
            .configuration
        case .noSuchSchedule, .stillRunning: .conflict
        }
    }
}
