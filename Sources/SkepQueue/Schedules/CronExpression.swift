/// Times of the wall clock that come again and again, written as cron does: "30 2 * * MON-FRI".
///
/// Five fields: minute, hour, day of month, month, day of week; or six, with the second first. Each
/// is a list of `*`, numbers, names (JAN, MON), ranges (`1-5`) and steps (`*/15`, `10-50/20`), with
/// commas between. `@hourly`, `@daily` or `@midnight`, `@weekly`, `@monthly` and `@yearly` stand
/// for the beginning of each. Sunday is 0 and 7.
///
/// As in Vixie's cron (crontab(5)), a day matches if the day of month *or* the day of week does
/// when both are restricted, that is when neither begins with `*`; otherwise both must.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The expression as it was given, with single spaces.
    public let text: String

    let seconds: CronValues
    let minutes: CronValues
    let hours: CronValues
    let days: CronValues
    let months: CronValues
    let weekdays: CronValues

    private static let abbreviations = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
    ]

    /// Reads an expression.
    ///
    /// - Throws: `ScheduleError.invalidExpression`, `.unknownAbbreviation`, and `.neverComes` when
    ///   no day of any year matches, such as February 30.
    public init(_ text: String) throws(ScheduleError) {
        let given = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var expression = given
        if given.hasPrefix("@") {
            guard let full = Self.abbreviations[given.lowercased()] else {
                throw .unknownAbbreviation(given, known: Self.abbreviations.keys.sorted())
            }
            expression = full
        }
        var parts = expression.split(separator: " ")
        guard (5...6).contains(parts.count) else {
            throw .invalidExpression(
                given, field: nil,
                reason: "It has \(parts.count) field\(parts.count == 1 ? "" : "s"); "
                    + "5 are needed, or 6 with the second first.")
        }
        if parts.count == 5 { parts.insert("0", at: 0) }

        func values(_ field: CronField, _ part: Substring) throws(ScheduleError) -> CronValues {
            do {
                return try field.values(of: part)
            } catch {
                throw .invalidExpression(given, field: field, reason: error.reason)
            }
        }
        self.text = given
        seconds = try values(.second, parts[0])
        minutes = try values(.minute, parts[1])
        hours = try values(.hour, parts[2])
        days = try values(.dayOfMonth, parts[3])
        months = try values(.month, parts[4])
        weekdays = try values(.dayOfWeek, parts[5])
        guard first(notBefore: 0) != nil else { throw .neverComes(given) }
    }

    public var description: String { text }

    /// Whether it comes in every hour, and so is an interval rather than a time of day.
    var isHourly: Bool { hours.count == 24 }

    func matches(_ date: CivilDate) -> Bool {
        guard months.contains(date.month) else { return false }
        let isDay = days.contains(date.day)
        let isWeekday = weekdays.contains(date.weekday)
        return days.startsWithStar || weekdays.startsWithStar
            ? isDay && isWeekday : isDay || isWeekday
    }

    /// The first time that matches, from a local time on; local times are counted in seconds since
    /// 1970 as if there were no time zones. `nil` when none comes.
    func first(notBefore local: Int) -> Int? {
        var date = CivilDate(dayNumber: local.flooredQuotient(86_400))
        var second = local - date.dayNumber * 86_400
        // The calendar repeats after 400 years.
        let lastYear = date.year + 400
        while date.year <= lastYear {
            if !months.contains(date.month) {
                date = date.firstOfNextMonth
            } else {
                if matches(date), let match = firstSecond(from: second) {
                    return date.dayNumber * 86_400 + match
                }
                date = date.next
            }
            second = 0
        }
        return nil
    }

    /// The first second of a day that matches, from one on.
    private func firstSecond(from start: Int) -> Int? {
        let (hour, minute, second) = (start / 3600, start / 60 % 60, start % 60)
        func time(_ hour: Int, _ minute: Int?, _ second: Int?) -> Int? {
            guard let minute, let second else { return nil }
            return hour * 3600 + minute * 60 + second
        }
        if hours.contains(hour) {
            if minutes.contains(minute), let found = time(hour, minute, seconds.first(from: second))
            {
                return found
            }
            if let found = time(hour, minutes.first(from: minute + 1), seconds.first()) {
                return found
            }
        }
        guard let next = hours.first(from: hour + 1) else { return nil }
        return time(next, minutes.first(), seconds.first())
    }
}
