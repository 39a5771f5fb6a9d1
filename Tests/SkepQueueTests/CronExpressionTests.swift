import SkepQueue
import SkepTestSupport
import Testing

@Suite("A cron expression")
struct CronExpressionTests {
    @Test(
        "It comes when its fields say",
        arguments: [
            ("* * * * *", "2026-11-01T12:01:00Z"),
            ("*/15 * * * *", "2026-11-01T12:15:00Z"),
            ("5-59/15 * * * *", "2026-11-01T12:05:00Z"),
            ("50,10 9,12 * * *", "2026-11-01T12:10:00Z"),
            ("30 2 * * MON-FRI", "2026-11-02T02:30:00Z"),
            ("30 2 * * sat,7", "2026-11-07T02:30:00Z"),
            ("0 0 * * 5-7", "2026-11-06T00:00:00Z"),
            ("0 6 * * SAT-SUN", "2026-11-07T06:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("0 0 1 JAN *", "2027-01-01T00:00:00Z"),
            ("0 0 31 * *", "2026-12-31T00:00:00Z"),
            ("  0\t6  * * 1 ", "2026-11-02T06:00:00Z"),
            ("*/20 * * * * *", "2026-11-01T12:00:20Z"),
            ("30 0 0 * * *", "2026-11-02T00:00:30Z"),
            ("@hourly", "2026-11-01T13:00:00Z"),
            ("@daily", "2026-11-02T00:00:00Z"),
            ("@midnight", "2026-11-02T00:00:00Z"),
            ("@WEEKLY", "2026-11-08T00:00:00Z"),
            ("@monthly", "2026-12-01T00:00:00Z"),
            ("@yearly", "2027-01-01T00:00:00Z"),
        ])
    func comesAt(text: String, expected: String) throws {
        let next = try ticks(of: text, after: "2026-11-01T12:00:00Z", count: 1)

        #expect(next == [try Timestamp(utc: expected)])
    }

    @Test("Days of month and of week are alternatives when both are restricted")
    func daysAreAlternatives() throws {
        // 2026-11-01 is a Sunday.
        let either = try ticks(of: "0 0 13 * FRI", after: "2026-11-01T12:00:00Z", count: 3)
        let both = try ticks(of: "0 0 */13 * FRI", after: "2026-11-01T12:00:00Z", count: 2)

        #expect(
            either == [
                try Timestamp(utc: "2026-11-06T00:00:00Z"),
                try Timestamp(utc: "2026-11-13T00:00:00Z"),
                try Timestamp(utc: "2026-11-20T00:00:00Z"),
            ])
        #expect(
            both == [
                try Timestamp(utc: "2026-11-27T00:00:00Z"),
                try Timestamp(utc: "2027-01-01T00:00:00Z"),
            ])
    }

    @Test(
        "A bad field is named, with what it may hold",
        arguments: [
            ("61 * * * *", CronField.minute, "\"61\" isn't one; 0 to 59 are allowed."),
            ("* 24 * * *", .hour, "\"24\" isn't one; 0 to 23 are allowed."),
            ("* * 0 * *", .dayOfMonth, "\"0\" isn't one; 1 to 31 are allowed."),
            ("* * * FOO *", .month, "\"FOO\" isn't one; 1 to 12 or JAN to DEC are allowed."),
            ("* * * * 8", .dayOfWeek, "\"8\" isn't one; 0 to 7 or SUN to SAT are allowed."),
            ("60 * * * * *", .second, "\"60\" isn't one; 0 to 59 are allowed."),
            ("1,,2 * * * *", .minute, "\"\" isn't one; 0 to 59 are allowed."),
            ("-1 * * * *", .minute, "\"\" isn't one; 0 to 59 are allowed."),
            ("+1 * * * *", .minute, "\"+1\" isn't one; 0 to 59 are allowed."),
            (
                "99999999999999999999 * * * *", .minute,
                "\"99999999999999999999\" isn't one; 0 to 59 are allowed."
            ),
            ("* 5-2 * * *", .hour, "The range \"5-2\" runs backwards; write it as two."),
            ("*/0 * * * *", .minute, "\"0\" is no step; a number from 1 on is needed."),
            ("*/x * * * *", .minute, "\"x\" is no step; a number from 1 on is needed."),
            ("5/15 * * * *", .minute, "A step needs a range: \"*/15\" or \"5-59/15\"."),
            ("*/2/2 * * * *", .minute, "\"*/2/2\" has more than one step."),
        ])
    func badFields(text: String, field: CronField, reason: String) {
        #expect(throws: ScheduleError.invalidExpression(text, field: field, reason: reason)) {
            try CronExpression(text)
        }
    }

    @Test("Too few or too many fields are counted", arguments: ["", "* * * *", "* * * * * * *"])
    func wrongNumberOfFields(text: String) {
        let error = #expect(throws: ScheduleError.self) { try CronExpression(text) }

        #expect(error?.description.contains("5 are needed, or 6 with the second first") == true)
    }

    @Test("An unknown abbreviation is answered with those there are")
    func unknownAbbreviation() {
        let error = #expect(throws: ScheduleError.self) { try CronExpression("@reboot") }

        #expect(error?.advice?.contains("@daily, @hourly, @midnight") == true)
    }

    @Test(
        "One that never comes is refused as a window that never opens",
        arguments: ["0 0 30 2 *", "0 0 31 APR,JUN,SEP,NOV *", "0 0 31 2 */2"])
    func neverComes(text: String) {
        let error = #expect(throws: ScheduleError.neverComes(text)) { try CronExpression(text) }

        #expect(error?.why?.contains("window that never opens") == true)
    }

    @Test("One that comes rarely is found", arguments: ["0 0 29 2 */7", "0 0 */29 2 SAT"])
    func comesRarely(text: String) throws {
        #expect(try !ticks(of: text, after: "2026-11-01T12:00:00Z", count: 3).isEmpty)
    }

    @Test("Outside the years 1 to 9999 there are no ticks, and nothing traps")
    func absurdTimes() throws {
        let timing = ScheduleTiming.cron(try CronExpression("* * * * *"), timeZone: .utc)

        #expect(timing.next(after: Timestamp(milliseconds: .max)) == nil)
        #expect(timing.next(after: try Timestamp(utc: "9999-12-31T23:59:30Z")) == nil)
        #expect(timing.next(after: Timestamp(milliseconds: .min)) != nil)
    }

    private func ticks(of text: String, after start: String, count: Int) throws -> [Timestamp] {
        let timing = ScheduleTiming.cron(try CronExpression(text), timeZone: .utc)
        return timing.ticks(after: try Timestamp(utc: start), count: count)
    }
}

extension ScheduleTiming {
    func ticks(after start: Timestamp, count: Int) -> [Timestamp] {
        var ticks: [Timestamp] = []
        while ticks.count < count, let next = next(after: ticks.last ?? start) {
            ticks.append(next)
        }
        return ticks
    }
}
