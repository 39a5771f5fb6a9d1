internal import Logging
internal import Synchronization

/// An attempt whose handler is through, and how it is to be settled.
struct EndedAttempt: Sendable {
    let attempt: RunningAttempt
    var settlement: Settlement
    /// How long the handler took.
    let took: Duration
    /// Whether the store has refused what the handler wanted.
    var wasRefused = false

    var settledLease: SettledLease { SettledLease(attempt.lease.token, as: settlement) }
}

extension WorkerSession {
    private struct Batch {
        var settled: [EndedAttempt]
        var requests: [LeaseRequest]
        /// Whether a slot has become free since the last one.
        var hasFreedSlot = false
    }

    /// Settles what has ended, and takes leases for the slots that are free, with one commit; what
    /// ends during a commit is settled by the next. Returns when the worker is to stop, and nothing
    /// runs any more.
    func exchangeLeases() async {
        var backoff = Backoff(cap: configuration.pollInterval)
        while let batch = await nextBatch() {
            let isDone = await exchange(batch)
            heedNews()
            if isDone {
                backoff.reset()
                // Handlers that take no time end meanwhile, so that the next exchange has them all.
                await Task.yield()
            } else {
                if isHopeless() { dropEnded() }
                try? await clock.sleep(for: backoff.next())
            }
        }
    }

    /// Waits until there is something to exchange; `nil` when everything is over.
    private func nextBatch() async -> Batch? {
        while true {
            let (batch, isOver) = state.withLock { state in
                var batch = Batch(settled: state.ended, requests: [])
                state.ended = []
                if !state.isStopping, state.hasSignal || !batch.settled.isEmpty {
                    state.hasSignal = false
                    batch.hasFreedSlot = state.hasFreedSlot
                    state.hasFreedSlot = false
                    for queue in queues {
                        guard let free = state.free[queue], free > 0 else { continue }
                        batch.requests.append(request(free, from: queue))
                    }
                }
                let isIdle = queues.allSatisfy { state.free[$0] == configuration.slots[$0] }
                return (batch, state.isStopping && isIdle)
            }
            if !batch.settled.isEmpty || !batch.requests.isEmpty { return batch }
            if isOver { return nil }
            heedNews()
            await bell.wait()
        }
    }

    func request(_ limit: Int, from queue: QueueName) -> LeaseRequest {
        LeaseRequest(
            queue: queue, limit: limit, worker: worker.worker, length: configuration.leaseLength,
            kinds: configuration.kinds)
    }

    func takeEnded() -> [EndedAttempt] {
        state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
    }

    /// - Returns: Whether all went well.
    private func exchange(_ batch: Batch) async -> Bool {
        let lost = batch.settled.filter { $0.attempt.stopReason == .leaseLost }
        let settled = batch.settled.filter { $0.attempt.stopReason != .leaseLost }
        var events = lost.flatMap { end($0, as: .leaseLost) }
        let start = (clock.uptime, clock.now)
        let answer: LeaseExchange
        do {
            answer = try await store.exchange(settled.map(\.settledLease), for: batch.requests)
        } catch QueueError.outcomeUnknown(let why) {
            logger.warning("Can't tell what was settled", metadata: [LogKey.reason: "\(why)"])
            answer = await findOut(settled, since: start.1)
            state.withLock { $0.hasSignal = true }
        } catch {
            logger.warning(
                "Can't settle and take leases",
                metadata: [LogKey.attempts: "\(settled.count)", LogKey.error: "\(error)"])
            state.withLock { state in
                state.ended += settled
                state.hasSignal = true
                state.hasFreedSlot = state.hasFreedSlot || batch.hasFreedSlot
            }
            startAll([], leasedAt: start.0, after: events)
            return false
        }
        let taken = answer.leases.reduce(0) { $0 + $1.count }
        if taken > 0 || batch.hasFreedSlot, taken < batch.requests.reduce(0, { $0 + $1.limit }) {
            // What is left may be kept back by a rate: only a sweep says until when. And while all
            // slots were full, none had to.
            sweepBell.ring()
        }
        let conclusion = conclude(settled, answer)
        events += conclusion.events
        startAll(answer.leases, leasedAt: start.0, after: events)
        return conclusion.error == nil
    }

    /// Looks what an exchange came to whose commit may or may not have happened.
    private func findOut(_ settled: [EndedAttempt], since start: Timestamp) async -> LeaseExchange {
        var backoff = Backoff(cap: configuration.pollInterval)
        var held: [Lease]?
        repeat {
            do {
                held = try await heldLeases()
            } catch {
                logger.warning(
                    "Can't see what was settled", metadata: [LogKey.error: "\(error)"])
                if isHopeless() { break }
                try? await clock.sleep(for: backoff.next())
            }
        } while held == nil

        let unsettled = held.map { Set($0.map(\.token)) }
        let known = Set(keeper.attempts.map(\.lease.token))
        let refused = settled.map(\.attempt.lease.token).filter { unsettled?.contains($0) ?? true }
        return LeaseExchange(
            refused: Dictionary(
                uniqueKeysWithValues: refused.map { ($0, QueueError.outcomeUnknown(why: "")) }),
            // One that was given up may still be there; it is left to run out.
            leases: [
                (held ?? []).filter {
                    !known.contains($0.token) && ($0.job.leasedAt ?? start) >= start
                }
            ])
    }

    /// The leases of this worker, as the store has them.
    private func heldLeases() async throws -> [Lease] {
        var leases: [Lease] = []
        for queue in queues {
            let jobs = try await store.jobs(
                matching: JobFilter(queue: queue, states: [.leased], limit: 10_000))
            leases += jobs.filter { $0.worker == worker.worker }.map { job in
                Lease(
                    job: job, worker: worker.worker,
                    expiresAt: clock.now + configuration.leaseLength)
            }
        }
        return leases
    }

    /// Whether the store has failed so often since the worker is to stop that it's no use waiting
    /// for it: what isn't settled when the worker ends is released.
    private func isHopeless() -> Bool {
        state.withLock { state in
            if state.isStopping { state.failuresWhileStopping += 1 }
            return state.failuresWhileStopping >= 10
        }
    }

    private func dropEnded() {
        for ended in takeEnded() {
            logger.error("Couldn't settle a lease", metadata: ended.attempt.lease.logFacts())
            keeper.remove(ended.attempt)
        }
    }

    // MARK: Conclusions

    /// Takes note of what was settled, and sees to what was refused.
    ///
    /// - Returns: What middleware is to be told, and why something is to be settled once more.
    func conclude(
        _ settled: [EndedAttempt], _ answer: LeaseExchange
    ) -> (events: [WorkerEvent], error: (any Error)?) {
        var events: [WorkerEvent] = []
        var again: [EndedAttempt] = []
        var passing: (any Error)?
        for var ended in settled {
            let lease = ended.attempt.lease
            switch answer.refused[lease.token] {
            case nil:
                logger.info(
                    "Settled lease",
                    metadata: lease.logFacts(and: [
                        LogKey.outcome: "\(ended.settlement.word)",
                        LogKey.duration: "\(ended.took.milliseconds)",
                    ]))
                events += end(ended, as: AttemptEnd(ended.settlement, of: ended.attempt))
            case QueueError.leaseLost?:
                logger.warning(
                    "Lost the lease before it was settled", metadata: lease.logFacts())
                events += end(ended, as: .leaseLost)
            case let error as QueueError where error.mayPass:
                passing = error
                again.append(ended)
            case let error?:
                logger.error(
                    "The store refuses a settlement",
                    metadata: lease.logFacts(and: [LogKey.error: "\(error)"]))
                // What the handler wants can't be stored, so trying again is no use: let the job
                // say so. If even that is refused, the lease runs out.
                if ended.wasRefused {
                    events += end(ended, as: .leaseLost)
                } else {
                    ended.wasRefused = true
                    ended.settlement = .retry(
                        Failure(kind: Failure.settlementRefused, message: "\(error)"),
                        notBefore: nil)
                    again.append(ended)
                }
            }
        }
        if !again.isEmpty { state.withLock { $0.ended += again } }
        return (events, passing)
    }

    private func end(_ ended: EndedAttempt, as end: AttemptEnd) -> [WorkerEvent] {
        keeper.remove(ended.attempt)
        guard !worker.middleware.isEmpty else { return [] }
        return [.ended(ended.attempt.lease, end, took: ended.took)]
    }
}
