/// How long finished jobs are kept, with their results and their history, and events.
public struct Retention: Sendable, Hashable {
    /// `nil`: until somebody prunes them. A week by default.
    public var succeeded: Duration?
    /// `nil`: until somebody prunes them. A week by default.
    public var cancelled: Duration?
    /// `nil`, the default: until somebody retries or prunes them.
    public var dead: Duration?
    /// How long the events that are for all jobs are kept; those for one job go with it. A job that
    /// waits for one afterwards waits for it to happen anew. `nil`: for ever. 30 days by default.
    public var events: Duration?

    public init(
        succeeded: Duration? = .seconds(7 * 86_400), cancelled: Duration? = .seconds(7 * 86_400),
        dead: Duration? = nil, events: Duration? = .seconds(30 * 86_400)
    ) {
        self.succeeded = succeeded
        self.cancelled = cancelled
        self.dead = dead
        self.events = events
    }

    /// How long jobs in a state are kept; `nil`: for ever.
    public func length(of state: Job.State) -> Duration? {
        switch state {
        case .succeeded: succeeded
        case .cancelled: cancelled
        case .dead: dead
        case .scheduled, .ready, .leased: nil
        }
    }
}

/// What `maintain` did.
public struct Maintenance: Sendable, Hashable {
    /// Finished jobs that were removed.
    public var pruned: Int
    /// Whether there is more to do: it's worth calling again soon.
    public var isUnfinished: Bool

    public init(pruned: Int = 0, isUnfinished: Bool = false) {
        self.pruned = pruned
        self.isUnfinished = isUnfinished
    }
}
