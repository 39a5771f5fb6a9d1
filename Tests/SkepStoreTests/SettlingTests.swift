import SkepCore
import SkepQueue
import SkepStore
import SkepTestSupport
import Testing

@Suite("Settling and reporting")
struct SettlingTests {
    @Test("Reviews and counts of tests are kept with the run; rounds are counted by reviewer")
    func facts() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let review = ReviewRecord(
                reviewer: "bee", commit: .sample("a"), round: 1, verdict: .changesRequested,
                summary: "no", findings: [Finding(path: "a.swift", line: 3, message: "why?")])
            let check = CheckResult(
                commit: .sample("a"), command: "make test", hasPassed: false, ending: "1",
                duration: .seconds(1),
                tests: TestCounts(passed: 2, failed: 1, failedNames: ["t"]))
            try await bench.settle(
                StepSettlement(
                    .next(NewStepJob(step: "review", agent: "bee")), checks: [check],
                    reviews: [review]))
            let bee = try await bench.settle(.next(NewStepJob(step: "review", agent: "cat")))
            let cat = try await bench.settle(.next(NewStepJob(step: "review", agent: "bee")))
            let again = try await bench.settle(.close(.chosen, detail: "ann's"))

            #expect([bee, cat, again].map(\.agent) == ["bee", "cat", "bee"])
            #expect([bee, cat, again].map(\.round) == [1, 1, 2])
            let history = try await bench.store.history(of: RunID(rawValue: 1))
            #expect(history.reviews == [review])
            #expect(history.checks == [check])
            #expect(try await bench.run()?.state == .chosen)
        }
    }

    @Test("All jobs of a run have the priority it was opened with")
    func priority() async throws {
        try await withStore { bench in
            let trigger = bench.demand(.command(id: "1")).trigger
            _ = try await bench.store.open(trigger, bench.newRun(priority: 7), reports: [])
            try await bench.settle(.next(NewStepJob(step: "checks")))

            let lease = try await bench.lease()
            #expect(lease.job.priority == 7)
            #expect(try await bench.run()?.run.priority == 7)
        }
    }

    @Test("A report goes to its own place, and places are posted to apart")
    func places() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let elsewhere = IssueReference(repository: .sample, number: 12)
            let review = NewReview(
                verdict: .approved, body: "", findings: [], commit: .sample("a"))
            try await bench.settle(
                StepSettlement(
                    .release,
                    reports: [
                        NewReport(
                            topic: "review", body: "b", content: .review(review, by: "bee"),
                            on: elsewhere)
                    ]))

            let unposted = try await bench.store.unpostedReports(upTo: ReportID(rawValue: 2))
            #expect(unposted.map(\.issue) == [elsewhere])
            #expect(unposted.first?.run == RunID(rawValue: 1))
            #expect(unposted.first?.content == .review(review, by: "bee"))
            let leases = try await bench.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 5, worker: "w-1"))
            #expect(leases.count == 2)
        }
    }

    @Test("A place's reports that are no run's are said once and posted one at a time")
    func placeReports() async throws {
        try await withStore { bench in
            let place = IssueReference(repository: .sample, number: 9)
            let one = NewReport(topic: "comment-1", body: "a", on: place)
            let two = NewReport(topic: "comment-2", body: "b", on: place)

            try await bench.store.report([one, two])
            try await bench.store.report([one])

            #expect(try await bench.ready(SwarmQueues.reports) == 2)
            let leases = try await bench.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 5, worker: "w-1"))
            #expect(leases.count == 1)
            #expect(
                try await bench.store.unpostedReports(upTo: ReportID(rawValue: 2)).map(\.topic)
                    == ["comment-1", "comment-2"])
        }
    }

    @Test("A job's subject says what it is for, also where there is no run")
    func subjects() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let place = IssueReference(repository: .sample, number: 9)
            try await bench.store.report([NewReport(topic: "x", body: "y", on: place)])
            let steps = try await bench.queue.lease(
                LeaseRequest(queue: SwarmQueues.steps, limit: 5, worker: "w-1"))
            let reports = try await bench.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 5, worker: "w-1"))

            let subjects = try await bench.swarm.subjects(of: (steps + reports).map(\.job))

            #expect((steps + reports).map { subjects[$0.job.id]?.run?.rawValue } == [1, 1, nil])
            #expect(
                (steps + reports).map { subjects[$0.job.id]?.place }
                    == [bench.issue, bench.issue, place])
            #expect((steps + reports).map { subjects[$0.job.id]?.step } == ["work", nil, nil])
        }
    }
}
