import SkepCore

/// Figures as agents tell them: never below nothing, and small enough that a session's can be added up.
extension JSONValue? {
    private static var largest: Int64 { 1 << 40 }

    /// A count; 0 when it isn't one.
    var count: Int64 {
        guard let number, number > 0 else { return 0 }
        return number < Double(Self.largest) ? Int64(number) : Self.largest
    }

    /// Dollars.
    var money: Money? {
        guard let number, number >= 0 else { return nil }
        let microdollars = (number * 1_000_000).rounded()
        return Money(
            microdollars: microdollars < Double(Self.largest) ? Int64(microdollars) : Self.largest)
    }
}
