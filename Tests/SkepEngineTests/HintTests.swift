import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Hints")
struct HintTests {
    @Test("The first pass is at once, and a hint wakes the coordinator without time going by")
    func wakes() async throws {
        try await Swarm.with { swarm in
            let coordinator = swarm.coordinator(interval: .seconds(3600))
            try await swarm.coordinating(coordinator) {
                try await eventually("the first pass", within: .seconds(120)) {
                    swarm.clock.sleeperCount == 1
                }
                #expect(swarm.tracker.calls["issues"] == 1)
                let issue = swarm.tracker.put(1, labels: ["agent/ann"])

                coordinator.hint(.sample, issue: 1)

                try await eventually("a run", within: .seconds(120)) {
                    try await !swarm.runs(on: issue).isEmpty
                }
            }
        }
    }

    @Test("A storm of hints costs one pass over the repositories they name, and one more at most")
    func storm() async throws {
        try await Swarm.with { swarm in
            let other = try #require(RepositoryName("acme/other"))
            let coordinator = Coordinator(
                swarm.parts, repositories: [.sample, other], interval: .seconds(3600))
            try await swarm.coordinating(coordinator) {
                try await eventually("the first pass", within: .seconds(120)) {
                    swarm.clock.sleeperCount == 1
                }
                let before = swarm.tracker.calls["changes"] ?? 0

                for number in 0..<10_000 {
                    coordinator.hint(.sample, issue: number % 100 + 1)
                }
                coordinator.hint(RepositoryName("acme/unknown") ?? .sample)

                try await eventually("a pass", within: .seconds(120)) {
                    swarm.tracker.calls["changes"] ?? 0 > before && swarm.clock.sleeperCount == 1
                }
                swarm.clock.advance(by: .seconds(1))
                try await eventually("the next rest", within: .seconds(120)) {
                    swarm.clock.sleeperCount == 1
                }
                let passes = (swarm.tracker.calls["changes"] ?? 0) - before
                #expect((1...2).contains(passes))
                #expect(swarm.tracker.calls["issue"] == nil)
            }
        }
    }

    @Test("An issue that is out of sight with its repository isn't taken for deleted")
    func outOfSight() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator()
            _ = await coordinator.pass()
            swarm.tracker.change {
                $0.failures["issue"] = ScriptedRefusal(kind: .conflict, what: "Not found.")
                $0.failures["repository"] = ScriptedRefusal(kind: .conflict, what: "Not found.")
            }
            coordinator.hint(.sample, issue: 1)
            _ = await coordinator.pass()
            let hidden = try await swarm.runs(on: issue)
            #expect(hidden.map(\.state) == [.queued])

            swarm.tracker.change { $0.failures["repository"] = nil }
            coordinator.hint(.sample, issue: 1)
            _ = await coordinator.pass()
            let deleted = try await swarm.runs(on: issue)
            #expect(deleted.map(\.state) == [.cancelled])
        }
    }

    @Test("A gate that opens at a known time is looked at then, without asking the tracker")
    func dueGate() async throws {
        try await Swarm.with { swarm in
            // It is 14:13:20 UTC.
            let hours = RunningHours(from: 15 * 60, to: 16 * 60, days: [], timeZone: "UTC")
            swarm.tracker.put(1, labels: ["agent/ann"])
            let coordinator = swarm.coordinator(
                workflows: [.sample(hours: hours)], interval: .seconds(36_000))
            try await swarm.coordinating(coordinator) {
                try await eventually("the first pass", within: .seconds(120)) {
                    swarm.clock.sleeperCount == 1
                }
                let before = swarm.tracker.calls

                swarm.clock.advance(by: .seconds(2800))

                try await eventually("a run", within: .seconds(120)) {
                    try await !swarm.runs().isEmpty
                }
                #expect(swarm.tracker.calls["changes"] == before["changes"])
                #expect(swarm.tracker.calls["issues"] == 1)
            }
        }
    }

    @Test("While the tracker is down the passes grow rarer, and it is found again")
    func backOff() async throws {
        try await Swarm.with { swarm in
            swarm.tracker.change {
                $0.failure = ScriptedRefusal(kind: .unavailable, what: "The tracker is down.")
            }
            let coordinator = swarm.coordinator(interval: .seconds(30))
            try await swarm.coordinating(coordinator) {
                func calls() -> Int { swarm.tracker.calls["issues"] ?? 0 }
                var rested = 0
                for _ in 0..<20 {
                    try await eventually("rest", within: .seconds(120)) {
                        swarm.clock.sleeperCount == 1
                    }
                    swarm.clock.advance(by: .seconds(60))
                    rested += 60
                }
                try await eventually("rest", within: .seconds(120)) {
                    swarm.clock.sleeperCount == 1
                }
                // 0, 1, 3, 7, 15 minutes after the beginning.
                #expect((4...6).contains(calls()), "\(calls()) passes in \(rested) s")

                swarm.tracker.change { $0.failure = nil }
                swarm.tracker.put(1, labels: ["agent/ann"])
                try await eventually("a run", within: .seconds(120)) {
                    swarm.clock.advance(by: .seconds(60))
                    return try await !swarm.runs().isEmpty
                }
            }
        }
    }
}
