/// When a schedule's ticks come.
public enum ScheduleTiming: Sendable, Hashable {
    /// At times of the wall clock in a zone.
    ///
    /// Where clocks are turned, a time that is skipped comes once, at the first instant after the
    /// gap, and one that comes twice counts the first time. But an expression whose hour is `*` is
    /// an interval: it goes on by elapsed time, in both passes of a doubled hour, and makes up for
    /// nothing that was skipped.
    case cron(CronExpression, timeZone: ScheduleTimeZone)
    /// At a point in time and each so much later. At least 1 s, in whole milliseconds.
    case every(Duration, since: Timestamp)
    case once(Timestamp)

    /// The shortest interval.
    public static let shortestInterval = Duration.seconds(1)

    /// The first tick after a point in time; `nil` when none comes any more.
    public func next(after time: Timestamp) -> Timestamp? {
        switch self {
        case .cron(let expression, let zone):
            return expression.next(after: time, in: zone)
        case .every(let length, let anchor):
            return Self.next(after: time, every: length.milliseconds, since: anchor)
        case .once(let moment):
            return moment > time ? moment : nil
        }
    }

    private static func next(
        after time: Timestamp, every length: Int64, since anchor: Timestamp
    ) -> Timestamp? {
        guard length > 0 else { return nil }
        guard time >= anchor else { return anchor }
        let elapsed = time.milliseconds.subtractingReportingOverflow(anchor.milliseconds)
        guard !elapsed.overflow else { return nil }
        let rest = length - elapsed.partialValue % length
        let next = time.milliseconds.addingReportingOverflow(rest)
        return next.overflow ? nil : Timestamp(milliseconds: next.partialValue)
    }
}

extension CronExpression {
    /// Times outside these years have no ticks: 1 to 9999.
    private static let supported = -62_135_596_800...253_402_300_799

    /// The first tick after a point in time, by the clocks of a zone.
    func next(after time: Timestamp, in zone: ScheduleTimeZone) -> Timestamp? {
        let seconds = Int(time.milliseconds).flooredQuotient(1000)
        let start = max(seconds, Self.supported.lowerBound)
        guard start < Self.supported.upperBound,
            let next = isHourly ? nextByElapsedTime(start, zone) : nextByClock(start, zone),
            Self.supported.contains(next)
        else { return nil }
        return Timestamp(milliseconds: Int64(next) * 1000)
    }

    /// Each local time that matches, at the first instant at which clocks show it. Later local times
    /// never come at earlier instants.
    private func nextByClock(_ time: Int, _ zone: ScheduleTimeZone) -> Int? {
        var local = time + zone.offset(at: time)
        while let match = first(notBefore: local + 1) {
            let instant = zone.firstInstant(ofLocal: match)
            if instant > time { return instant }
            // In the second pass of a doubled hour.
            local = match
        }
        return nil
    }

    /// Each instant at which clocks show a time that matches.
    private func nextByElapsedTime(_ time: Int, _ zone: ScheduleTimeZone) -> Int? {
        let day = 86_400
        var start = time + 1
        while start <= Self.supported.upperBound {
            let offset = zone.offset(at: start)
            guard let match = first(notBefore: start + offset) else { return nil }
            let instant = match - offset
            if let change = zone.firstChange(after: start, through: min(instant, start + day)) {
                start = change
            } else if instant <= start + day {
                return instant
            } else {
                // Clocks that are turned on the way matter only close to the match.
                start = max(start + day, instant - 2 * day)
            }
        }
        return nil
    }
}
