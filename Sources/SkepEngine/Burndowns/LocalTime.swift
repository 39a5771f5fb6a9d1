internal import Foundation
internal import SkepCore
internal import SkepQueue

/// Tells points in time by the clocks of a time zone, for people.
struct LocalTime: Sendable {
    /// An IANA name.
    let identifier: String
    private let zone: TimeZone

    /// - Parameter identifier: One that isn't known tells the time in UTC.
    init(_ identifier: String) {
        if let zone = TimeZone(identifier: identifier) {
            self.zone = zone
            self.identifier = identifier
        } else {
            zone = .gmt
            self.identifier = "UTC"
        }
    }

    /// By this machine's clocks.
    static var machine: LocalTime { LocalTime(TimeZone.current.identifier) }

    /// The day that a time lies in: its first instant, and the next day's.
    func day(around time: Timestamp) -> (start: Timestamp, end: Timestamp) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let start = calendar.startOfDay(
            for: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000))
        // Some days have no midnight, and none has more than 26 hours: noon of the next is safe.
        let end = calendar.startOfDay(for: start.addingTimeInterval(36 * 3600))
        func timestamp(_ date: Date) -> Timestamp {
            Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
        }
        return (timestamp(start), timestamp(end))
    }

    /// "16:00" on the day of `now`, else "2026-03-28 16:00".
    func moment(_ time: Timestamp, seenFrom now: Timestamp) -> String {
        day(time) == day(now) ? hour(time) : minute(time)
    }

    /// "2026-03-28".
    func day(_ time: Timestamp) -> String { String(text(time).prefix(10)) }

    /// "06:03".
    func hour(_ time: Timestamp) -> String { String(text(time).dropFirst(11).prefix(5)) }

    /// "2026-03-28 06:03".
    func minute(_ time: Timestamp) -> String { "\(day(time)) \(hour(time))" }

    private func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
            .ISO8601Format(Date.ISO8601FormatStyle(timeZone: zone))
    }
}

extension SwarmParts {
    /// By whose clocks a burn-down is told of: those of the workflow whose tick began it, else those
    /// of this machine.
    func localTime(of burndown: Burndown, machine: ScheduleTimeZone) -> LocalTime {
        if case .tick(let name, _)? = TriggerCause(burndown.cause),
            let template = workflows.first(where: { $0.name == name })?.burndown
        {
            return LocalTime(template.timeZone)
        }
        return LocalTime(machine.identifier)
    }
}
