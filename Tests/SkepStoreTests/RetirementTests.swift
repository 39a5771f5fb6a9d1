import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Retirements")
struct RetirementTests {
    private func place(_ number: Int) -> IssueReference {
        IssueReference(repository: .sample, number: number)
    }

    private func retire(_ bench: StoreBench) async throws -> RetirementID {
        try #require(try await retireFree(bench))
    }

    private func retireFree(_ bench: StoreBench) async throws -> RetirementID? {
        try await bench.store.retire(
            [3, 1].map { Retirement.Item(issue: place($0), title: "t", isReopened: false) },
            reason: "stale", label: "wontfix",
            reports: [3, 1].map {
                NewReport(
                    topic: "retire", body: "bye", content: .close(labels: ["wontfix"]),
                    on: place($0))
            })
    }

    private func reopen(_ bench: StoreBench, _ id: RetirementID, _ numbers: [Int]) async throws {
        try await bench.store.reopen(
            numbers.map(place), of: id,
            reports: numbers.map {
                NewReport(
                    topic: "reopen-\(id)", body: "hello", content: .reopen(removing: ["wontfix"]),
                    on: place($0))
            })
    }

    @Test("A retirement keeps its issues in order, and queues what closes each")
    func retiring() async throws {
        try await withStore { bench in
            let id = try await retire(bench)

            let retirement = try #require(try await bench.store.retirement(id))
            #expect(retirement.reason == "stale")
            #expect(retirement.label == "wontfix")
            #expect(retirement.items.map(\.issue.number) == [3, 1])
            let report = try await bench.store.unpostedReports(upTo: ReportID(rawValue: 2))
            #expect(report.map(\.issue) == [place(1)])
            #expect(report.map(\.topic) == ["retire-1"])
            #expect(report.map(\.content) == [.close(labels: ["wontfix"])])
            #expect(try await bench.ready(SwarmQueues.reports) == 2)
            #expect(
                try await bench.events(.retirement).map(\.text)
                    == ["retirement 1 closes 2 issues: stale"])
        }
    }

    @Test("An issue on which a run was opened just before isn't retired")
    func begunBefore() async throws {
        try await withStore { bench in
            try await bench.openRun(by: "ann", on: 3)

            let id = try await retire(bench)

            #expect(try await bench.store.retirement(id)?.items.map(\.issue.number) == [1])
            #expect(try await bench.ready(SwarmQueues.reports) == 1)
            try await bench.openRun(by: "ann", on: 1)
            #expect(try await retireFree(bench) == nil)
            #expect(try await bench.store.retirements(limit: 10).count == 1)
        }
    }

    @Test("An issue is reopened once, and may be retired again")
    func reopening() async throws {
        try await withStore { bench in
            let id = try await retire(bench)

            try await reopen(bench, id, [3])
            try await reopen(bench, id, [3, 1, 9])

            let retirement = try #require(try await bench.store.retirement(id))
            #expect(retirement.items.map(\.isReopened) == [true, true])
            #expect(try await bench.ready(SwarmQueues.reports) == 4)
            #expect(try await retire(bench) != id)
            #expect(try await bench.ready(SwarmQueues.reports) == 6)
            #expect(
                try await bench.store.retirements(limit: 1).map(\.id)
                    == [RetirementID(rawValue: 2)])
        }
    }
}
