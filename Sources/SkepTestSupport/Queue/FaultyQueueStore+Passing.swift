public import SkepQueue

/// The calls that always reach the store behind.
extension FaultyQueueStore {
    public func job(_ id: JobID) async throws -> Job? { try await store.job(id) }

    public func failures(of id: JobID) async throws -> [RecordedFailure] {
        try await store.failures(of: id)
    }

    public func result(of id: JobID) async throws -> [UInt8]? { try await store.result(of: id) }

    public func jobs(matching filter: JobFilter) async throws -> [Job] {
        try await store.jobs(matching: filter)
    }

    public func setSchedules(_ schedules: [Schedule], of owner: String) async throws {
        try await store.setSchedules(schedules, of: owner)
    }

    public func pauseSchedule(_ name: ScheduleName) async throws {
        try await store.pauseSchedule(name)
    }

    public func resumeSchedule(_ name: ScheduleName) async throws {
        try await store.resumeSchedule(name)
    }

    public func runSchedule(_ name: ScheduleName) async throws -> JobID {
        try await store.runSchedule(name)
    }

    public func schedules() async throws -> [ScheduleStatus] { try await store.schedules() }

    public func ticks(of name: ScheduleName, limit: Int) async throws -> [ScheduleTick] {
        try await store.ticks(of: name, limit: limit)
    }

    public func status() async throws -> [QueueStatus] { try await store.status() }

    public func cancel(_ id: JobID) async throws -> Cancellation { try await store.cancel(id) }

    public func cancel(matching filter: JobFilter) async throws -> [JobID] {
        try await store.cancel(matching: filter)
    }

    public func retry(_ id: JobID) async throws { try await store.retry(id) }

    public func retry(matching filter: JobFilter) async throws -> [JobID] {
        try await store.retry(matching: filter)
    }

    public func prune(matching filter: JobFilter) async throws -> Int {
        try await store.prune(matching: filter)
    }

    public func pause(_ queue: QueueName) async throws { try await store.pause(queue) }
    public func resume(_ queue: QueueName) async throws { try await store.resume(queue) }

    public func setLimit(_ limit: Int?, of queue: QueueName) async throws {
        try await store.setLimit(limit, of: queue)
    }

    public func setLimit(
        _ limit: Int?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await store.setLimit(limit, of: key, in: queue)
    }

    public func setRate(_ rate: RateLimit?, of queue: QueueName) async throws {
        try await store.setRate(rate, of: queue)
    }

    public func setRate(
        _ rate: RateLimit?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await store.setRate(rate, of: key, in: queue)
    }

    public func hold(_ id: JobID) async throws -> Bool { try await store.hold(id) }
    public func letGo(_ id: JobID) async throws -> Bool { try await store.letGo(id) }

    public func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization {
        try await store.setPriority(priority, of: id)
    }

    public func dependencyOutcomes(of id: JobID) async throws -> [DependencyOutcome] {
        try await store.dependencyOutcomes(of: id)
    }

    public func relations(of id: JobID) async throws -> JobRelations {
        try await store.relations(of: id)
    }

    public func steps(of id: JobID) async throws -> [JobStep] { try await store.steps(of: id) }

    public func record(step name: String, result: [UInt8], of lease: LeaseToken) async throws {
        try await store.record(step: name, result: result, of: lease)
    }

    public func send(_ key: EventKey, payload: [UInt8]) async throws -> EventAnswer {
        try await store.send(key, payload: payload)
    }

    public func event(_ key: EventKey) async throws -> QueueEvent? {
        try await store.event(key)
    }

    public func report(
        done: Int64, total: Int64?, message: String?, of lease: LeaseToken
    ) async throws {
        try await store.report(done: done, total: total, message: message, of: lease)
    }

    public func progress(of id: JobID) async throws -> JobProgress? {
        try await store.progress(of: id)
    }

    public func finished(_ id: JobID) async throws -> Job { try await store.finished(id) }

    public func events(of id: JobID) async throws -> [JobEvent] {
        try await store.events(of: id)
    }

    public func obstacles(of id: JobID) async throws -> [JobObstacle] {
        try await store.obstacles(of: id)
    }

    public func workers() async throws -> [WorkerStatus] { try await store.workers() }

    public func acquire(
        _ semaphore: SemaphoreName, permits: Int, holder: WorkerID
    ) async throws -> Permit? {
        try await store.acquire(semaphore, permits: permits, holder: holder)
    }

    public func giveBack(_ permit: Permit) async throws { try await store.giveBack(permit) }

    public func stopWaiting(for semaphore: SemaphoreName, holder: WorkerID) async throws {
        try await store.stopWaiting(for: semaphore, holder: holder)
    }

    public func semaphores() async throws -> [SemaphoreStatus] { try await store.semaphores() }
}
