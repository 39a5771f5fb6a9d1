import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Comments that were dealt with")
struct CommentTests {
    private func dealing(_ bench: StoreBench, _ comment: Int64 = 812) -> CommentDealing {
        CommentDealing(comment: comment, place: bench.issue, author: "kim")
    }

    @Test("A comment is dealt with once, with all that it leads to")
    func once() async throws {
        try await withStore { bench in
            var dealing = dealing(bench)
            dealing.demands = [bench.demand(.comment(812))]
            dealing.reports = [
                NewReport(
                    topic: "comment-812", body: "", content: .reaction(.eyes, comment: 812),
                    on: bench.issue)
            ]
            dealing.event = "kim asks for ann"

            #expect(try await bench.store.deal(with: dealing))
            #expect(try await bench.store.deal(with: dealing) == false)

            #expect(try await bench.store.waitingTriggers(on: nil).count == 1)
            #expect(try await bench.ready(SwarmQueues.reports) == 1)
            let report = try #require(
                try await bench.store.unpostedReports(upTo: ReportID(rawValue: 1)).first)
            #expect(report.run == nil)
            #expect(report.content == .reaction(.eyes, comment: 812))
            #expect(report.marker.description.contains("run-") == false)
            #expect(try await bench.events(.command).map(\.text) == ["kim asks for ann"])
        }
    }

    @Test("Runs are cancelled and tried again; what is no longer possible is left as it is")
    func steering() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            var stop = dealing(bench, 1)
            stop.cancels = [
                RunID(rawValue: 1): "kim said stop", RunID(rawValue: 77): "never there",
            ]
            #expect(try await bench.store.deal(with: stop))
            #expect(try await bench.run()?.state == .cancelled)

            var again = dealing(bench, 2)
            again.retries = [RunID(rawValue: 1), RunID(rawValue: 77)]
            #expect(try await bench.store.deal(with: again))
            #expect(try await bench.run()?.state == .queued)

            // It is open now, and so can't be tried again; a closed one can't be cancelled again.
            var both = dealing(bench, 3)
            both.retries = [RunID(rawValue: 1)]
            #expect(try await bench.store.deal(with: both))
            try await bench.settle(.close(.published, detail: ""))
            var late = dealing(bench, 4)
            late.cancels = [RunID(rawValue: 1): "too late"]
            late.retries = [RunID(rawValue: 1)]
            #expect(try await bench.store.deal(with: late))
            #expect(try await bench.run()?.state == .published)
        }
    }

    @Test("A retry is left out while the agent has another run on the issue")
    func retryOfBusyAgent() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            _ = try await bench.store.cancel(RunID(rawValue: 1), reason: "no")
            _ = try await bench.open(.command(id: "2"))

            var again = dealing(bench)
            again.retries = [RunID(rawValue: 1)]
            #expect(try await bench.store.deal(with: again))

            #expect(try await bench.run()?.state == .cancelled)
        }
    }
}
