/// Jobs that wait for each other, by their positions, before it is known when they are enqueued.
struct JobPlan: Sendable {
    private struct Entry: Sendable {
        var kind: JobKind
        var payload: [UInt8]
        var options: JobOptions
        /// Earlier positions.
        var predecessors: [Int]
    }

    private var entries: [Entry] = []

    /// - Returns: Its position.
    mutating func add<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions, after predecessors: [Int]
    ) throws(QueueError) -> Int {
        entries.append(
            Entry(
                kind: Payload.kind, payload: try payload.encoded(), options: options,
                predecessors: predecessors))
        return entries.count - 1
    }

    /// The flow that ends with one more job.
    func adding<Payload: JobPayload>(
        _ payload: Payload, _ options: JobOptions, after predecessors: [Int]
    ) throws(QueueError) -> JobFlow<Payload.Output> {
        var plan = self
        let last = try plan.add(payload, options, after: predecessors)
        return JobFlow(plan: plan, last: last)
    }

    mutating func addFailureHandler(
        _ payload: some JobPayload, _ options: JobOptions
    ) throws(QueueError) {
        // Another handler is cancelled when all goes well, which is no failure.
        let watched = entries.indices.filter { entries[$0].options.condition != .failed }
        var options = options
        options.condition = .failed
        _ = try add(payload, options, after: watched)
    }

    /// - Returns: The position at which the other's begin.
    mutating func append(_ other: JobPlan) -> Int {
        let start = entries.count
        for var entry in other.entries {
            entry.predecessors = entry.predecessors.map { $0 + start }
            entries.append(entry)
        }
        return start
    }

    func jobs(now: Timestamp) -> [NewJob] {
        entries.map { entry in
            var job = NewJob(entry.kind, payload: entry.payload, entry.options, now: now)
            job.dependencies = entry.predecessors.map { .earlier($0) } + job.dependencies
            return job
        }
    }
}
