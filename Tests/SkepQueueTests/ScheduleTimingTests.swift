import Foundation
import SkepQueue
import SkepTestSupport
import Testing

@Suite("When schedules tick")
struct ScheduleTimingTests {
    @Test("Intervals are counted from their anchor, which is the first tick")
    func intervals() throws {
        let anchor = try Timestamp(utc: "2026-11-01T12:00:00Z")
        let timing = ScheduleTiming.every(.seconds(90), since: anchor)

        #expect(timing.next(after: anchor - .seconds(1000)) == anchor)
        #expect(timing.next(after: anchor) == anchor + .seconds(90))
        #expect(timing.next(after: anchor + .milliseconds(89_999)) == anchor + .seconds(90))
        #expect(timing.next(after: anchor + .seconds(90)) == anchor + .seconds(180))
    }

    @Test("Absurd intervals and times give no tick, and nothing traps")
    func absurdIntervals() {
        let edge = Timestamp(milliseconds: .max)
        let lengths: [Duration] = [.zero, .seconds(-1), .seconds(Int64.max), .milliseconds(1)]
        for length in lengths {
            for anchor in [Timestamp(milliseconds: .min), Timestamp(milliseconds: 0), edge] {
                let timing = ScheduleTiming.every(length, since: anchor)
                #expect(timing.next(after: edge) == nil)
                _ = timing.next(after: Timestamp(milliseconds: 5))
            }
        }
    }

    @Test("A time that is past never comes")
    func once() throws {
        let time = try Timestamp(utc: "2026-11-01T12:00:00Z")

        #expect(ScheduleTiming.once(time).next(after: time - .milliseconds(1)) == time)
        #expect(ScheduleTiming.once(time).next(after: time) == nil)
    }

    @Test(
        "A name that is no zone of the IANA database is refused",
        arguments: ["", "Mars", "Europe/Atlantis", "europe/berlin", "GMT+2", "../../etc/passwd"])
    func unknownZones(identifier: String) {
        #expect(throws: ScheduleError.unknownTimeZone(identifier)) {
            try ScheduleTimeZone(identifier)
        }
    }

    @Test("A zone keeps the name it was given", arguments: ["UTC", "Asia/Kolkata", "Etc/GMT+2"])
    func zoneNames(identifier: String) throws {
        #expect(try ScheduleTimeZone(identifier).identifier == identifier)
    }

    @Test("A day that a zone left out comes at the beginning of the next")
    func skippedDay() throws {
        // Samoa went from December 29 to December 31, 2011, over the date line.
        let timing = ScheduleTiming.cron(
            try CronExpression("0 9 30 12 *"), timeZone: try ScheduleTimeZone("Pacific/Apia"))

        let ticks = timing.ticks(after: try Timestamp(utc: "2011-06-01T00:00:00Z"), count: 2)

        #expect(
            ticks == [
                try Timestamp(utc: "2011-12-30T10:00:00Z"),
                try Timestamp(utc: "2012-12-29T19:00:00Z"),
            ])
    }

    @Test(
        "Around each change of clocks, ticks are those that reading the clock each minute gives",
        arguments: [
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
            "Asia/Kathmandu", "America/Santiago", "Atlantic/Azores",
        ],
        [
            "30 2 * * *", "*/7 * * * *", "*/20 1,2 * * *", "45 * * * *", "59 23 * * *",
            "0 0 * * *", "15 */2 * * *", "* 1-3 * * SUN",
        ])
    func agreesWithTheClock(zone: String, text: String) throws {
        let reading = try ClockReading(zone: zone)
        let expression = try CronExpression(text)
        let timing = ScheduleTiming.cron(expression, timeZone: try ScheduleTimeZone(zone))
        for change in reading.changes(inYear: 2026) {
            let (start, end) = (change - 30 * 3600, change + 30 * 3600)

            var ticks: [Int] = []
            var last = Timestamp(milliseconds: Int64(start) * 1000)
            while let next = timing.next(after: last), next.milliseconds <= Int64(end) * 1000 {
                ticks.append(Int(next.milliseconds / 1000))
                last = next
            }

            #expect(ticks == reading.ticks(of: text, after: start, through: end))
        }
    }
}

/// The rules for turned clocks once more, by reading a clock minute by minute.
private struct ClockReading {
    private var calendar = Calendar(identifier: .gregorian)

    init(zone: String) throws {
        calendar.timeZone = try #require(TimeZone(identifier: zone))
    }

    /// When the clock was turned, or the middle of the year where it isn't.
    func changes(inYear year: Int) -> [Int] {
        let start = (year - 1970) * 31_556_952 / 86_400 * 86_400
        let hours = stride(from: start, to: start + 31_556_952, by: 3600)
        let changes = hours.filter { offset($0) != offset($0 + 3600) }.map { $0 + 3600 }
        return changes.isEmpty ? [start + 183 * 86_400] : changes
    }

    func ticks(of expression: String, after start: Int, through end: Int) -> [Int] {
        let fields = expression.split(separator: " ")
        let isInterval = fields[1] == "*"
        // From before the start on, so that a second pass is known as such.
        let minutes = Array(stride(from: start - 86_400, through: end, by: 60))
        var ticks: Set<Int> = []
        var seen: Set<Int> = []
        for (previous, minute) in zip(minutes, minutes.dropFirst()) {
            let local = minute + offset(minute)
            let expected = previous + offset(previous) + 60
            if isInterval {
                if matches(local, fields) { ticks.insert(minute) }
                continue
            }
            // What was jumped over comes now.
            for skipped in stride(from: expected, to: local, by: 60)
            where seen.insert(skipped).inserted && matches(skipped, fields) {
                ticks.insert(minute)
            }
            if seen.insert(local).inserted, matches(local, fields) { ticks.insert(minute) }
        }
        return ticks.filter { $0 > start }.sorted()
    }

    private func offset(_ instant: Int) -> Int {
        calendar.timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }

    /// Knows what the expressions above are made of.
    private func matches(_ local: Int, _ fields: [Substring]) -> Bool {
        let weekday = (local / 86_400 + 4) % 7
        return contains(fields[0], local / 60 % 60) && contains(fields[1], local / 3600 % 24)
            && (fields[4] == "*" || weekday == 0)
    }

    private func contains(_ field: Substring, _ value: Int) -> Bool {
        if field == "*" { return true }
        if field.hasPrefix("*/") { return Int(field.dropFirst(2)).map { value % $0 == 0 } ?? false }
        if let dash = field.firstIndex(of: "-") {
            let (first, last) = (Int(field[..<dash]) ?? 0, Int(field[dash...].dropFirst()) ?? 0)
            return (first...last).contains(value)
        }
        return field.split(separator: ",").contains { Int($0) == value }
    }
}
