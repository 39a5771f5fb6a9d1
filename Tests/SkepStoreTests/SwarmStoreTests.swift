import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Testing

@Suite("Swarm store")
struct SwarmStoreTests {
    @Test("The same cause opens one run, and once it has ended it may open another")
    func causes() async throws {
        try await withStore { bench in
            let label = TriggerCause.label("agent/ann")
            let first = try await bench.open(label)
            #expect(first == .opened(RunID(rawValue: 1)))
            #expect(try await bench.open(label) == .answeredBefore(RunID(rawValue: 1)))
            #expect(try await bench.open() == .agentBusy(RunID(rawValue: 1)))

            _ = try await bench.store.cancel(RunID(rawValue: 1), reason: "test")
            let standing = try await bench.store.standingTriggers(in: .sample)
            #expect(standing.count == 1)
            try await bench.store.endTriggers(standing)

            #expect(try await bench.open(label) == .opened(RunID(rawValue: 2)))
        }
    }

    @Test("What a worker says after it lost its lease is refused whole")
    func lostLease() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let lost = try await bench.lease()
            _ = try await bench.store.beginAttempt(lost)
            try await bench.die()
            let held = try await bench.lease("w-2")
            _ = try await bench.store.beginAttempt(held)

            let token = lost.token
            await #expect(throws: QueueError.leaseLost(lost.job.id, attempt: 1)) {
                try await bench.store.settle(
                    token,
                    as: StepSettlement(
                        .next(NewStepJob(step: "publish")), head: .sample("a"),
                        reports: [NewReport(topic: "x", body: "y")]))
            }
            await #expect(throws: QueueError.leaseLost(lost.job.id, attempt: 1)) {
                try await bench.store.openSession(
                    token, agent: "ann", workspacePath: "/x", base: .sample("0"))
            }

            let run = try #require(try await bench.store.run(RunID(rawValue: 1)))
            let history = try await bench.store.history(of: run.run.id)
            #expect(run.run.head == nil)
            #expect(run.state == .working(step: "work"))
            #expect(history.reports.map(\.topic) == ["dispatched"])
            #expect(history.attempts.map(\.outcome) == ["lost", nil])
        }
    }

    @Test("Settling moves the run, its next job and its reports at once")
    func settling() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let lease = try await bench.lease()
            _ = try await bench.store.beginAttempt(lease)
            let session = try await bench.store.openSession(
                lease.token, agent: "ann", workspacePath: "/x", base: .sample("0"))

            try await bench.store.settle(
                lease.token,
                as: StepSettlement(
                    .next(NewStepJob(step: "checks", findings: "f")), head: .sample("a"),
                    session: SessionClosing(
                        id: session.id, ending: "exit status 0", outputBytes: 9),
                    notes: ["odd"]))

            let next = try await bench.lease()
            let job = try await bench.store.beginAttempt(next)
            #expect(job.step == "checks")
            #expect(job.run.head == .sample("a"))
            #expect(job.findings == "f")
            #expect(job.openSession == nil)
            let history = try await bench.store.history(of: job.run.id)
            #expect(history.sessions.first?.outputBytes == 9)
            #expect(history.notes == ["odd"])
        }
    }

    @Test("A worker's death doesn't count while its session is open, and the next attempt sees it")
    func deathWithSession() async throws {
        try await withStore { bench in
            _ = try await bench.open(maxFailures: 1)
            let lease = try await bench.lease()
            _ = try await bench.store.beginAttempt(lease)
            let session = try await bench.store.openSession(
                lease.token, agent: "ann", workspacePath: "/x", base: .sample("0"))

            try await bench.die()

            let job = try await bench.store.beginAttempt(try await bench.lease("w-2"))
            #expect(job.attempt == 2)
            #expect(job.openSession?.id == session.id)
        }
    }

    @Test("A job that kills its worker again and again ends dead, and its run fails with a report")
    func poison() async throws {
        try await withStore { bench in
            _ = try await bench.open(maxFailures: 1)
            var deaths = 0
            while try await bench.store.run(RunID(rawValue: 1))?.state.isClosed == false {
                try #require(deaths < 50)
                _ = try await bench.store.beginAttempt(try await bench.lease())
                try await bench.die()
                deaths += 1
            }

            let run = try #require(try await bench.store.run(RunID(rawValue: 1)))
            #expect(run.state == .failed)
            #expect(deaths > 5)
            let reports = try await bench.store.history(of: run.run.id).reports
            #expect(reports.last?.body.hasPrefix("❌ ann failed:") == true)
        }
    }

    @Test("A job that is cancelled or retried through the queue takes its run along")
    func followsJobs() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let run = RunID(rawValue: 1)
            let job = try #require(try await bench.store.run(run)?.job)

            #expect(try await bench.queue.cancel(job) == .cancelled)
            #expect(try await bench.store.run(run)?.state == .cancelled)
            try await bench.queue.retry(job)
            #expect(try await bench.store.run(run)?.state == .queued)

            let lease = try await bench.lease()
            _ = try await bench.store.beginAttempt(lease)
            try await bench.store.settle(
                lease.token,
                as: StepSettlement(
                    .fail(Failure(kind: "x", message: "no")),
                    reports: [ReportText.failed(agent: "ann", run: run, why: "no")]))
            let topics = try await bench.store.history(of: run).reports.map(\.topic)
            #expect(topics == ["dispatched", "result-2", "result"])
        }
    }

    @Test("A retry is refused while the agent has another run on the issue")
    func retryOfBusyAgent() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let job = try #require(try await bench.store.run(RunID(rawValue: 1))?.job)
            _ = try await bench.queue.cancel(job)
            _ = try await bench.open(.command(id: "2"))

            await #expect(
                throws: SwarmError.agentBusy("ann", bench.issue, RunID(rawValue: 2))
            ) { try await bench.queue.retry(job) }
            #expect(try await bench.queue.job(job)?.state == .cancelled)
        }
    }

    @Test("Reports of an issue come in the order in which they were written, each topic once")
    func reports() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let lease = try await bench.lease()
            _ = try await bench.store.beginAttempt(lease)
            let working = ReportText.working(agent: "ann", branch: "b")
            try await bench.store.report([working, working], by: lease.token)

            let unposted = try await bench.store.unpostedReports(upTo: ReportID(rawValue: 2))

            #expect(unposted.map(\.topic) == ["dispatched", "working"])
            try await bench.store.recordPosted(unposted[0].id, commentURL: "u")
            #expect(
                try await bench.store.unpostedReports(upTo: ReportID(rawValue: 2)).map(\.topic)
                    == ["working"])
        }
    }

    @Test("A run that is cancelled while it waits closes at once; a closed one can't be cancelled")
    func cancelling() async throws {
        try await withStore { bench in
            _ = try await bench.open()

            #expect(try await bench.store.cancel(RunID(rawValue: 1), reason: "no") == .cancelled)

            await #expect(throws: SwarmError.runClosed(RunID(rawValue: 1), .cancelled)) {
                try await bench.store.cancel(RunID(rawValue: 1), reason: "no")
            }
            await #expect(throws: SwarmError.noSuchRun(RunID(rawValue: 9))) {
                try await bench.store.cancel(RunID(rawValue: 9), reason: "no")
            }
            #expect(
                try await bench.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).isEmpty)
        }
    }
}
