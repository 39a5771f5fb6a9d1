extension Failure {
    /// The kind of a failure that the queue itself records when the holder of a lease died or fell
    /// silent.
    public static let holderDied = "holder_died"
    /// The kind of a failure whose handler threw an error.
    public static let handlerThrew = "handler_threw"
    /// The kind of a failure whose settlement the store refused.
    public static let settlementRefused = "settlement_refused"
}
