internal import SkepCore
internal import SkepQueue

extension BurndownTemplate {
    /// When the window of a burn-down that begins at a time closes: the next time at which clocks
    /// show `until`. A time that clocks leave out comes when they have been turned; one that comes
    /// twice counts the first time.
    ///
    /// - Throws: `ScheduleError.unknownTimeZone`.
    func close(after begin: Timestamp) throws -> Timestamp? {
        guard let until else { return nil }
        let daily = try CronExpression("\(until % 60) \(until / 60) * * *")
        return ScheduleTiming.cron(daily, timeZone: try ScheduleTimeZone(timeZone))
            .next(after: begin)
    }
}
