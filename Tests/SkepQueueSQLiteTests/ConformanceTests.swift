import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("The SQLite store as a queue store")
struct ConformanceTests {
    @Test("It does what every store does", arguments: QueueConformance.cases)
    func conforms(_ conformance: QueueConformance.Case) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                try await conformance.run(clock: clock, store: store)
                try await store.expectConsistent()
            }
        }
    }
}
