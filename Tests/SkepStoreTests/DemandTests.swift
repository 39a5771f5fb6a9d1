import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Demands")
struct DemandTests {
    private let label = TriggerCause.label("agent/ann")

    @Test("A demand is written down once, with all that is known of it")
    func onceEach() async throws {
        try await withStore { bench in
            let demand = TriggerDemand(
                NewTrigger(issue: bench.issue, agent: "ann", cause: .comment(12)),
                workflow: "fix", askedBy: "Kim", priority: 20, findings: "mend it",
                notBefore: Timestamp(milliseconds: 7))

            #expect(try await bench.store.record([demand, demand]) == 1)
            #expect(try await bench.store.record([demand]) == 0)

            let waiting = try await bench.store.waitingTriggers(on: bench.issue)
            #expect(waiting.map(\.demand) == [demand])
            #expect(waiting.first?.cause == "comment:12")
            #expect(waiting.first?.gates == [])
            #expect(try await bench.events(.asked).map(\.text) == ["comment:12 by Kim"])
        }
    }

    @Test("The most urgent waits at the front, then the oldest; a priority that changed counts")
    func order() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(label, on: 1)])
            bench.clock.advance(by: .seconds(1))
            _ = try await bench.store.record([
                bench.demand(label, on: 2, priority: 10), bench.demand(label, on: 3),
                bench.demand(label, on: 4, priority: 5_000),
            ])
            let before = try await bench.store.waitingTriggers(on: nil)
            _ = try await bench.store.record([bench.demand(label, on: 3, priority: 30)])
            let after = try await bench.store.waitingTriggers(on: nil)

            #expect(before.map(\.demand.trigger.issue.number) == [4, 2, 1, 3])
            #expect(before.first?.demand.priority == 1000)
            #expect(after.map(\.demand.trigger.issue.number) == [4, 3, 2, 1])
        }
    }

    @Test("What stands is answered by the work that goes on; what was said waits for its turn")
    func busyAgent() async throws {
        try await withStore { bench in
            _ = try await bench.open()

            let count = try await bench.store.record([
                bench.demand(label), bench.demand(.comment(3)),
            ])

            #expect(count == 2)
            let waiting = try await bench.store.waitingTriggers(on: nil)
            #expect(waiting.map(\.cause) == ["comment:3"])
            #expect(try await bench.open(label) == .answeredBefore(RunID(rawValue: 1)))
        }
    }

    @Test("A waiting demand is answered by one run, with its findings, priority and event")
    func answering() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([
                bench.demand(.comment(3), priority: 20, findings: "the tests fail")
            ])
            let waiting = try #require(try await bench.store.waitingTriggers(on: nil).first)

            let answer = try await bench.store.open(
                waiting.id, bench.newRun(priority: 20), reports: [])

            #expect(answer == .opened(RunID(rawValue: 1)))
            #expect(try await bench.store.waitingTriggers(on: nil).isEmpty)
            #expect(try await bench.run()?.run.cause == "comment:3")
            #expect(
                try await bench.store.open(waiting.id, bench.newRun(), reports: [])
                    == .answeredBefore(RunID(rawValue: 1)))
            let first = try await bench.settle(.next(NewStepJob(step: "checks", priority: 3)))
            #expect(first.findings == "the tests fail")
            let lease = try await bench.lease()
            #expect(lease.job.priority == 20)
            #expect(
                try await bench.events(.opened).map(\.text)
                    == ["fix on branch ann/issue-5, for comment:3"])
        }
    }

    @Test("An ask that waits already is answered, not written down a second time")
    func openAnswersWaiting() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(label)])

            #expect(try await bench.open(label) == .opened(RunID(rawValue: 1)))

            #expect(try await bench.store.waitingTriggers(on: nil).isEmpty)
            #expect(try await bench.store.standingTriggers(in: .sample).count == 1)
        }
    }

    @Test("What waits for an agent is answered by the run that a further ask opens")
    func openAnswersAllThatWaits() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([
                bench.demand(.command(id: "1")), bench.demand(.comment(3)),
                bench.demand(.feedback(pullRequest: 7, fingerprint: "x")),
            ])

            #expect(try await bench.open() == .opened(RunID(rawValue: 1)))

            #expect(
                try await bench.store.waitingTriggers(on: nil).map(\.cause) == ["feedback:7:x"])
        }
    }

    @Test(
        "A demand that tells a busy agent something goes on waiting; one that stands is answered by that work"
    )
    func openWhileBusy() async throws {
        try await withStore { bench in
            var told = bench.demand(.comment(3))
            told.findings = "Mind the empty file."
            _ = try await bench.store.record([told, bench.demand(label)])
            let waiting = try await bench.store.waitingTriggers(on: nil)
            #expect(try await bench.open() == .opened(RunID(rawValue: 1)))
            #expect(try await bench.store.waitingTriggers(on: nil).map(\.cause) == ["comment:3"])

            let comment = try #require(waiting.first { $0.cause == "comment:3" })
            let standing = try #require(waiting.first { $0.cause == label.description })
            let busy = TriggerAnswer.agentBusy(RunID(rawValue: 1))
            #expect(try await bench.store.open(comment.id, bench.newRun(), reports: []) == busy)
            #expect(
                try await bench.store.open(standing.id, bench.newRun(), reports: [])
                    == .answeredBefore(RunID(rawValue: 1)))

            #expect(try await bench.store.waitingTriggers(on: nil).map(\.cause) == ["comment:3"])
            try await bench.settle(.close(.noChanges, detail: ""))
            #expect(
                try await bench.store.open(comment.id, bench.newRun(), reports: [])
                    == .opened(RunID(rawValue: 2)))
        }
    }

    @Test("Shut gates are written down when they change, and told when others are shut")
    func gates() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(label)])
            let id = try #require(try await bench.store.waitingTriggers(on: nil).first).id
            let taken = ShutGate(.taken, what: "taken", opens: "later")
            let hold = ShutGate(.hold, what: "It is held.", opens: "when the label is off")
            let later = ShutGate(.hold, what: "It is held still.", opens: "later")

            for gates in [[taken], [taken, hold], [taken, later], [taken, later], []] {
                try await bench.store.noteGates([id: gates])
            }
            try await bench.store.noteGates([id: [hold], TriggerID(rawValue: 99): [hold]])

            #expect(
                try await bench.events(.waits).map(\.text) == ["taken It is held.", "It is held."])
            #expect(try await bench.store.waitingTriggers(on: nil).first?.gates == [hold])
        }
    }

    @Test("A dismissed demand isn't asked again while its cause stands, and may be afterwards")
    func dismissing() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(label)])
            let id = try #require(try await bench.store.waitingTriggers(on: nil).first).id

            for _ in 1...2 {
                try await bench.store.dismiss(
                    id, because: "kim may not ask", reports: [NewReport(topic: "no", body: "n")])
            }

            #expect(try await bench.store.waitingTriggers(on: nil).isEmpty)
            #expect(try await bench.store.record([bench.demand(label)]) == 0)
            #expect(
                try await bench.store.open(id, bench.newRun(), reports: []) == .answeredBefore(nil))
            #expect(try await bench.ready(SwarmQueues.reports) == 1)
            #expect(try await bench.events(.cancelled).count == 1)
            try await bench.store.endTriggers([bench.demand(label).trigger])
            #expect(try await bench.store.record([bench.demand(label)]) == 1)
        }
    }

    @Test("What was said at a moment and dismissed may be said again")
    func dismissedMoment() async throws {
        try await withStore { bench in
            let feedback = bench.demand(.feedback(pullRequest: 12, fingerprint: "0.0.f.0"))
            _ = try await bench.store.record([feedback])
            let first = try #require(try await bench.store.waitingTriggers(on: nil).first).id
            try await bench.store.dismiss(first, because: "it is no longer so", reports: [])

            #expect(try await bench.store.record([feedback]) == 1)

            let second = try #require(try await bench.store.waitingTriggers(on: nil).first).id
            #expect(second != first)
            #expect(
                try await bench.store.open(first, bench.newRun(), reports: [])
                    == .answeredBefore(nil))
        }
    }

    @Test("A run isn't opened where its place was taken meanwhile, and its demand waits on")
    func takenPlaces() async throws {
        try await withStore { bench in
            try await bench.openRun(by: "bob", on: 5)
            _ = try await bench.store.record([bench.demand(label)])
            let id = try #require(try await bench.store.waitingTriggers(on: nil).first).id
            func answer(_ places: RunPlaces) async throws -> TriggerAnswer {
                var run = bench.newRun()
                run.places = places
                return try await bench.store.open(id, run, reports: [])
            }

            #expect(try await answer(RunPlaces(maxRuns: 1)) == .noPlace)
            #expect(try await answer(RunPlaces(maxRunsPerRepository: 1)) == .noPlace)
            #expect(try await answer(RunPlaces(maxRunsPerAgent: 0)) == .noPlace)
            #expect(try await answer(RunPlaces(needsFreeIssue: true)) == .noPlace)
            #expect(try await bench.store.waitingTriggers(on: nil).count == 1)
            let open = RunPlaces(maxRuns: 2, maxRunsPerRepository: 2, maxRunsPerAgent: 1)
            #expect(try await answer(open) == .opened(RunID(rawValue: 2)))
        }
    }

    @Test("Causes that are gone end their demands; what was said and answered stays answered")
    func ending() async throws {
        try await withStore { bench in
            _ = try await bench.store.record([bench.demand(label), bench.demand(.comment(1))])
            #expect(
                try await bench.store.standingTriggers(in: .sample) == [bench.demand(label).trigger]
            )
            #expect(try await bench.open(.comment(2)) == .opened(RunID(rawValue: 1)))

            try await bench.store.endTriggers([
                bench.demand(label).trigger, bench.demand(.comment(1)).trigger,
                bench.demand(.comment(2)).trigger,
            ])

            #expect(try await bench.store.waitingTriggers(on: nil).isEmpty)
            #expect(try await bench.store.standingTriggers(in: .sample).isEmpty)
            #expect(try await bench.store.record([bench.demand(.comment(2))]) == 0)
        }
    }

    @Test("How far a repository was read is kept, whatever the case of its name")
    func cursors() async throws {
        try await withStore { bench in
            let first = TrackerCursor(
                changes: Timestamp(milliseconds: 1), comments: Timestamp(milliseconds: 2))
            let second = TrackerCursor(
                changes: Timestamp(milliseconds: 3), comments: Timestamp(milliseconds: 2))
            #expect(try await bench.store.cursor(of: .sample) == nil)

            try await bench.store.setCursor(first, of: .sample)
            try await bench.store.setCursor(second, of: #require(RepositoryName("Acme/Widgets")))

            #expect(try await bench.store.cursor(of: .sample) == second)
        }
    }
}
