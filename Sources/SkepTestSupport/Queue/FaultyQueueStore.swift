public import SkepQueue
internal import Synchronization

/// A queue store in front of another one that fails as a test wants.
public final class FaultyQueueStore: QueueStore {
    public enum Call: Sendable {
        case lease, renew, settle, exchange, sweep, register, tick, maintain
    }

    /// How a call fails.
    public enum Fault: Sendable {
        /// Nothing happens but the error.
        case instead(QueueError)
        /// It happens, and then fails all the same.
        case afterwards(QueueError)
        /// It doesn't happen before this has returned.
        case hanging(until: @Sendable () async -> Void)
    }

    let store: any QueueStore
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
        case .hanging(let isOver):
            await isOver()
            return try await body()
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

    public func maintain() async throws -> Maintenance {
        try await passing(.maintain) { try await store.maintain() }
    }

    public func exchange(
        _ settled: [SettledLease], for requests: [LeaseRequest]
    ) async throws -> LeaseExchange {
        try await passing(.exchange) { try await store.exchange(settled, for: requests) }
    }

    public func register(
        _ worker: WorkerID, offering offer: WorkerOffer?
    ) async throws -> any WorkerRegistration {
        try await passing(.register) { try await store.register(worker, offering: offer) }
    }

    public func tick() async throws -> TickResult {
        try await passing(.tick) { try await store.tick() }
    }

    public func enqueue(_ jobs: [NewJob]) async throws -> [Enqueued] {
        try await store.enqueue(jobs)
    }
}
