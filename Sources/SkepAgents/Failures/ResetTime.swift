import Foundation
import SkepCore
import SkepQueue

/// Reads from which time on an account has quota again, in the ways that providers tell it.
struct ResetTime {
    let now: Timestamp
    /// Of times without a zone.
    let zone: TimeZone

    /// Nothing is waited for longer.
    static let longest = Duration.seconds(8 * 24 * 3600)
    /// How long after it told a time a session may end.
    private static let latestEnd = Duration.seconds(300)

    /// - Returns: `nil` when there is none, and when it has passed or is absurdly far away.
    func find(in text: String) -> Timestamp? {
        let text = text.lowercased()
        let ways = [seconds, instant, header, date, length, clock]
        for way in ways {
            guard let time = way(text), time > now, time < now + Self.longest else { continue }
            return time
        }
        return nil
    }

    /// "Claude AI usage limit reached|1760000000", "resets_at: 1760000000".
    private func seconds(_ text: String) -> Timestamp? {
        guard let match = text.firstMatch(of: /(?:\||resets?_?at"?[:= ]+)(\d{10})(?:\d{3})?\b/),
            let seconds = Int64(match.1)
        else { return nil }
        return Timestamp(milliseconds: seconds * 1000)
    }

    /// "2026-03-28T04:00:00Z", "2026-03-28t04:00:00.5+02:00".
    private func instant(_ text: String) -> Timestamp? {
        let pattern =
            /\d{4}-\d\d-\d\d[t ]\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:?\d\d)/
        guard let match = text.firstMatch(of: pattern) else { return nil }
        let word = String(match.0).uppercased().replacing(" ", with: "T")
            .replacing(/\.\d+/, with: "")
        return (try? Date(word, strategy: .iso8601)).map(Timestamp.init(date:))
    }

    /// "Retry-After: 120".
    private func header(_ text: String) -> Timestamp? {
        guard let match = text.firstMatch(of: /retry[-_ ]after"?\s*[:=]?\s*"?(\d{1,7})\b(?!\s*ms)/),
            let seconds = Int64(match.1)
        else { return nil }
        return now + .seconds(seconds)
    }

    /// "try again in 3h 12m", "in 2 days 3 hours", "resets in 45 minutes", "retry in 17.5s".
    private func length(_ text: String) -> Timestamp? {
        guard
            let start = text.firstMatch(
                of:
                    /(?:again|resets?|retry|retrying|available|wait|after|at)\b[^.\n]{0,30}?\b(?:in|for|after)\s+(?=\d)/
            )
        else { return nil }
        var rest = text[start.range.upperBound...]
        var milliseconds = 0.0
        var hasOne = false
        let part =
            /^(?:,?\s*(?:and\s+)?)(\d+(?:\.\d+)?)\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|ms)(?![a-z])/
        while let match = rest.firstMatch(of: part), let number = Double(match.1) {
            milliseconds += number * Self.unit(match.2)
            hasOne = true
            rest = rest[match.range.upperBound...]
        }
        guard hasOne, milliseconds < 1e12 else { return nil }
        return now + .milliseconds(Int64(milliseconds))
    }

    private static func unit(_ word: Substring) -> Double {
        switch word {
        case "ms": 1
        case _ where word.hasPrefix("d"): 86_400_000
        case _ where word.hasPrefix("h"): 3_600_000
        case _ where word.hasPrefix("m"): 60_000
        default: 1000
        }
    }

    /// "try again at Nov 25th, 2026 5:04 PM", "resets Oct 9, 4am (Europe/Berlin)".
    private func date(_ text: String) -> Timestamp? {
        let pattern =
            /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?(?:,| at)? +(?:at )?(\d{1,2})(?::(\d\d))? ?(am|pm)?/
        guard let match = text.firstMatch(of: pattern), let day = Int(match.2),
            let hour = Self.hour(match.4, match.6)
        else { return nil }
        let months = "jan feb mar apr may jun jul aug sep oct nov dec".split(separator: " ")
        let calendar = calendar(for: text)
        let year = match.3.flatMap { Int($0) }
        let thisYear = calendar.component(.year, from: now.date)
        // Told in December of a day in January, the year is the next.
        return (year.map { [$0] } ?? [thisYear, thisYear + 1]).lazy.compactMap { year in
            calendar.date(
                from: DateComponents(
                    year: year, month: (months.firstIndex(of: match.1) ?? 0) + 1, day: day,
                    hour: hour, minute: match.5.flatMap { Int($0) } ?? 0)
            ).map(Timestamp.init(date:))
        }.first { $0 > now }
    }

    /// "resets at 4am (Europe/Berlin)", "resets 3pm", "try again at 5:04 PM": the next such time; one
    /// that has passed since it was told, when the session ended only then, is now.
    private func clock(_ text: String) -> Timestamp? {
        let pattern =
            /(?:resets?|again|available|until)[^0-9\n]{0,20}(\d{1,2})(?::(\d\d))? ?(am|pm)?\b/
        guard let match = text.firstMatch(of: pattern), match.2 != nil || match.3 != nil,
            let hour = Self.hour(match.1, match.3)
        else { return nil }
        return calendar(for: text).nextDate(
            after: (now - Self.latestEnd).date,
            matching: DateComponents(hour: hour, minute: match.2.flatMap { Int($0) } ?? 0),
            matchingPolicy: .nextTime
        ).map { max(Timestamp(date: $0), now + .seconds(60)) }
    }

    private static func hour(_ text: Substring, _ half: Substring?) -> Int? {
        guard let hour = Int(text) else { return nil }
        guard let half else { return (0...23).contains(hour) ? hour : nil }
        guard (1...12).contains(hour) else { return nil }
        return hour % 12 + (half == "pm" ? 12 : 0)
    }

    /// With the zone that the text names: "(Europe/Berlin)", or "UTC", "PDT" and "Pacific" behind the
    /// time.
    private func calendar(for text: String) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = named(in: text) ?? zone
        return calendar
    }

    private func named(in text: String) -> TimeZone? {
        if let match = text.firstMatch(of: /\(([a-z_]+\/[a-z_\/+-]+)\)/) {
            let name = TimeZone.knownTimeZoneIdentifiers.first { $0.lowercased() == match.1 }
            return name.flatMap(TimeZone.init(identifier:))
        }
        let words = text.matches(of: /(?:\d|am|pm) \(?([a-z]{2,8})\b/).map { String($0.1) }
        return words.lazy.compactMap { word in
            Self.everyday[word].flatMap(TimeZone.init(identifier:))
                ?? TimeZone(abbreviation: word.uppercased())
        }.first
    }

    /// What people write of zones that have two abbreviations in a year, and those of the summer, which
    /// Foundation takes for whatever is in force.
    private static let everyday = [
        "pdt": "GMT-0700", "mdt": "GMT-0600", "cdt": "GMT-0500", "edt": "GMT-0400",
        "pt": "America/Los_Angeles", "pacific": "America/Los_Angeles",
        "mt": "America/Denver", "mountain": "America/Denver",
        "ct": "America/Chicago", "central": "America/Chicago",
        "et": "America/New_York", "eastern": "America/New_York",
    ]
}

extension Timestamp {
    fileprivate var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    fileprivate init(date: Date) {
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
}
