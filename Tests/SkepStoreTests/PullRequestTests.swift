import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Pull requests of runs")
struct PullRequestTests {
    private let link = PullRequestLink(number: 12, url: "http://t/12")

    private func publish(_ bench: StoreBench, at head: Character = "a") async throws {
        try await bench.settle(
            StepSettlement(
                .close(.published, detail: ""), head: .sample(head), pullRequest: link))
    }

    private func seen(_ bench: StoreBench) async throws -> PublishedPullRequest {
        try #require(try await bench.store.pullRequests(matching: PullRequestFilter()).first)
    }

    @Test("Publishing makes the row, and a later run that pushes renews it")
    func publishing() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            try await publish(bench)
            var first = try await seen(bench)
            #expect(first.reference == IssueReference(repository: .sample, number: 12))
            #expect(first.issue == bench.issue)
            #expect(first.agent == "ann")
            #expect(first.branch == "ann/issue-5")
            #expect(first.state == .open)
            #expect(first.head == .sample("a"))
            first.checks = .failure
            first.isMergeable = false
            first.verdict = .changesRequested
            try await bench.store.note(first)

            _ = try await bench.open(.feedback(pullRequest: 12, fingerprint: "x"))
            try await publish(bench, at: "b")

            let second = try await seen(bench)
            #expect(second.run == RunID(rawValue: 2))
            #expect(second.head == .sample("b"))
            #expect(second.checks == nil)
            #expect(second.isMergeable == nil)
            #expect(second.verdict == .changesRequested)
            #expect(second.rounds == 1)
            #expect(
                try await bench.events(.pullRequest).map(\.text) == [
                    "opened pull request #12: http://t/12",
                    "pull request #12: changes requested, checks: failure, can't be merged as it is",
                    "pushed to pull request #12: http://t/12",
                ])
        }
    }

    @Test("Nobody begins by himself on an issue whose pull request was opened meanwhile")
    func takenIssue() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            try await publish(bench)
            var run = bench.newRun(by: "bob")
            run.places = RunPlaces(needsFreeIssue: true)
            let demand = bench.demand(.selected("fix"), by: "bob").trigger

            #expect(try await bench.store.open(demand, run, reports: []) == .noPlace)

            var pullRequest = try await seen(bench)
            pullRequest.state = .merged
            try await bench.store.note(pullRequest)
            let answer = try await bench.store.open(demand, run, reports: [])
            #expect(answer == .opened(RunID(rawValue: 2)))
        }
    }

    @Test("What the tracker shows is kept, and told when it changed")
    func noting() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            try await publish(bench)
            var shown = try await seen(bench)
            shown.state = .merged
            shown.seenAt = Timestamp(milliseconds: 99)

            try await bench.store.note(shown)
            try await bench.store.note(shown)

            #expect(try await seen(bench) == shown)
            #expect(
                try await bench.events(.pullRequest).map(\.text).last == "pull request #12: merged")
            #expect(try await bench.events(.pullRequest).count == 2)
        }
    }

    @Test("Only rounds of the same pull request that runs answered are counted")
    func rounds() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            try await publish(bench)
            for (index, cause) in [
                TriggerCause.feedback(pullRequest: 12, fingerprint: "a:b"),
                .feedback(pullRequest: 12, fingerprint: "c"),
                .feedback(pullRequest: 1, fingerprint: "12"),
                .feedback(pullRequest: 123, fingerprint: "c"),
            ].enumerated() {
                #expect(try await bench.open(cause) == .opened(RunID(rawValue: Int64(index) + 2)))
                try await bench.settle(.close(.noChanges, detail: ""))
            }
            _ = try await bench.store.record([
                bench.demand(.feedback(pullRequest: 12, fingerprint: "waits"))
            ])

            #expect(try await seen(bench).rounds == 2)
        }
    }

    @Test("They are found by repository, issue, reference and state")
    func filters() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            try await publish(bench)
            let other = IssueReference(repository: .sample, number: 6)
            let reference = IssueReference(repository: .sample, number: 12)
            func count(_ filter: PullRequestFilter) async throws -> Int {
                try await bench.store.pullRequests(matching: filter).count
            }

            #expect(try await count(PullRequestFilter(repository: .sample)) == 1)
            #expect(try await count(PullRequestFilter(issue: bench.issue)) == 1)
            #expect(try await count(PullRequestFilter(issue: other)) == 0)
            #expect(try await count(PullRequestFilter(reference: reference)) == 1)
            #expect(try await count(PullRequestFilter(reference: other)) == 0)
            #expect(try await count(PullRequestFilter(states: [.open])) == 1)
            #expect(try await count(PullRequestFilter(states: [.open, .closed])) == 1)
            #expect(try await count(PullRequestFilter(states: [.merged])) == 0)
            #expect(try await count(PullRequestFilter(limit: 0)) == 0)
        }
    }
}
