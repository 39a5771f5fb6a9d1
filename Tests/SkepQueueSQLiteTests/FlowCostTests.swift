import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("What flows cost")
struct FlowCostTests {
    @Test("Ten times as many links of a chain take ten times as long to cancel and to revive")
    func chains() async throws {
        func steps(_ count: Int) async throws -> Int {
            try await costs(
                (0..<count).map { position in
                    NewJob("step", dependencies: position == 0 ? [] : [.earlier(position - 1)])
                }
            ) { transaction, ids in
                _ = try transaction.cancel(ids[0])
                try transaction.retry(ids[0])
            }
        }

        let (short, long) = (try await steps(1000), try await steps(10_000))

        #expect(long < 12 * short, "\(long) steps, \(short) for a tenth")
    }

    @Test("Ten times as many heads take ten times as long to retry, one by one and while one runs")
    func heads() async throws {
        func steps(_ count: Int) async throws -> Int {
            let heads = Array(repeating: NewJob("head"), count: count)
            let last = NewJob(
                "last", dependencies: (0..<count).map(Dependency.earlier), condition: .finished)
            return try await costs(heads + [last]) { transaction, ids in
                // All but one, for which it still waits.
                for id in ids.prefix(count - 1) { _ = try transaction.cancel(id) }
                for id in ids.prefix(count - 1) { try transaction.retry(id) }
                let waiting = try transaction.job(ids[count])?.unmetDependencies
                #expect(waiting == count)
            }
        }

        let (few, many) = (try await steps(900), try await steps(9000))

        #expect(many < 12 * few, "\(many) steps, \(few) for a tenth")
    }

    private func costs(
        _ jobs: [NewJob],
        _ body: @escaping @Sendable (QueueTransaction, [JobID]) throws -> Void
    ) async throws -> Int {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                let ids = try await store.enqueue(jobs).map(\.id)
                return try await store.steps { try body($0, ids) }.steps
            }
        }
    }
}
