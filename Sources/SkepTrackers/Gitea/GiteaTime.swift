internal import SkepQueue

/// Times as Gitea writes them: RFC 3339, with or without fraction, in the server's offset.
///
/// https://www.rfc-editor.org/rfc/rfc3339#section-5.6; days are counted after
/// https://howardhinnant.github.io/date_algorithms.html
enum GiteaTime {
    /// `nil` for what isn't a time, and for Go's zero time, which means "none".
    static func read(_ text: String) -> Timestamp? {
        var rest = Array(text.utf8)[...]

        func number(_ digits: Int, until separators: String) -> Int64? {
            guard rest.count >= digits,
                rest.prefix(digits).allSatisfy({ (0x30...0x39).contains($0) }),
                let value = Int64(String(decoding: rest.prefix(digits), as: UTF8.self))
            else { return nil }
            rest = rest.dropFirst(digits)
            guard !separators.isEmpty else { return value }
            guard let next = rest.popFirst(), separators.utf8.contains(next) else { return nil }
            return value
        }

        guard let year = number(4, until: "-"), let month = number(2, until: "-"),
            let day = number(2, until: "Tt "), let hour = number(2, until: ":"),
            let minute = number(2, until: ":"), let second = number(2, until: ""),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }

        var milliseconds: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(1 + digits.count)
            let thousandths = String(decoding: digits.prefix(3), as: UTF8.self)
            milliseconds =
                Int64(thousandths + String(repeating: "0", count: 3 - thousandths.count)) ?? 0
        }

        var offset: Int64 = 0
        switch rest.popFirst() {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
        case let sign? where sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"):
            guard let hours = number(2, until: ":"), let minutes = number(2, until: "") else {
                return nil
            }
            offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
        default: return nil
        }
        guard rest.isEmpty, year > 1 else { return nil }

        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Timestamp(milliseconds: seconds * 1000 + milliseconds)
    }

    /// In UTC, in whole seconds, rounded down.
    static func text(_ time: Timestamp) -> String {
        var seconds = time.milliseconds / 1000
        if time.milliseconds % 1000 < 0 { seconds -= 1 }
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - day * 86_400
        let (year, month, date) = civil(day)
        return "\(pad(year, 4))-\(pad(month))-\(pad(date))"
            + "T\(pad(rest / 3600)):\(pad(rest / 60 % 60)):\(pad(rest % 60))Z"
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let m = (5 * dayOfYear + 2) / 153
        let month = m < 10 ? m + 3 : m - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1
        )
    }

    private static func pad(_ number: Int64, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
