/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Milliseconds are what the database keeps, so a value read back equals the value written.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds since the Unix epoch; may be negative.
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Adds a length, stopping at the ends of the range instead of trapping.
    public static func + (time: Timestamp, length: Duration) -> Timestamp {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(length.milliseconds)
        guard overflow else { return Timestamp(milliseconds: sum) }
        return Timestamp(milliseconds: length.milliseconds > 0 ? .max : .min)
    }

    public static func - (time: Timestamp, length: Duration) -> Timestamp {
        let (difference, overflow) = time.milliseconds.subtractingReportingOverflow(
            length.milliseconds)
        guard overflow else { return Timestamp(milliseconds: difference) }
        return Timestamp(milliseconds: length.milliseconds > 0 ? .min : .max)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(
            right.milliseconds)
        guard overflow else { return .milliseconds(difference) }
        return .milliseconds(left > right ? Int64.max : Int64.min)
    }
}

extension Duration {
    /// The whole milliseconds of this length, rounded towards zero.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let (sum, sumOverflow) = product.addingReportingOverflow(
            attoseconds / 1_000_000_000_000_000)
        guard !sumOverflow else { return seconds > 0 ? .max : .min }
        return sum
    }
}
