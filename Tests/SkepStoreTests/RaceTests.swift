import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Two stores on one file")
struct RaceTests {
    /// Runs `body` many times at once, by turns in each of two stores.
    private func race<R: Sendable>(
        _ bench: StoreBench, times: Int = 12,
        _ body: @escaping @Sendable (StoreBench, Int) async throws -> R
    ) async throws -> [R] {
        let neighbour = try await bench.neighbour()
        let results: Result<[R], any Error>
        do {
            results = .success(
                try await withThrowingTaskGroup(of: R.self) { group in
                    for index in 0..<times {
                        group.addTask {
                            try await body(index.isMultiple(of: 2) ? bench : neighbour, index)
                        }
                    }
                    var all: [R] = []
                    while let result = try await group.next() { all.append(result) }
                    return all
                })
        } catch {
            results = .failure(error)
        }
        await neighbour.database.close()
        return try results.get()
    }

    @Test("However many open runs for an agent on an issue, one does")
    func opening() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(.comment(1))])
            let waiting = try #require(try await bench.store.waitingTriggers(on: nil).first)

            let answers = try await race(bench) { bench, index in
                index % 4 < 2
                    ? try await bench.store.open(waiting.id, bench.newRun(), reports: [])
                    : try await bench.open(.command(id: "\(index)"))
            }

            let opened = answers.filter { if case .opened = $0 { true } else { false } }
            #expect(opened == [.opened(RunID(rawValue: 1))])
            #expect(try await bench.store.runs(matching: RunFilter()).count == 1)
            #expect(try await bench.ready(SwarmQueues.steps) == 1)
        }
    }

    @Test("However many see a demand, it is written down once")
    func recording() async throws {
        try await withStore { bench in
            let counts = try await race(bench) { bench, _ in
                try await bench.store.record([bench.demand(.comment(1))])
            }

            #expect(counts.reduce(0, +) == 1)
            #expect(try await bench.store.waitingTriggers(on: nil).count == 1)
            #expect(try await bench.events(.asked).count == 1)
        }
    }

    @Test("However many see a comment, it is answered once")
    func dealing() async throws {
        try await withStore { bench in
            let answers = try await race(bench) { bench, _ in
                var dealing = CommentDealing(comment: 1, place: bench.issue, author: "kim")
                dealing.demands = [bench.demand(.comment(1))]
                dealing.reports = [NewReport(topic: "comment-1", body: "b", on: bench.issue)]
                dealing.event = "kim asks"
                return try await bench.store.deal(with: dealing)
            }

            #expect(answers.count { $0 } == 1)
            #expect(try await bench.store.waitingTriggers(on: nil).count == 1)
            #expect(try await bench.ready(SwarmQueues.reports) == 1)
            #expect(try await bench.events(.command).count == 1)
        }
    }

    @Test("However many begin a burn-down for a cause, there is one, and each item starts once")
    func burndowns() async throws {
        try await withStore { bench in
            let item = BurndownItem(
                issue: bench.issue, title: "t", position: 1, agent: "ann", decision: .planned)
            let answers = try await race(bench) { bench, _ in
                let id = try await bench.store.open(
                    BurndownSettings(repositories: [.sample]), until: nil, cause: "tick:1",
                    plan: [item])
                return try await bench.store.start(
                    item, of: id, demand: bench.demand(.burndown(id)), run: bench.newRun(),
                    reports: [])
            }

            #expect(answers.count { $0 == .opened(RunID(rawValue: 1)) } == 1)
            #expect(answers.count { $0 == .answeredBefore(RunID(rawValue: 1)) } == 11)
            #expect(try await bench.store.burndowns(openOnly: false, limit: 9).count == 1)
        }
    }
}
