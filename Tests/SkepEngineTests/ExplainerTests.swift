import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Explainer")
struct ExplainerTests {
    @Test("Where nobody is asked it says what would ask")
    func nobody() async throws {
        try await Swarm.with(selecting: ["ready", "small"]) { swarm in
            let issue = swarm.tracker.put(1, labels: ["small", "agent/anne"])

            let explanation = try await Explainer(swarm.parts).explain(issue)

            #expect(explanation.asks.isEmpty)
            #expect(
                explanation.lines == [
                    "Nobody is asked: it has no label agent/NAME, and isn't assigned to an agent's "
                        + "account.",
                    "Its label asks for agent \"anne\", which isn't there.",
                    "Workflow fix would take it with the label ready.",
                ])
        }
    }

    @Test("Every ask comes with every gate that is shut, also before it is written down")
    func gates() async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(9)
            let issue = swarm.tracker.put(
                1, labels: ["agent/ann", "skep/hold"], assignees: ["bob-bot"],
                dependencies: [blocker])
            let parts = swarm.parts(dispatch: DispatchSettings(maxRuns: 0))

            let explanation = try await Explainer(parts).explain(issue)

            #expect(explanation.asks.map(\.agent) == ["ann", "bob"])
            #expect(
                explanation.asks.map { $0.gates.map(\.kind) } == [
                    [.hold, .dependencies, .limit], [.hold, .dependencies, .limit],
                ])
            #expect(explanation.nobody.isEmpty)
        }
    }

    @Test("A queued run says how many go first, and who has its agent's places")
    func queued() async throws {
        try await Swarm.with { swarm in
            let first = try await swarm.dispatch(swarm.tracker.put(1), to: ["ann"])
            _ = try await swarm.queue.lease(
                LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1"))
            swarm.clock.advance(by: .seconds(1))
            _ = try await swarm.dispatch(swarm.tracker.put(2), to: ["ann"])
            _ = try await swarm.dispatch(swarm.tracker.put(3), to: ["bob"])
            swarm.clock.advance(by: .seconds(1))
            let issue = swarm.tracker.put(4, labels: ["agent/ann"])
            _ = await swarm.coordinator().pass()

            let explanation = try await Explainer(swarm.parts).explain(issue)

            let work = try #require(explanation.work.first)
            #expect(work.jobsBefore == 1)
            #expect(work.placesTakenBy == [first])
            #expect(
                explanation.lines == [
                    "ann has run 4: queued, behind 1; the places of ann are taken by run 1",
                    "ann was asked (label:agent/ann); run 4 answers that: queued",
                ])
        }
    }
}
