public import SkepQueue
internal import Synchronization

/// A queue store in front of another one that fails as a test wants.
public final class FaultyQueueStore: QueueStore {
    public enum Call: Sendable {
        case lease, renew, settle, sweep, register, tick
    }

    /// How a call fails.
    public enum Fault: Sendable {
        /// Nothing happens but the error.
        case instead(QueueError)
        /// It happens, and then fails all the same.
        case afterwards(QueueError)
    }

    private let store: any QueueStore
    private let faults = Mutex<[Call: [Fault]]>([:])
    private let counts = Mutex<[Call: Int]>([:])

    public init(_ store: any QueueStore) {
        self.store = store
    }

    /// Makes the next calls fail, one fault each.
    public func fail(_ call: Call, with faults: [Fault]) {
        self.faults.withLock { $0[call, default: []] += faults }
    }

    /// How often it was called, failed calls included.
    public func count(of call: Call) -> Int {
        counts.withLock { $0[call] ?? 0 }
    }

    private func passing<R>(_ call: Call, _ body: () async throws -> R) async throws -> R {
        counts.withLock { $0[call, default: 0] += 1 }
        let fault: Fault? = faults.withLock { faults in
            guard let next = faults[call]?.first else { return nil }
            faults[call]?.removeFirst()
            return next
        }
        switch fault {
        case nil: return try await body()
        case .instead(let error): throw error
        case .afterwards(let error):
            _ = try await body()
            throw error
        }
    }

    public func lease(_ request: LeaseRequest) async throws -> [Lease] {
        try await passing(.lease) { try await store.lease(request) }
    }

    public func renew(
        _ leases: [LeaseToken], length: Duration
    ) async throws -> [LeaseToken: Renewal] {
        try await passing(.renew) { try await store.renew(leases, length: length) }
    }

    public func settle(_ lease: LeaseToken, as settlement: Settlement) async throws {
        try await passing(.settle) { try await store.settle(lease, as: settlement) }
    }

    public func sweep() async throws -> Sweep {
        try await passing(.sweep) { try await store.sweep() }
    }

    public func register(_ worker: WorkerID) async throws -> any WorkerRegistration {
        try await passing(.register) { try await store.register(worker) }
    }

    public func tick() async throws -> TickResult {
        try await passing(.tick) { try await store.tick() }
    }

    public func enqueue(_ jobs: [NewJob]) async throws -> [Enqueued] {
        try await store.enqueue(jobs)
    }

    public func cancel(_ id: JobID) async throws -> Cancellation { try await store.cancel(id) }
    public func retry(_ id: JobID) async throws { try await store.retry(id) }

    public func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization {
        try await store.setPriority(priority, of: id)
    }

    public func setLimit(
        _ limit: Int?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await store.setLimit(limit, of: key, in: queue)
    }

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
}
