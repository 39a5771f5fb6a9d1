public import SkepQueue

/// What every queue store does, written once and run for each.
///
/// ```swift
/// @Test(arguments: QueueConformance.cases)
/// func conforms(_ conformance: QueueConformance.Case) async throws {
///     let clock = ManualClock()
///     try await conformance.run(clock: clock, store: try await makeStore(clock))
/// }
/// ```
///
/// The store must be new, use the default retry policy, and draw 0.5 as its random number.
public enum QueueConformance {
    public struct Case: Sendable, CustomStringConvertible {
        /// A sentence about behaviour.
        public let name: String
        let body: @Sendable (QueueFixture) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (QueueFixture) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        public func run(clock: ManualClock, store: any QueueStore) async throws {
            try await body(QueueFixture(clock: clock, store: store))
        }
    }

    public static let cases: [Case] =
        enqueueing + claiming + controlling + fairness + leasing + settling + intervening + looking
        + scheduling + overlapping
        + declaring + clocks + flows + steps + watching + uniqueness + expiring + matching
        + semaphores
}

/// What a conformance case works with, and what it says often.
struct QueueFixture: Sendable {
    let clock: ManualClock
    let store: any QueueStore
    let worker: WorkerID = "w-one"
    let other: WorkerID = "w-two"

    func enqueue(_ job: NewJob) async throws -> JobID {
        let answers = try await store.enqueue([job])
        try expect(answers.count == 1, "one answer for one job, not \(answers)")
        return answers[0].id
    }

    func lease(
        _ limit: Int = 1, from queue: QueueName = "default", by worker: WorkerID? = nil,
        kinds: Set<JobKind>? = nil
    ) async throws -> [Lease] {
        try await store.lease(
            LeaseRequest(
                queue: queue, limit: limit, worker: worker ?? self.worker, kinds: kinds))
    }

    func leaseOne(by worker: WorkerID? = nil) async throws -> Lease {
        let leases = try await lease(by: worker)
        guard let lease = leases.first else { throw Unexpected("nothing to lease") }
        return lease
    }

    func job(_ id: JobID) async throws -> Job {
        guard let job = try await store.job(id) else { throw Unexpected("job \(id) is gone") }
        return job
    }

    func expectState(_ state: Job.State, of id: JobID) async throws {
        let job = try await job(id)
        try expect(job.state == state, "job \(id) is \(job.state), not \(state)")
    }

    func expectLeaseLost(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch QueueError.leaseLost {
            return
        }
        throw Unexpected("the lease wasn't refused")
    }
}

/// Something a store did that it shouldn't have.
public struct Unexpected: Error, CustomStringConvertible {
    public let description: String

    init(_ what: String) { description = what }
}

func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    guard condition else { throw Unexpected("expected " + what()) }
}

func expectEqual<V: Equatable>(_ value: V, _ expected: V, _ what: String) throws {
    guard value == expected else { throw Unexpected("\(what) is \(value), not \(expected)") }
}
