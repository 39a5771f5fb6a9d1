import SkepQueue

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Points in time as clocks of a zone show them, for people. Programs get RFC 3339 in UTC.
struct LocalTime: Sendable {
    private let zone: TimeZone

    init(_ zone: TimeZone = .current) { self.zone = zone }

    /// - Parameter identifier: An IANA name; one that isn't known means UTC.
    init(named identifier: String) {
        self.init(TimeZone(identifier: identifier) ?? .gmt)
    }

    /// "14:03:22"
    func second(_ time: Timestamp) -> String { part(time, 11, 8) }

    /// "14:03"
    func minute(_ time: Timestamp) -> String { part(time, 11, 5) }

    /// "2026-11-22"
    func day(_ time: Timestamp) -> String { part(time, 0, 10) }

    /// "Sun 2026-11-22 14:03"
    func dayAndMinute(_ time: Timestamp) -> String {
        "\(weekday(time)) \(day(time)) \(minute(time))"
    }

    /// "06:00" for the next day's length of time, "Mon 06:00" for the next week's, and the day
    /// otherwise.
    func brief(_ time: Timestamp, at now: Timestamp) -> String {
        switch abs((time - now).milliseconds) {
        case ..<86_400_000: minute(time)
        case ..<(6 * 86_400_000): "\(weekday(time)) \(minute(time))"
        default: dayAndMinute(time)
        }
    }

    private func weekday(_ time: Timestamp) -> String {
        let local = shifted(time).milliseconds
        let days = (local >= 0 ? local : local - 86_399_999) / 86_400_000
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        return names[Int((days % 7 + 7) % 7)]
    }

    private func part(_ time: Timestamp, _ start: Int, _ length: Int) -> String {
        String(TimeText.rfc3339(shifted(time)).dropFirst(start).prefix(length))
    }

    /// The first instant of the day that a time lies in.
    func startOfDay(_ time: Timestamp) -> Timestamp {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        return Timestamp(
            milliseconds: Int64(calendar.startOfDay(for: date).timeIntervalSince1970 * 1000))
    }

    /// A time whose UTC is what the zone's clocks show.
    private func shifted(_ time: Timestamp) -> Timestamp {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        return time + .seconds(zone.secondsFromGMT(for: date))
    }
}
