/// Which jobs are meant: those that meet all of its conditions.
///
/// A tag, a unique key, and the states `scheduled`, `leased`, `dead` and `cancelled` are found at
/// once however many other jobs there are; other conditions are tried on each job, the newest first,
/// until there are as many as asked for.
public struct JobFilter: Sendable, Hashable {
    public var queue: QueueName?
    public var kind: JobKind?
    public var states: Set<Job.State>?
    public var concurrencyKey: ConcurrencyKey?
    public var uniqueKey: String?
    public var tag: String?
    /// Only held jobs, or only those that aren't.
    public var isHeld: Bool?
    /// Jobs whose last failure is of this kind, such as "timed_out".
    public var failureKind: String?
    /// Jobs that were finished at this time or earlier.
    public var finishedUntil: Timestamp?
    /// At most so many. 100 by default.
    public var limit: Int
    /// Only jobs with a smaller number: the last one of the page before.
    public var before: JobID?

    public init(
        queue: QueueName? = nil, kind: JobKind? = nil, states: Set<Job.State>? = nil,
        concurrencyKey: ConcurrencyKey? = nil, uniqueKey: String? = nil, tag: String? = nil,
        isHeld: Bool? = nil, failureKind: String? = nil, finishedUntil: Timestamp? = nil,
        limit: Int = 100, before: JobID? = nil
    ) {
        self.queue = queue
        self.kind = kind
        self.states = states
        self.concurrencyKey = concurrencyKey
        self.uniqueKey = uniqueKey
        self.tag = tag
        self.isHeld = isHeld
        self.failureKind = failureKind
        self.finishedUntil = finishedUntil
        self.limit = limit
        self.before = before
    }
}
