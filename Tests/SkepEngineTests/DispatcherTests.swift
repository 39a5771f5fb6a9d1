import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Dispatcher")
struct DispatcherTests {
    @Test("What can't start is written down with its gates, and starts when they open")
    func waits() async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(9)
            let issue = swarm.tracker.put(1, labels: ["skep/hold"], dependencies: [blocker])

            let answers = try await Dispatcher(swarm.parts).dispatch(issue, to: ["ann"])

            guard case .waiting(let gates) = answers.first?.answer else {
                Issue.record("it should wait: \(answers)")
                return
            }
            #expect(gates.map(\.kind) == [.hold, .dependencies])
            let waiting = try await swarm.waiting(on: issue)
            #expect(waiting.map(\.gates) == [gates])

            swarm.tracker.closeIssue(blocker)
            swarm.tracker.setLabels([], on: issue)
            let opened = await swarm.coordinator().pass().opened
            #expect(opened.count == 1)
        }
    }

    @Test("An earlier pull request that was deleted doesn't keep its agent from the issue for good")
    func deletedPullRequest() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            _ = try await swarm.published(issue, by: "ann", number: 50, head: .sample("a"))
            swarm.tracker.change { $0.pullRequests[50] = nil }

            let run = try await swarm.run(try await swarm.dispatch(issue, to: ["ann"])).run

            #expect(run.branch == "ann/issue-1-2")
            #expect(!run.continuesBranch)
        }
    }

    @Test("Force starts at once what is held, blocked or over a limit")
    func force() async throws {
        try await Swarm.with { swarm in
            let blocker = swarm.tracker.put(9)
            let issue = swarm.tracker.put(
                1, labels: ["skep/hold", "agent/ann"], dependencies: [blocker])
            let parts = swarm.parts(dispatch: DispatchSettings(maxRuns: 0))
            let coordinator = Coordinator(parts, repositories: [.sample])
            _ = await coordinator.pass()

            let answers = try await Dispatcher(parts).dispatch(issue, to: ["ann"], isForced: true)

            guard case .opened = answers.first?.answer else {
                Issue.record("it should start: \(answers)")
                return
            }
            // The label is answered by it.
            let waiting = try await swarm.waiting(on: issue)
            #expect(waiting.isEmpty)
        }
    }

    @Test("Agents named together count for one another's limits")
    func together() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["priority/critical"])
            let parts = swarm.parts(dispatch: DispatchSettings(maxRuns: 1))

            let answers = try await Dispatcher(parts).dispatch(issue, to: ["ann", "bob"])

            guard case .opened(let run) = answers.first?.answer,
                case .waiting(let gates) = answers.last?.answer
            else {
                Issue.record("one should start, one wait: \(answers)")
                return
            }
            #expect(gates.map(\.what) == ["1 run is open, and dispatch.max_runs is 1."])
            let summary = try await swarm.run(run)
            #expect(summary.run.priority == 30)
        }
    }
}
