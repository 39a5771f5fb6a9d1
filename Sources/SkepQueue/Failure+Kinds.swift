extension Failure {
    /// The kind of a failure that the queue itself records when the holder of a lease died or fell
    /// silent.
    public static let holderDied = "holder_died"
    /// The kind of a failure that the queue itself records when a job would have begun too late. It
    /// doesn't count.
    public static let expired = "expired"
    /// The kind of a failure whose handler threw an error.
    public static let handlerThrew = "handler_threw"
    /// The kind of a failure whose settlement the store refused.
    public static let settlementRefused = "settlement_refused"
    /// The kind of a failure that ran longer than `Job.timeout`.
    public static let timedOut = "timed_out"
    /// The kind of what a `Snooze` says. It is no failure, and isn't recorded as one.
    static let snoozed = "snoozed"
}
