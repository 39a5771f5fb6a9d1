import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

/// What becomes of a run whose session a person stops.
@Suite("Held runs")
struct HeldRunTests {
    @Test("A held run's stopped session is no failure, and goes on when the run is let go")
    func stoppedByHand() async throws {
        try await Swarm.with(endings: []) { swarm in
            let queue = try #require(swarm.queue as? SQLiteQueueStore)
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                let job = try #require(try await swarm.store.run(run)?.job)
                try await queue.hold(job)
                swarm.agents[0].finish(
                    .stopped, facts: .init(start: SessionStart(vendorSession: "v-1")))
                try await eventually("it waits") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return try await swarm.store.openSessions().isEmpty
                }
                let held = try #require(try await swarm.store.run(run))
                #expect(held.state.word == "waiting")
                #expect(held.failures == 0)

                try await queue.letGo(job)
                try await eventually("it goes on") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return swarm.agents[0].snapshot.running.count == 1
                }
            }

            #expect(swarm.agents[0].snapshot.resumes == [nil, "v-1"])
            #expect(try await swarm.store.run(run)?.failures == 0)
        }
    }
}
