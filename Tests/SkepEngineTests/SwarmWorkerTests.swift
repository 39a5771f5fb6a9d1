import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("The engine's worker")
struct SwarmWorkerTests {
    @Test(
        "A job of a kind it doesn't know stays ready and untouched, and is said to have no worker",
        arguments: [SwarmQueues.steps, SwarmQueues.reports, SwarmQueues.ticks])
    func unknownKindStays(queue: QueueName) async throws {
        try await Swarm.with { swarm in
            let unknown = try await swarm.queue.enqueue([NewJob("newer", queue: queue)])[0].id
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            // The job came before all of the run's, which are done beside it.
            let obstacles = try await swarm.working {
                _ = try await swarm.untilClosed(run)
                return try await swarm.queue.obstacles(of: unknown)
            }

            #expect(obstacles == [.unknownKind("newer")])
            let job = try #require(try await swarm.queue.job(unknown))
            #expect(job.state == .ready)
            #expect(job.attempt == 0)
        }
    }
}
