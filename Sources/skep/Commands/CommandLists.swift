import ArgumentParser
import SkepQueue

/// Lists in one argument, as `--agents claude,codex` has them.
enum CommandLists {
    /// Words with commas or blanks between them, each once; none where nothing was given.
    ///
    /// - Throws: `ValidationError` when something was given, and nothing is in it.
    static func words(_ text: String?, of option: String) throws -> [String] {
        var words: [String] = []
        for word in (text ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace })
            .map(String.init) where !words.contains(word)
        {
            words.append(word)
        }
        guard text == nil || !words.isEmpty else {
            throw ValidationError("\(option) names nothing; leave it out, or name what is meant")
        }
        return words
    }
}

/// A time of day on this machine's clock, such as "06:00".
struct TimeOfDay: Sendable, Hashable {
    private let hour: Int
    private let minute: Int

    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.joined().allSatisfy({ ("0"..."9").contains($0) }), let hour = Int(parts[0]),
            let minute = Int(parts[1]), (0...23).contains(hour), (0...59).contains(minute)
        else { throw ValidationError("\"\(text)\" isn't a time of day such as 06:00") }
        self.hour = hour
        self.minute = minute
    }

    /// The next such time.
    func next(after now: Timestamp, in zone: ScheduleTimeZone = .current) throws -> Timestamp? {
        ScheduleTiming.cron(try CronExpression("\(minute) \(hour) * * *"), timeZone: zone)
            .next(after: now)
    }
}

/// A length of time with its unit, such as "180d".
struct Age: Sendable, Hashable {
    let length: Duration

    init(_ text: String) throws {
        let seconds: Int =
            switch text.last {
            case "h": 3600
            case "d": 86_400
            case "w": 7 * 86_400
            default: 0
            }
        guard seconds > 0, let count = Int(text.dropLast()), (1...100_000).contains(count),
            !text.hasPrefix("+")
        else {
            throw ValidationError("\"\(text)\" isn't an age such as 180d, 26w or 12h")
        }
        length = .seconds(count * seconds)
    }
}
