/// A queue as a program uses it: jobs have payloads and outputs of types of its own.
///
/// It adds types to a store and nothing else. Everything that needs none, such as cancelling,
/// retrying, listing, pausing and limits, is asked of the `store`.
public struct JobQueue: Sendable {
    public let store: any QueueStore
    /// What delays are counted from, and what waiting goes by: the store's clock.
    public let clock: any Clock

    /// What is there when jobs are enqueued and run. The first is outermost.
    public let middleware: [any JobMiddleware]

    /// What runs jobs as soon as they are enqueued; see `init(store:clock:immediate:)`.
    let immediate: JobHandlers?

    public init(
        store: any QueueStore, clock: any Clock = SystemClock(),
        middleware: [any JobMiddleware] = []
    ) {
        self.init(store: store, clock: clock, middleware: middleware, immediately: nil)
    }

    init(
        store: any QueueStore, clock: any Clock, middleware: [any JobMiddleware],
        immediately immediate: JobHandlers?
    ) {
        self.store = store
        self.clock = clock
        self.middleware = middleware
        self.immediate = immediate
    }

    // MARK: Enqueueing

    /// Puts a job into its queue; it is durable when this returns.
    ///
    /// To add it in a transaction of one's own, together with rows of one's own, make a
    /// `NewJob(payload, options)` and give it to the transaction of the SQLite store.
    ///
    /// - Throws: `QueueError.invalidJob` when it breaks a limit.
    @discardableResult
    public func enqueue<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions = .init()
    ) async throws -> JobHandle<Payload.Output> {
        try await enqueue([payload], options)[0]
    }

    /// Puts jobs into their queue, all or none, with one commit.
    @discardableResult
    public func enqueue<Payload: JobPayload>(
        _ payloads: [Payload], _ options: JobOptions = .init()
    ) async throws -> [JobHandle<Payload.Output>] {
        let now = clock.now
        return try await enqueue(payloads.map { try NewJob($0, options, now: now) })
            .map { JobHandle($0, self) }
    }

    /// Puts jobs of any kind into their queues, all or none.
    @discardableResult
    public func enqueue(_ jobs: [NewJob]) async throws -> [Enqueued] {
        let answers = try await middleware.enqueue(jobs) { try await store.enqueue($0) }
        try await runUntilIdle()
        return answers
    }

    // MARK: Looking up

    /// A job that was enqueued elsewhere, or earlier.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.invalidJob` when it is of another kind.
    public func job<Payload: JobPayload>(
        _ id: JobID, of type: Payload.Type
    ) async throws -> JobHandle<Payload.Output> {
        _ = try await find(id, type)
        return JobHandle(.existing(id), self)
    }

    /// What a job was enqueued with.
    ///
    /// - Throws: `QueueError.noSuchJob`; `.invalidJob` when it is of another kind; `DecodingError`.
    public func payload<Payload: JobPayload>(
        of id: JobID, as type: Payload.Type
    ) async throws -> Payload {
        try JobCoding.decode(type, from: try await find(id, type).payload)
    }

    private func find<Payload: JobPayload>(_ id: JobID, _ type: Payload.Type) async throws -> Job {
        guard let job = try await store.job(id) else { throw QueueError.noSuchJob(id) }
        guard job.kind == Payload.kind else {
            throw QueueError.invalidJob(
                job.kind, reason: "Job \(id) isn't of kind \"\(Payload.kind)\".")
        }
        return job
    }

    // MARK: Events

    /// Makes an event known to all jobs that wait for it, now or later: see `JobContext.event`.
    ///
    /// An event happens once. Who sends it again learns what was sent before, which stands.
    @discardableResult
    public func send(
        _ event: EventName, _ payload: some Encodable & Sendable = NoOutput()
    ) async throws -> EventAnswer {
        try await send(EventKey(event), payload)
    }

    /// Answers what one job has asked for: see `JobContext.decision`. The first answer stands.
    ///
    /// - Throws: `QueueError.noSuchJob`.
    @discardableResult
    public func decide(
        _ decision: EventName, of job: JobID, _ answer: some Encodable & Sendable
    ) async throws -> EventAnswer {
        try await send(EventKey(decision, for: job), answer)
    }

    private func send(_ key: EventKey, _ payload: some Encodable) async throws -> EventAnswer {
        let answer = try await store.send(key, payload: try JobCoding.encode(payload))
        try await runUntilIdle()
        return answer
    }
}
