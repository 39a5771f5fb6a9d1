/// Waits that grow while something keeps failing.
struct Backoff {
    private static let first = Duration.milliseconds(100)
    private let cap: Duration
    private var length = first

    init(cap: Duration) {
        self.cap = max(cap, Self.first)
    }

    mutating func next() -> Duration {
        defer { length = min(length * 2, cap) }
        return length
    }

    mutating func reset() { length = Self.first }
}
