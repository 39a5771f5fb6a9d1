extension JobContext {
    /// Does a part of the job once: its result is kept, and later attempts get it without doing it.
    ///
    /// Between its end and the moment its result is kept lies a crash's width: what mustn't happen
    /// twice by any means needs a key that the other side knows it by, such as the job's id with
    /// the step's name.
    ///
    /// - Parameter name: Unique in the job, and the same in each attempt. At most 1 KiB.
    /// - Throws: What `body` throws: the step isn't done then. `QueueError.invalidStep` when the run
    ///   has had a step of that name.
    @discardableResult
    public func step<Result: Codable & Sendable>(
        _ name: String, _ body: () async throws -> Result
    ) async throws -> Result {
        try run.begin(name)
        if let kept = try await keptStep(name) {
            return try read(Result.self, from: kept, what: "the step \"\(name)\"")
        }
        let result: Result
        do {
            result = try await body()
        } catch {
            run.forget(name)
            throw error
        }
        let bytes: [UInt8]
        do {
            bytes = try JobCoding.encode(result)
        } catch {
            throw PermanentFailure(
                kind: Failure.resultUnencodable,
                message: "Can't encode the result of the step \"\(name)\": \(error)")
        }
        try await store.record(step: name, result: bytes, of: lease.token)
        return result
    }

    /// The same for what has no result.
    public func step(_ name: String, _ body: () async throws -> Void) async throws {
        _ = try await step(name) {
            try await body()
            return NoOutput()
        }
    }

    /// Sleeps without taking a slot: the attempt ends, and another one goes on here in time.
    ///
    /// The time at which it wakes is kept as a step: neither a crash nor a retry makes it later.
    ///
    /// - Parameter name: Unique among the job's steps.
    public func sleep(_ name: String, for length: Duration) async throws {
        try await wake(at: try await step(name) { clock.now + length }, name)
    }

    /// The same until a point in time, which is the one that was named first.
    public func sleep(_ name: String, until time: Timestamp) async throws {
        try await wake(at: try await step(name) { time }, name)
    }

    private func wake(at time: Timestamp, _ name: String) async throws {
        guard clock.now < time else { return }
        try run.suspend(as: .snoozed(until: time, reason: "It sleeps in \"\(name)\"."))
    }

    // MARK: Events

    /// Waits for an event without taking a slot: the attempt ends, and another one goes on here.
    ///
    /// An event that was sent before it was waited for is there at once. What came of the wait is
    /// kept as a step: later attempts agree with the first one, also on what came too late.
    ///
    /// - Parameter limit: How long it waits, from the first attempt that came here. `nil`, the
    ///   default: as long as it takes.
    /// - Returns: What was sent; `nil` when it wasn't in time.
    public func event<Payload: Codable & Sendable>(
        _ name: EventName, as type: Payload.Type, within limit: Duration? = nil
    ) async throws -> Payload? {
        try await wait(for: EventKey(name), type, "event \(name)", within: limit)
    }

    /// Waits for the answer to a question of this job alone: see `JobQueue.decide`.
    ///
    /// - Returns: The answer; `nil` when it wasn't in time.
    public func decision<Answer: Codable & Sendable>(
        _ name: EventName, as type: Answer.Type, within limit: Duration? = nil
    ) async throws -> Answer? {
        try await wait(for: EventKey(name, for: job.id), type, "decision \(name)", within: limit)
    }

    private func wait<Payload: Codable & Sendable>(
        for key: EventKey, _ type: Payload.Type, _ step: String, within limit: Duration?
    ) async throws -> Payload? {
        try run.begin(step)
        let outcome: [UInt8]
        if let kept = try await keptStep(step) {
            outcome = kept
        } else {
            outcome = try await self.outcome(of: key, step, within: limit)
            try await store.record(step: step, result: outcome, of: lease.token)
        }
        // Nothing at all stands for a time that ran out: JSON is never empty.
        guard !outcome.isEmpty else { return nil }
        return try read(type, from: outcome, what: "the \(step)")
    }

    /// What came of a wait; ends the attempt while that isn't known.
    private func outcome(
        of key: EventKey, _ step: String, within limit: Duration?
    ) async throws -> [UInt8] {
        let deadline: Timestamp? =
            if let limit {
                try await self.step("\(step) until") { clock.now + limit }
            } else {
                nil
            }
        if let event = try await store.event(key), deadline.map({ event.at < $0 }) ?? true {
            return event.payload.isEmpty ? Array("{}".utf8) : event.payload
        }
        if let deadline, clock.now >= deadline { return [] }
        try run.suspend(as: .waiting(for: key, until: deadline))
    }

    // MARK: What is kept

    private func keptStep(_ name: String) async throws -> [UInt8]? {
        try await run.keptSteps { try await store.steps(of: job.id) }[name]
    }

    /// What can't be read today can't be read tomorrow: the job is given up.
    private func read<Value: Codable>(
        _ type: Value.Type, from bytes: [UInt8], what: String
    ) throws -> Value {
        do {
            return try JobCoding.decode(type, from: bytes)
        } catch {
            throw PermanentFailure(
                kind: Failure.payloadUndecodable,
                message: "Can't read the result of \(what): \(error)")
        }
    }
}
