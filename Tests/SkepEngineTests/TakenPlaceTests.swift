import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Places that somebody else takes after the gates were looked at")
struct TakenPlaceTests {
    private static let limit = DispatchSettings(repositories: [.sample], maxRuns: 1)
    private static let full = ["1 run is open, and dispatch.max_runs is 1."]

    @Test("What a person dispatches waits then")
    func dispatched() async throws {
        try await Swarm.with { swarm in
            let (issue, other) = (swarm.tracker.put(1), swarm.tracker.put(2))
            let parts = swarm.parts(dispatch: Self.limit)
            swarm.tracker.meanwhile { _ = try await Dispatcher(parts).dispatch(other, to: ["bob"]) }

            let answers = try await Dispatcher(parts).dispatch(issue, to: ["ann"])

            guard case .waiting(let gates) = answers.first?.answer else {
                Issue.record("it should wait: \(answers)")
                return
            }
            #expect(gates.map(\.what) == Self.full)
            #expect(try await swarm.waiting(on: issue).map(\.gates) == [gates])
        }
    }

    @Test("A demand waits on, and says for what")
    func demanded() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let other = swarm.tracker.put(2)
            let parts = swarm.parts(dispatch: Self.limit)
            swarm.tracker.meanwhile { _ = try await Dispatcher(parts).dispatch(other, to: ["bob"]) }

            let pass = await Coordinator(parts, repositories: [.sample]).pass()

            #expect(pass.opened.isEmpty)
            let waiting = try await swarm.waiting(on: issue)
            #expect(waiting.map { $0.gates.map(\.what) } == [Self.full])
        }
    }

    @Test("An issue that nobody asked for is left to the agent that came first")
    func selected() async throws {
        try await Swarm.with(selecting: ["ready"]) { swarm in
            let issue = swarm.tracker.put(1, labels: ["ready"])
            let parts = swarm.parts
            swarm.tracker.meanwhile { _ = try await Dispatcher(parts).dispatch(issue, to: ["bob"]) }

            let pass = await swarm.coordinate()

            #expect(pass.opened.isEmpty)
            let waiting = try await swarm.waiting(on: issue)
            #expect(
                waiting.map { $0.gates.map(\.what) } == [["bob works on it already, in run 1."]])
        }
    }

    @Test("A burn-down waits for a place, and skips what was taken")
    func burndown() async throws {
        try await Night.with(dispatch: Self.limit) { night in
            night.put(1...3)
            let id = try await night.start(night.settings(agents: ["ann"], concurrency: 3))
            let parts = night.parts
            night.tracker.meanwhile {
                let first = IssueReference(repository: .sample, number: 1)
                _ = try await Dispatcher(parts).dispatch(first, to: ["bob"])
            }

            try await night.tick()

            #expect(try await night.numbers(id, .started).isEmpty)
            #expect(try await night.items(id)[0].reason == "bob works on it already, in run 1.")
            #expect(try await night.numbers(id, .planned) == [2, 3])
        }
    }
}
