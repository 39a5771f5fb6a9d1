/// How long a job waits after a failure: exponential, with jitter.
public struct RetryPolicy: Sendable, Hashable {
    /// The wait after the first failure. 10 s by default.
    public var base: Duration
    /// No wait is longer. 1 h by default.
    public var cap: Duration
    /// The share of the wait that is random, 0 to 1: 0.5 gives 75 % to 125 %. 0.5 by default.
    public var jitter: Double

    public init(base: Duration = .seconds(10), cap: Duration = .seconds(3600), jitter: Double = 0.5)
    {
        self.base = base
        self.cap = cap
        self.jitter = jitter
    }

    /// The wait after so many failures.
    ///
    /// - Parameter random: 0 to 1; comes from outside, so that it can be repeated.
    public func delay(afterFailures failures: Int, random: Double) -> Duration {
        let doublings = min(max(failures, 1), 41) - 1
        let exponential = base.milliseconds.multipliedReportingOverflow(by: 1 << doublings)
        let capped =
            exponential.overflow
            ? cap.milliseconds : min(exponential.partialValue, cap.milliseconds)
        let factor = 1 + jitter * (random - 0.5)
        let jittered = (Double(max(capped, 0)) * factor).rounded(.towardZero)
        // Absurd policies give an absurd wait, not a trap.
        return .milliseconds(Int64(exactly: jittered) ?? capped)
    }
}
