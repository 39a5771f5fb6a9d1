internal import SkepQueue

/// What is known, at one moment, of all that may keep a job from running.
struct ObstacleFacts: Sendable {
    /// What lets only so many jobs begin: a queue, or a key in it.
    struct Gate: Sendable {
        var limit: Int?
        var leased = 0
        var rate: RateLimit?
        /// When the rate lets the next job begin; `nil`, or past: now.
        var opensAt: Timestamp?

        var isFull: Bool { limit.map { leased >= $0 } ?? false }
    }

    /// A worker, and how many jobs of the queue it holds.
    struct Worker: Sendable {
        let worker: WorkerID
        let offer: WorkerOffer?
        let leased: Int
    }

    var job: Job
    var lastFailure: String?
    var unmet: [JobID] = []
    var isPaused = false
    var queue = Gate()
    var key = Gate()
    /// Some of those that run.
    var runningInQueue: [JobID] = []
    var runningOfKey: [JobID] = []
    /// How many go before it.
    var ahead = 0
    var workers: [Worker] = []

    /// The obstacles, the one that lasts longest first.
    func obstacles(at now: Timestamp, isAlive: (WorkerID) -> Bool) -> [JobObstacle] {
        switch job.state {
        case .leased: []
        case .succeeded: [.finished(.succeeded, reason: nil)]
        case .dead: [.finished(.dead, reason: lastFailure)]
        case .cancelled: [.finished(.cancelled, reason: job.reason)]
        case .scheduled, .ready:
            ownObstacles(at: now) + shutGates(at: now) + missingSlots(isAlive)
                + (ahead > 0 ? [.behind(ahead)] : [])
        }
    }

    /// What has to do with nobody but the job.
    private func ownObstacles(at now: Timestamp) -> [JobObstacle] {
        var obstacles: [JobObstacle] = []
        if job.isHeld { obstacles.append(.held) }
        if job.unmetDependencies > 0 { obstacles.append(.dependsOn(unmet)) }
        if let event = job.awaitedEvent {
            let until = job.notBefore < .endOfTime ? job.notBefore : nil
            obstacles.append(.awaitsEvent(event, until: until))
        } else if job.notBefore > now {
            obstacles.append(.scheduled(at: job.notBefore, reason: job.reason))
        }
        return obstacles
    }

    /// What lets nobody in at the moment, whether the job is ready or not.
    private func shutGates(at now: Timestamp) -> [JobObstacle] {
        var obstacles: [JobObstacle] = []
        if isPaused { obstacles.append(.queuePaused(job.queue)) }
        if queue.isFull, let limit = queue.limit {
            obstacles.append(.queueFull(job.queue, limit: limit, running: runningInQueue))
        }
        if let name = job.concurrencyKey, key.isFull, let limit = key.limit {
            obstacles.append(.keyFull(name, limit: limit, running: runningOfKey))
        }
        if let rate = queue.rate, let opensAt = queue.opensAt, opensAt > now {
            obstacles.append(.queueRate(job.queue, rate, opensAt: opensAt))
        }
        if let name = job.concurrencyKey, let rate = key.rate, let opensAt = key.opensAt,
            opensAt > now
        {
            obstacles.append(.keyRate(name, rate, opensAt: opensAt))
        }
        return obstacles
    }

    private func missingSlots(_ isAlive: (WorkerID) -> Bool) -> [JobObstacle] {
        let ofQueue = workers.filter { worker in
            worker.offer?.slots[job.queue] ?? 0 > 0 && isAlive(worker.worker)
        }
        guard !ofQueue.isEmpty else { return [.noWorker(job.queue)] }
        let takers = ofQueue.filter { $0.offer?.kinds?.contains(job.kind) ?? true }
        guard !takers.isEmpty else { return [.unknownKind(job.kind)] }
        let slots = takers.reduce(0) { $0 + ($1.offer?.slots[job.queue] ?? 0) }
        let free = takers.reduce(0) { $0 + max(($1.offer?.slots[job.queue] ?? 0) - $1.leased, 0) }
        return job.state == .ready && free == 0 ? [.workersBusy(slots: slots)] : []
    }
}
