/// A field of a cron expression.
public enum CronField: Sendable, Hashable, CaseIterable {
    case second, minute, hour, dayOfMonth, month, dayOfWeek

    /// The numbers the field may hold. Both 0 and 7 are Sunday.
    public var allowed: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// Its name, as in "day of month".
    public var words: String {
        switch self {
        case .second: "second"
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        }
    }

    /// Words for the numbers from `allowed.lowerBound` on.
    private var names: [String] {
        switch self {
        case .second, .minute, .hour, .dayOfMonth: []
        case .month:
            ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        }
    }

    private var allowedWords: String {
        let numbers = "\(allowed.lowerBound) to \(allowed.upperBound)"
        guard let first = names.first, let last = names.last else {
            return "\(numbers) are allowed"
        }
        return "\(numbers) or \(first) to \(last) are allowed"
    }

    /// Reads the field's part of an expression, such as "MON-FRI" or "*/15,50".
    func values(of text: Substring) throws(BadCronField) -> CronValues {
        var values = CronValues(startsWithStar: text.hasPrefix("*"))
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2 else {
                throw BadCronField("\"\(item)\" has more than one step.")
            }
            let range = try range(of: parts[0])
            guard parts.count == 2 else {
                values.insert(range, every: 1)
                continue
            }
            guard let step = Self.number(parts[1]), step >= 1 else {
                throw BadCronField("\"\(parts[1])\" is no step; a number from 1 on is needed.")
            }
            guard range.count > 1 else {
                throw BadCronField(
                    "A step needs a range: \"*/\(step)\" or "
                        + "\"\(range.lowerBound)-\(allowed.upperBound)/\(step)\".")
            }
            values.insert(range, every: step)
        }
        if self == .dayOfWeek { values.fold(7, into: 0) }
        return values
    }

    private func range(of text: Substring) throws(BadCronField) -> ClosedRange<Int> {
        if text == "*" { return self == .dayOfWeek ? 0...6 : allowed }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(of: ends[0])
        guard ends.count == 2 else { return first...first }
        var last = try value(of: ends[1])
        // Sunday ends a week as well as it begins one: "SAT-SUN".
        if self == .dayOfWeek, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            throw BadCronField("The range \"\(text)\" runs backwards; write it as two.")
        }
        return first...last
    }

    private func value(of text: Substring) throws(BadCronField) -> Int {
        if let index = names.firstIndex(of: text.uppercased()) {
            return allowed.lowerBound + index
        }
        guard let number = Self.number(text), allowed.contains(number) else {
            throw BadCronField("\"\(text)\" isn't one; \(allowedWords).")
        }
        return number
    }

    /// A number of digits only: no sign, at most 9 of them.
    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// What is wrong with a field, for `ScheduleError.invalidExpression`.
struct BadCronField: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The numbers that a field allows.
struct CronValues: Sendable, Hashable {
    /// Whether the field began with "*", which says for days that it restricts nothing.
    let startsWithStar: Bool
    /// Bit n for the number n.
    private var bits: UInt64 = 0

    init(startsWithStar: Bool) {
        self.startsWithStar = startsWithStar
    }

    mutating func insert(_ range: ClosedRange<Int>, every step: Int) {
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            bits |= 1 << UInt64(value)
        }
    }

    /// Makes one number mean the same as another.
    mutating func fold(_ value: Int, into other: Int) {
        guard contains(value) else { return }
        bits &= ~(1 << UInt64(value))
        bits |= 1 << UInt64(other)
    }

    var count: Int { bits.nonzeroBitCount }

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    /// The smallest number from `start` on. `start` is at most 63.
    func first(from start: Int = 0) -> Int? {
        let rest = bits & ~((1 << UInt64(start)) - 1)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }
}
