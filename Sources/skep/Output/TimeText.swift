import SkepCore
import SkepQueue

/// Times and lengths, as people and as programs read them.
enum TimeText {
    /// RFC 3339, UTC, to the millisecond: "2026-11-22T15:17:24.031Z".
    static func rfc3339(_ time: Timestamp) -> String {
        let (days, milliseconds) = time.milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = date(daysSince1970: days)
        let seconds = milliseconds / 1000
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
            + padded(seconds % 60, 2) + "." + padded(milliseconds % 1000, 3) + "Z"
    }

    /// "now", "12 s ago", "3 min ago", "in 2 h", "5 d ago".
    static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        let length = now - time
        if abs(length.milliseconds) < 1000 { return "now" }
        return length > .zero ? "\(coarse(length)) ago" : "in \(short(.zero - length))"
    }

    /// In the largest unit that fits, with the minutes where the hours are few: "340 ms", "12 s",
    /// "3 min", "1 h 59 min", "12 h", "5 d".
    static func short(_ length: Duration) -> String {
        let (hours, minutes) = (length.milliseconds / 3_600_000, length.milliseconds / 60_000 % 60)
        let isExact = (1..<10).contains(hours) && minutes > 0
        return coarse(length) + (isExact ? " \(minutes) min" : "")
    }

    /// In the largest unit that fits: what is past needn't be exact.
    private static func coarse(_ length: Duration) -> String {
        let milliseconds = length.milliseconds
        switch milliseconds {
        case ..<1000: return "\(max(0, milliseconds)) ms"
        case ..<60_000: return "\(milliseconds / 1000) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min"
        case ..<86_400_000: return "\(milliseconds / 3_600_000) h"
        default: return "\(milliseconds / 86_400_000) d"
        }
    }

    /// "There is a.", "There are a and b.".
    static func thereAre(_ words: [String]) -> String {
        "There \(words.count == 1 ? "is" : "are") \(Phrase.list(words))."
    }

    /// "512 B", "3.4 kB", "1.2 MB".
    static func bytes(_ count: Int64) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 1000 || unit == "GB" {
                if unit == "B" { return "\(count) B" }
                let tenths = Int((value * 10).rounded())
                return "\(tenths / 10).\(tenths % 10) \(unit)"
            }
            value /= 1000
        }
        return "\(count) B"
    }

    /// Year, month and day in the Gregorian calendar
    /// (https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
    private static func date(daysSince1970 days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func padded(_ number: Int64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension Int64 {
    /// Quotient and remainder, the remainder never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
