/// Why a job has no output.
public enum JobOutputError: Error, Sendable, Hashable {
    /// It failed too often, or for good. The last failure, if it is known.
    case died(JobID, Failure?)
    case cancelled(JobID, reason: String?)
    /// It would have begun too late.
    case expired(JobID)
    /// It isn't finished yet; it goes on.
    case notInTime(JobID, Duration)
    /// It succeeded without saying anything.
    case missing(JobID)
    /// What it left behind isn't of the type that was asked for.
    case undecodable(JobID, why: String)
}

extension JobOutputError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .died(let id, let failure):
            "Job \(id) is dead" + (failure.map { ": \($0.kind): \($0.message)" } ?? ".")
        case .cancelled(let id, let reason):
            "Job \(id) was cancelled" + (reason.map { ": \($0)" } ?? ".")
        case .expired(let id): "Job \(id) was cancelled, since it would have begun too late."
        case .notInTime(let id, let length): "Job \(id) isn't finished after \(length)."
        case .missing(let id): "Job \(id) has succeeded, but has left no output."
        case .undecodable(let id, let why): "Can't read the output of job \(id): \(why)"
        }
    }
}
