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
            let ann = swarm.agents[0].definition
            try await swarm.queue.setLimit(1, of: ann.concurrencyKey, in: SwarmQueues.steps)
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
            #expect(work.jobsBefore == 2)
            #expect(work.placesTakenBy == [first])
            #expect(
                explanation.lines == [
                    "ann has run 4: queued, behind 2; the places of ann are taken by run 1",
                    "No worker takes jobs of queue \"steps\". What helps: skep serve, or skep work.",
                    "ann was asked (label:agent/ann); run 4 answers that: queued",
                ])
        }
    }

    @Test("A queued run names what keeps all of its queue from running")
    func shutQueue() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            _ = try await swarm.dispatch(issue, to: ["ann"])
            let worker = try await swarm.queue.register(
                "w-1", offering: WorkerOffer(slots: [SwarmQueues.steps: 1]))

            #expect(
                try await Explainer(swarm.parts).explain(issue).lines
                    == ["ann has run 1: queued, next in line"])
            try await swarm.queue.pause(SwarmQueues.steps)
            try await swarm.queue.setLimit(0, of: SwarmQueues.steps)

            let explanation = try await Explainer(swarm.parts).explain(issue)

            #expect(
                explanation.lines == [
                    "ann has run 1: queued",
                    "Queue \"steps\" is paused. What helps: skep queue resume steps.",
                    "Queue \"steps\" runs none: its limit is 0. What helps: skep queue limit steps.",
                ])
            await worker.end()
        }
    }

    @Test("A run that waits says that its queue is paused, not what it will meet when it is due")
    func waitsInShutQueue() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            let run = try await swarm.dispatch(issue, to: ["ann"])
            _ = try await swarm.store.stop(run)
            let worker = try await swarm.queue.register(
                "w-1", offering: WorkerOffer(slots: [SwarmQueues.steps: 1]))
            try await swarm.queue.pause(SwarmQueues.steps)
            try await swarm.queue.setLimit(0, of: SwarmQueues.steps)

            let work = try #require(try await Explainer(swarm.parts).explain(issue).work.first)

            #expect(work.state == "waiting")
            #expect(work.obstacles == [.queuePaused(SwarmQueues.steps)])
            await worker.end()
        }
    }

    @Test("A question of which nobody wrote down who was asked names those who would be asked now")
    func asked() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(5)
            _ = try await swarm.dispatch(issue, to: ["ann"])
            let lease = try #require(
                try await swarm.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).first)
            _ = try await swarm.store.beginAttempt(lease)
            try await swarm.store.settle(
                lease.token,
                as: StepSettlement(.ask("Which?", then: NewStepJob(step: "work"))))
            let parts = swarm.parts(dispatch: DispatchSettings(ask: ["maria"]))

            let work = try #require(try await Explainer(parts).explain(issue).work.first)

            #expect(work.asked == ["maria"])
            #expect(work.advice?.hasPrefix("maria is asked; ") == true)
        }
    }
}
