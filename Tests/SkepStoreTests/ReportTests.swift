import SkepCore
import SkepTestSupport
import Testing

@Suite("Reports")
struct ReportTests {
    @Test("A report that is no run's and names no place is refused, with all that came with it")
    func withoutPlace() async throws {
        try await withStore { bench in
            let placed = NewReport(topic: "retire-3", body: "Gone.", on: bench.issue)
            let lost = NewReport(topic: "retire-4", body: "Gone.")
            let error = SwarmError.reportWithoutPlace(topic: "retire-4")

            await #expect(throws: error) { try await bench.store.report([placed, lost]) }

            let written = try await bench.ready(SwarmQueues.reports)
            #expect(written == 0)
            #expect(error.kind == .defect)
            #expect(
                error.description == """
                    Can't write down the report "retire-4".
                    It is no run's, and names no issue that it is for.
                    This is a defect in Skep. Please report it with this text and "skep --version".
                    """)
        }
    }
}
