import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Fairness between keys")
struct FairnessTests {
    @Test(
        "A hundred keys have their first job leased within two rounds, beside ten thousand of one")
    func greedyKey() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                try await store.enqueue(
                    NewJob("step", concurrencyKey: "greedy"), times: 10_000)
                let small = (0..<100).map { ConcurrencyKey(rawValue: "k\($0)") }
                for key in small {
                    try await store.enqueue(NewJob("step", concurrencyKey: key), times: 10)
                }

                var order: [ConcurrencyKey] = []
                while order.count < 250 {
                    let leases = try await store.lease(
                        LeaseRequest(queue: "default", limit: 8, worker: "w"))
                    order += leases.compactMap(\.job.concurrencyKey)
                    try await store.settleAll(leases)
                }

                for (turn, key) in small.enumerated() {
                    let place = try #require(order.firstIndex(of: key)) + 1
                    #expect(place <= 2 * (turn + 1) + 8, "\(key)")
                }
                #expect(Set(order.prefix(101)).count == 101)
                #expect(order.prefix(202).count { $0 == "greedy" } == 2)
            }
        }
    }
}

extension SQLiteQueueStore {
    func settleAll(_ leases: [Lease]) async throws {
        _ = try await exchange(
            leases.map { SettledLease($0.token, as: .succeeded(result: nil, next: [])) }, for: [])
    }
}
