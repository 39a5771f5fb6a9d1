/// So many jobs may begin in so long: a token bucket.
public struct RateLimit: Sendable, Hashable {
    /// At least 1.
    public let count: Int
    /// At least 1 ms.
    public let per: Duration
    /// How many may begin at once after a quiet time, at least 1: the size of the bucket.
    public let burst: Int

    /// - Parameter burst: As many as `count` by default.
    public init(_ count: Int, per: Duration, burst: Int? = nil) {
        self.count = count
        self.per = per
        self.burst = burst ?? count
    }
}

/// What people and programs may say about queues, keys and jobs while they work.
///
/// Everything holds at once, in all processes, and stays until it is changed.
public protocol QueueControl: Sendable {
    /// Lets no job of a queue be leased until it is resumed. What runs goes on. When this has
    /// returned, no lease of the queue is given anywhere.
    func pause(_ queue: QueueName) async throws

    func resume(_ queue: QueueName) async throws

    /// Sets how many jobs of a queue may be leased at once; `nil` takes the limit away.
    func setLimit(_ limit: Int?, of queue: QueueName) async throws

    /// Sets how many jobs of a key may be leased at once; `nil` takes the limit away.
    func setLimit(_ limit: Int?, of key: ConcurrencyKey, in queue: QueueName) async throws

    /// Sets how many jobs of a queue may begin in a time; `nil` takes the limit away.
    ///
    /// - Throws: `QueueError.invalidSetting` when the rate isn't one.
    func setRate(_ rate: RateLimit?, of queue: QueueName) async throws

    /// Sets how many jobs of a key may begin in a time; `nil` takes the limit away.
    func setRate(_ rate: RateLimit?, of key: ConcurrencyKey, in queue: QueueName) async throws

    /// Keeps a job from being leased until it is let go. One that runs goes on, and is held when it
    /// waits again.
    ///
    /// - Returns: `false` when it is finished; nothing has changed then.
    @discardableResult
    func hold(_ id: JobID) async throws -> Bool

    /// Lets a held job go on where it was.
    ///
    /// - Returns: `false` when it is finished; nothing has changed then.
    @discardableResult
    func letGo(_ id: JobID) async throws -> Bool

    /// Gives a job another priority; it keeps its place in time.
    ///
    /// On a job that is leased it has an effect when the job waits again.
    ///
    /// - Throws: `QueueError.invalidJob` when no job may have such a priority.
    @discardableResult
    func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization
}

/// What `setPriority` did.
public enum Reprioritization: Sendable, Hashable {
    case changed
    case alreadyFinished(Job.State)
}
