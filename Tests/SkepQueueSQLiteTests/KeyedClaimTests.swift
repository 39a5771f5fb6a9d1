import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

/// Several claims of one transaction, which see each other's keys before they are written.
@Suite("Claims that share a commit")
struct KeyedClaimTests {
    private static let exchanges = 64

    @Test("Keys take turns between them, as between claims of their own")
    func turns() async throws {
        try await withStore { store in
            try await enqueue(10, of: ["a", "b", "c"], store)

            let keys = try await store.write { transaction in
                try (0..<9).map { number in
                    try lease(transaction, by: WorkerID(rawValue: "w-\(number)")).first?.job
                        .concurrencyKey
                }
            }

            #expect(keys == ["a", "b", "c", "a", "b", "c", "a", "b", "c"])
        }
    }

    @Test("A limit holds between them, and a slot that one frees another one takes")
    func limits() async throws {
        try await withStore { store in
            try await enqueue(4, of: ["a"], store)
            try await store.setLimit(1, of: "a", in: "default")

            let counts = try await store.write { transaction in
                let first = try lease(transaction, by: "one")
                let second = try lease(transaction, by: "two")
                try transaction.settle(first[0].token, as: .succeeded(result: nil, next: []))
                return [first, second, try lease(transaction, by: "two")].map(\.count)
            }

            #expect(counts == [1, 0, 1])
        }
    }

    @Test("A rate holds between them, from when it is set until it is taken away")
    func rates() async throws {
        try await withStore { store in
            try await enqueue(4, of: ["a"], store)

            let counts = try await store.write { transaction in
                let rate = RateLimit(1, per: .seconds(10))
                let unlimited = try lease(transaction, by: "one")
                try transaction.setRate(rate, of: "a", in: "default")
                let first = try lease(transaction, by: "one")
                let second = try lease(transaction, by: "two")
                try transaction.setRate(nil, of: "a", in: "default")
                return [unlimited, first, second, try lease(transaction, by: "two")].map(\.count)
            }

            #expect(counts == [1, 1, 0, 1])
        }
    }

    @Test("What one took that fails, the next one takes")
    func rollback() async throws {
        struct Broken: Error {}
        try await withStore { store in
            try await enqueue(1, of: ["a", "b"], store)

            let keys = try await store.write { transaction in
                let first = try lease(transaction, by: "one").first?.job.concurrencyKey
                try? transaction.savepoint("broken") {
                    _ = try lease(transaction, by: "two")
                    throw Broken()
                }
                return [first, try lease(transaction, by: "two").first?.job.concurrencyKey]
            }

            #expect(keys == ["a", "b"])
        }
    }

    @Test("Thousands of keys that are new in it are seen by a claim, the most urgent first")
    func manyNewKeys() async throws {
        try await withStore { store in
            let keys = try await store.write { transaction in
                let jobs = (0..<3000).map { number in
                    NewJob(
                        "step", priority: number == 2999 ? 1 : 0,
                        concurrencyKey: ConcurrencyKey(rawValue: "k\(number)"))
                }
                _ = try transaction.enqueue(jobs)
                return try transaction.lease(
                    LeaseRequest(queue: "default", limit: 500, worker: "w")
                ).map(\.job.concurrencyKey)
            }

            #expect(keys.first == "k2999")
            #expect(Set(keys).count == 500)
        }
    }

    @Test("Together they write each key once")
    func cost() async throws {
        let few = try await exchangeSteps(keys: 4)
        let none = try await exchangeSteps(keys: 0)

        #expect(few < 3 * none, "\(few) steps with keys, \(none) without")
    }

    /// The steps of 64 exchanges of one job each.
    private func exchangeSteps(keys: Int) async throws -> Int {
        try await withStore { store in
            let names = (0..<keys).map { ConcurrencyKey(rawValue: "k\($0)") }
            try await enqueue(200, of: keys == 0 ? [nil] : names, store)
            return try await store.steps { transaction in
                for _ in 0..<Self.exchanges {
                    for lease in try lease(transaction, by: "w") {
                        try transaction.settle(lease.token, as: .succeeded(result: nil, next: []))
                    }
                }
            }.steps
        }
    }

    private func withStore<R>(_ body: (SQLiteQueueStore) async throws -> R) async throws -> R {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                let value = try await body(store)
                try await store.expectConsistent()
                return value
            }
        }
    }

    private func enqueue(
        _ count: Int, of keys: [ConcurrencyKey?], _ store: SQLiteQueueStore
    ) async throws {
        _ = try await store.enqueue(
            (0..<count * keys.count).map { number in
                NewJob("step", concurrencyKey: keys[number % keys.count])
            })
    }
}

private func lease(_ transaction: QueueTransaction, by worker: WorkerID) throws -> [Lease] {
    try transaction.lease(LeaseRequest(queue: "default", limit: 1, worker: worker))
}
