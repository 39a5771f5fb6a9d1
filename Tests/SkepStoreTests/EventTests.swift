import GRDB
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Events")
struct EventTests {
    @Test("A run's way is told in order, and can be followed")
    func way() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(.label("agent/ann"))])
            let waiting = try #require(try await bench.store.waitingTriggers(on: nil).first)
            _ = try await bench.store.open(waiting.id, bench.newRun(), reports: [])
            try await bench.settle(
                StepSettlement(
                    .next(NewStepJob(step: "review", agent: "bee")), head: .sample("a")))
            try await bench.settle(
                StepSettlement(
                    .next(NewStepJob(step: "publish")),
                    reviews: [
                        ReviewRecord(
                            reviewer: "bee", commit: .sample("a"), round: 1, verdict: .approved,
                            summary: "fine\nby me", findings: [])
                    ]))
            try await bench.settle(
                StepSettlement(
                    .close(.published, detail: "as #12"),
                    pullRequest: PullRequestLink(number: 12, url: "u")))

            let events = try await bench.events()
            #expect(
                events.map { "\($0.kind.rawValue): \($0.text)" } == [
                    "asked: label:agent/ann",
                    "opened: fix on branch ann/issue-5, for label:agent/ann", "working: work",
                    "settled: work is done, review is next", "working: review",
                    "review: bee approved: fine by me", "settled: review is done, publish is next",
                    "working: publish", "pull_request: opened pull request #12: u",
                    "closed: published: as #12",
                ])
            #expect(events.map(\.agent)[2...6] == ["ann", "ann", "bee", "bee", "bee"])
            #expect(events.dropFirst().allSatisfy { $0.run == RunID(rawValue: 1) })
            #expect(events.allSatisfy { $0.issue == bench.issue })
            let rest = try await bench.store.events(after: events[7].id, limit: 1)
            #expect(rest == [events[8]])
        }
    }

    @Test("What goes wrong is told; a pause isn't news")
    func trouble() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let soon = bench.clock.now
            try await bench.settle(.snooze(until: soon, reason: "quota"))
            try await bench.settle(.release)
            try await bench.settle(.retry(Failure(kind: "x", message: "no\nluck"), notBefore: soon))
            _ = try await bench.begin()
            try await bench.die()
            try await bench.settle(.fail(Failure(kind: "x", message: "never")))

            #expect(
                try await bench.events(.trouble, .working, .closed).map(\.text) == [
                    "work", "work is tried again: no luck", "work, attempt 4",
                    "the worker of work died; it goes on with another", "work, attempt 5",
                    "failed: never",
                ])
        }
    }

    @Test("Cancelling and trying again are told")
    func steering() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let job = try #require(try await bench.run()?.job)
            _ = try await bench.store.cancel(RunID(rawValue: 1), reason: "kim said so")
            try await bench.queue.retry(job)

            #expect(
                try await bench.events(.cancelled, .closed, .opened).map(\.text).dropFirst() == [
                    "kim said so", "cancelled: kim said so", "run 1 is tried again",
                ])
        }
    }

    @Test("A report that can't be posted is told where it was for")
    func unposted() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let leases = try await bench.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 1, worker: "w-1"))
            let lease = try #require(leases.first)

            try await bench.queue.settle(
                lease.token, as: .dead(Failure(kind: "x", message: "refused")))

            let event = try #require(try await bench.events(.trouble).first)
            #expect(event.text == "report 1 (dispatched) can't be posted: refused")
            #expect(event.issue == bench.issue)
        }
    }

    @Test("What is said again about the same is left out; the newest of a kind come first")
    func repetition() async throws {
        try await withStore { bench in
            let here = NewSwarmEvent(.trouble, issue: bench.issue, text: "down")
            let nowhere = NewSwarmEvent(.trouble, text: "down")
            for event in [here, nowhere, here, nowhere] { try await bench.store.record(event) }
            try await bench.store.record(NewSwarmEvent(.schedule, text: "tick"))
            try await bench.store.record(NewSwarmEvent(.trouble, issue: bench.issue, text: "up"))
            try await bench.store.record(here)

            #expect(try await bench.events(.trouble).map(\.text) == ["down", "down", "up", "down"])
            #expect(
                try await bench.store.lastEvents([.trouble], limit: 2).map(\.text)
                    == ["down", "up"])
            #expect(
                try await bench.store.lastEvents([], limit: 3).map(\.kind)
                    == [.trouble, .trouble, .schedule])
        }
    }

    @Test("Long texts are cut to one line of a bearable length")
    func longText() async throws {
        try await withStore { bench in
            let text = "a\nb" + String(repeating: "x", count: 5_000)
            try await bench.store.record(NewSwarmEvent(.trouble, text: text))
            try await bench.store.record(NewSwarmEvent(.trouble, text: text))

            let events = try await bench.events(.trouble)
            #expect(events.count == 1)
            #expect(events.first?.text.count == 500)
            #expect(events.first?.text.hasPrefix("a bx") == true)
        }
    }

    @Test("Old events are deleted when there are too many, and ids go on growing")
    func pruning() async throws {
        try await withStore { bench in
            try await bench.database.write { transaction in
                try transaction.database.execute(
                    sql: """
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
                                                  WHERE i < 20999)
                        INSERT INTO event (at_ms, kind, text) SELECT 0, 'working', i FROM n
                        """)
            }

            try await bench.store.record(NewSwarmEvent(.trouble, text: "last"))

            let first = try await bench.store.events(after: nil, limit: 1)
            #expect(first.map(\.id) == [EventID(rawValue: 1001)])
            #expect(
                try await bench.store.lastEvents([], limit: 1).map(\.id)
                    == [EventID(rawValue: 21_000)])
        }
    }
}
