/// Jobs that wait for each other and end with one: a pipeline, a chord, or both.
///
/// ```swift
/// let album = try JobGroup([Resize(photo: 1), Resize(photo: 2)])  // at the same time
///     .then(MakeAlbum())                                          // with the outputs of both
///     .then(Publish())                                            // with the output of that
///     .onFailure(Apologize())                                     // when one of them has failed
/// ```
///
/// It is a value: nothing is queued until it is given to `JobQueue.enqueue`, which adds all of its
/// jobs in one transaction. A job reads what came before it with `JobContext.previousOutput` and
/// `outputs`. When one dies or is cancelled, those that wait for it are cancelled, unless their
/// `JobOptions.condition` says otherwise.
public struct JobFlow<Output: Codable & Sendable>: Sendable {
    var plan: JobPlan
    /// The position of the job it ends with.
    var last: Int

    /// A flow of a single job.
    ///
    /// - Throws: `QueueError.invalidJob` when the payload can't be encoded; so do all that follow.
    public init<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions = .init()
    ) throws(QueueError) where Payload.Output == Output {
        plan = JobPlan()
        last = try plan.add(payload, options, after: [])
    }

    init(plan: JobPlan, last: Int) {
        self.plan = plan
        self.last = last
    }

    /// The same, and then a job.
    public func then<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions = .init()
    ) throws(QueueError) -> JobFlow<Payload.Output> {
        try plan.adding(payload, options, after: [last])
    }

    /// The same, and then jobs that run at the same time.
    public func then<Payload: JobPayload>(
        each payloads: [Payload], _ options: JobOptions = .init()
    ) throws(QueueError) -> JobGroup<Payload.Output> {
        var plan = plan
        var ends: [Int] = []
        for payload in payloads { ends.append(try plan.add(payload, options, after: [last])) }
        return JobGroup(plan: plan, ends: ends)
    }

    /// The same, with a job that runs when one of the flow's jobs has died or was cancelled, and is
    /// cancelled when all succeed. Its `JobContext.dependencies` are all jobs of the flow so far.
    public func onFailure(
        _ payload: some JobPayload, _ options: JobOptions = .init()
    ) throws(QueueError) -> JobFlow {
        var flow = self
        try flow.plan.addFailureHandler(payload, options)
        return flow
    }

    /// The flow as jobs, for a transaction of one's own.
    ///
    /// - Parameter now: What the lengths in its options are counted from.
    public func jobs(now: Timestamp = SystemClock().now) -> [NewJob] { plan.jobs(now: now) }
}

/// Jobs that run at the same time, each of them the end of a flow of its own.
public struct JobGroup<Output: Codable & Sendable>: Sendable {
    var plan: JobPlan
    /// The positions of the jobs it ends with.
    var ends: [Int]

    /// - Throws: `QueueError.invalidJob` when a payload can't be encoded; so do all that follow.
    public init<Payload: JobPayload>(
        _ payloads: [Payload], _ options: JobOptions = .init()
    ) throws(QueueError) where Payload.Output == Output {
        plan = JobPlan()
        ends = []
        for payload in payloads { ends.append(try plan.add(payload, options, after: [])) }
    }

    /// Flows beside each other.
    public init(_ flows: [JobFlow<Output>]) {
        plan = JobPlan()
        ends = []
        for flow in flows { ends.append(plan.append(flow.plan) + flow.last) }
    }

    init(plan: JobPlan, ends: [Int]) {
        self.plan = plan
        self.ends = ends
    }

    /// The same, and then a job that waits for all of them: a chord.
    public func then<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions = .init()
    ) throws(QueueError) -> JobFlow<Payload.Output> {
        try plan.adding(payload, options, after: ends)
    }

    /// See `JobFlow.onFailure`.
    public func onFailure(
        _ payload: some JobPayload, _ options: JobOptions = .init()
    ) throws(QueueError) -> JobGroup {
        var group = self
        try group.plan.addFailureHandler(payload, options)
        return group
    }

    /// The group as jobs, for a transaction of one's own.
    ///
    /// - Parameter now: What the lengths in its options are counted from.
    public func jobs(now: Timestamp = SystemClock().now) -> [NewJob] { plan.jobs(now: now) }
}

extension JobQueue {
    /// Puts the jobs of a flow into their queues, all or none.
    ///
    /// - Returns: The one that it ends with.
    @discardableResult
    public func enqueue<Output>(_ flow: JobFlow<Output>) async throws -> JobHandle<Output> {
        JobHandle(try await enqueue(flow.jobs(now: clock.now))[flow.last], self)
    }

    /// Puts the jobs of a group into their queues, all or none.
    ///
    /// - Returns: Those that it ends with.
    @discardableResult
    public func enqueue<Output>(_ group: JobGroup<Output>) async throws -> [JobHandle<Output>] {
        let answers = try await enqueue(group.jobs(now: clock.now))
        return group.ends.map { JobHandle(answers[$0], self) }
    }
}
