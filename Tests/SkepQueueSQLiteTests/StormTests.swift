import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("The SQLite store in a storm")
struct StormTests {
    @Test(
        "After random interleavings no job is lost, none is settled twice, and the counts are right",
        arguments: [1, 2, 3, 4, UInt64.random(in: .min ... .max)])
    func storm(seed: UInt64) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                var storm = QueueStorm(seed: seed, clock: clock, store: store)
                do {
                    try await storm.run(steps: 1500)
                } catch {
                    Issue.record(error, "seed \(seed)")
                }
                try await store.expectConsistent()
            }
        }
    }
}
