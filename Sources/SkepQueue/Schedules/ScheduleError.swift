/// What can be wrong with a schedule.
public enum ScheduleError: Error, Sendable, Hashable {
    /// A cron expression can't be read; `field: nil` when it has too many or too few.
    case invalidExpression(String, field: CronField?, reason: String)
    /// Something with an "@" that isn't known.
    case unknownAbbreviation(String, known: [String])
    /// No day of any year matches a cron expression.
    case neverComes(String)
    case unknownTimeZone(String)
    /// A schedule breaks a limit; nothing was written.
    case invalid(ScheduleName, reason: String)
    /// Another owner has declared a schedule of this name; nothing was written.
    case nameTaken(ScheduleName, owner: String)
    case noSuchSchedule(ScheduleName)
    /// It isn't run beside its former job, which isn't finished; or it would be the second one to
    /// wait for it.
    case stillRunning(ScheduleName, JobID)
}

extension ScheduleError: CustomStringConvertible {
    public var description: String {
        [what, why, advice].compactMap { $0 }.joined(separator: "\n")
    }

    /// What happened, and to which thing.
    public var what: String {
        switch self {
        case .invalidExpression(let text, _, _), .unknownAbbreviation(let text, _):
            "Can't read the cron expression \"\(text)\"."
        case .neverComes(let text): "The cron expression \"\(text)\" never comes."
        case .unknownTimeZone(let identifier): "There is no time zone \"\(identifier)\"."
        case .invalid(let name, _), .nameTaken(let name, _): "Can't keep the schedule \"\(name)\"."
        case .noSuchSchedule(let name): "There is no schedule \"\(name)\"."
        case .stillRunning(let name, _): "Can't run the schedule \"\(name)\" now."
        }
    }

    public var why: String? {
        switch self {
        case .invalidExpression(_, let field?, let reason): "In its \(field.words): \(reason)"
        case .invalidExpression(_, nil, let reason): reason
        case .unknownAbbreviation: "It isn't one of the abbreviations."
        case .neverComes: "It is a window that never opens: no year has such a day."
        case .unknownTimeZone: "It isn't a name of the IANA database."
        case .invalid(_, let reason): reason
        case .nameTaken(_, let owner): "\"\(owner)\" has one of this name."
        case .noSuchSchedule: nil
        case .stillRunning(_, let job): "Its job \(job) isn't finished."
        }
    }

    public var advice: String? {
        switch self {
        case .invalidExpression:
            "The fields are minute, hour, day of month, month and day of week: \"30 2 * * MON-FRI\"."
        case .unknownAbbreviation(_, let known): "There are \(known.joined(separator: ", "))."
        case .neverComes: "Look at its day of month and its month."
        case .unknownTimeZone: "Name it by region and city, such as \"Europe/Berlin\", or \"UTC\"."
        case .invalid: nil
        case .nameTaken: "Choose another name."
        case .noSuchSchedule: "\"skep schedule list\" shows those there are."
        case .stillRunning: "Wait for it or cancel it; or let the schedule's jobs overlap."
        }
    }
}
