internal import SkepQueue

/// How long a tracker that is busy or out of reach is waited for within one call.
public struct GiteaRetries: Hashable, Sendable {
    /// Tries of one request, the first included. 5 by default; at least 1.
    public var tries: Int
    /// Waiting of all tries of one request together. 60 s by default.
    public var total: Duration
    /// The first wait; each further one is twice as long. 500 ms by default.
    public var first: Duration
    /// The longest wait of our own choice. 20 s by default.
    public var longest: Duration

    public init(
        tries: Int = 5, total: Duration = .seconds(60), first: Duration = .milliseconds(500),
        longest: Duration = .seconds(20)
    ) {
        self.tries = tries
        self.total = total
        self.first = first
        self.longest = longest
    }

    /// The wait after a failed try (from 1): half of it fixed, half by chance, so that clients that
    /// failed together don't come back together.
    func wait(after failed: Int, chance: Double) -> Duration {
        let full = min(longest, first * (1 << min(failed - 1, 20)))
        return full / 2 + full / 2 * chance
    }
}

/// `Retry-After`: seconds, or an HTTP date.
///
/// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
enum RetryAfter {
    static func read(_ text: String, now: Timestamp) -> Timestamp? {
        if let seconds = Int64(text.filter { $0 != " " }), seconds >= 0 {
            return now + .seconds(min(seconds, 366 * 86_400))
        }
        return readDate(text)
    }

    /// The preferred form, "Sun, 06 Nov 1994 08:49:37 GMT". Obsolete ones aren't met any more.
    private static func readDate(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]),
            (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int64($0) ?? -1 }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        let days = GiteaTime.days(year, Int64(month + 1), day)
        let seconds = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
        return Timestamp(milliseconds: seconds * 1000)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
