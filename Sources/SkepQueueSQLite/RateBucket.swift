internal import GRDB
internal import SkepQueue

/// A token bucket as the store keeps it: by when it will be full, so that it fills without anybody
/// doing something.
struct RateBucket {
    let rate: RateLimit
    /// In microseconds, like all lengths in here.
    private(set) var fullAt: Int64

    init(_ rate: RateLimit, fullAt: Int64) {
        self.rate = rate
        self.fullAt = fullAt
    }

    /// A bucket that nothing was taken from.
    static func full(_ rate: RateLimit, at now: Timestamp) -> RateBucket {
        RateBucket(rate, fullAt: now.microseconds)
    }

    /// How long one token takes to come; rounded up, so it is never quicker than it says.
    private var interval: Int64 {
        let count = Int64(rate.count)
        return (rate.per.milliseconds * 1000 + count - 1) / count
    }

    private var whole: Int64 { interval * Int64(rate.burst) }

    /// What is missing until it is full.
    ///
    /// Never more than all of it: a clock that was set back doesn't shut it for longer.
    private func missing(at now: Timestamp) -> Int64 {
        min(max(fullAt - now.microseconds, 0), whole)
    }

    /// How many jobs may begin now.
    func available(at now: Timestamp) -> Int {
        Int((whole - missing(at: now)) / interval)
    }

    /// When the next job may begin; `nil`: now.
    func opensAt(_ now: Timestamp) -> Timestamp? {
        let lacking = interval - (whole - missing(at: now))
        guard lacking > 0 else { return nil }
        return Timestamp(milliseconds: (now.microseconds + lacking + 999) / 1000)
    }

    /// Whether it was filled by a clock that was set back since; `take` and `clamp` mend it.
    func isAhead(of now: Timestamp) -> Bool { fullAt - now.microseconds > whole }

    mutating func clamp(to now: Timestamp) {
        if isAhead(of: now) { fullAt = now.microseconds + whole }
    }

    mutating func take(_ count: Int, at now: Timestamp) {
        fullAt = now.microseconds + missing(at: now) + interval * Int64(count)
    }

    /// The bucket of another rate, from which as much was taken lately.
    func changed(to rate: RateLimit, at now: Timestamp) -> RateBucket {
        guard rate != self.rate else { return self }
        let taken = (missing(at: now) + interval - 1) / interval
        var bucket = RateBucket.full(rate, at: now)
        bucket.take(Int(min(taken, Int64(rate.burst))), at: now)
        return bucket
    }
}

extension Timestamp {
    /// Absurd times are cut, so that there is room to count on.
    fileprivate var microseconds: Int64 { min(max(milliseconds, -1 << 52), 1 << 52) * 1000 }
}

extension RateLimit {
    /// The longest time in which a bucket may fill: 366 days.
    private static let longest = Duration.seconds(366 * 86_400)

    /// Why there can't be such a rate.
    var flaw: String? {
        if count < 1 { return "It would let \(count) jobs begin; at least 1 is needed." }
        if burst < 1 { return "It would let \(burst) jobs begin at once; at least 1 is needed." }
        guard per.milliseconds >= 1, per <= Self.longest else {
            return "Its time would be \(per); 1 ms to 366 days are allowed."
        }
        if Double(count) > Double(per.milliseconds) * 1000 {
            return "It would let more than 1,000 jobs begin in a millisecond."
        }
        let filling = Double(per.milliseconds) / Double(count) * Double(burst)
        if filling > Double(Self.longest.milliseconds) {
            return "What may begin at once would take more than 366 days to come again."
        }
        return nil
    }
}

extension RateBucket {
    /// The bucket in four columns of a row, from `column` on; `nil` when there is none.
    init?(_ row: Row, from column: Int) {
        guard let rate = RateLimit(row, from: column), let fullAt = row[column + 3] as Int64? else {
            return nil
        }
        self.init(rate, fullAt: fullAt)
    }
}
