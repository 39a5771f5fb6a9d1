import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import Testing

@testable import skep

/// What is said to whoever steers a run on which no agent is at work.
@Suite struct SteeringTests {
    private let fixture = Fixture()
    private let clock = SystemClock()

    private func queue() async throws -> SQLiteQueueStore {
        let state = StateFolder(path: fixture.path + "/state")
        try state.create(isRoot: false)
        return try await state.openQueue()
    }

    private func open(_ queue: SQLiteQueueStore) async throws -> RunID {
        let issue = Samples.issue(12)
        let opened = try await SQLiteSwarmStore(queue).open(
            NewTrigger(issue: issue, agent: "claude", cause: .command(id: "1")),
            NewRun(
                issue: issue, issueTitle: "It stalls", agent: "claude", workflow: "fix",
                branch: "claude/issue-12", firstStep: NewStepJob(step: "work")),
            reports: [])
        guard case .opened(let run) = opened else { throw CancellationError() }
        return run
    }

    /// Takes the next step's job.
    private func lease(_ queue: SQLiteQueueStore) async throws -> Lease {
        try #require(
            try await queue.lease(
                LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
            ).first)
    }

    @Test("There is no such run")
    func noSuchRun() async throws {
        let queue = try await queue()

        await #expect(throws: SwarmError.noSuchRun(RunID(rawValue: 9))) {
            _ = try await OpenRun(RunID(rawValue: 9), queue)
        }
        await queue.close()
    }

    @Test("Nobody can be talked to on a run that waits for its turn")
    func nobody() async throws {
        let queue = try await queue()
        let run = try await OpenRun(try await open(queue), queue)

        let error = await #expect(throws: ProgramError.self) { _ = try await run.runningSession() }

        #expect(error?.what == "No agent is at work on run 1.")
        #expect(error?.why == "It is queued.")
        await queue.close()
    }

    @Test("A run that is over can't be steered, and says what begins a new one")
    func closed() async throws {
        let queue = try await queue()
        let id = try await open(queue)
        _ = try await SQLiteSwarmStore(queue).cancel(id, reason: "not now")

        let error = await #expect(throws: ProgramError.self) { _ = try await OpenRun(id, queue) }

        #expect(error?.what == "Run 1 is over: cancelled.")
        #expect(error?.advice == "\"skep dispatch ada/engine#12\" begins a new one.")
        await queue.close()
    }

    @Test("A run that is over says so in words")
    func closedInWords() async throws {
        let queue = try await queue()
        let id = try await open(queue)
        let store = SQLiteSwarmStore(queue)
        let lease = try await lease(queue)
        _ = try await store.beginAttempt(lease)
        try await store.settle(lease.token, as: StepSettlement(.close(.noChanges, detail: "")))

        let error = await #expect(throws: ProgramError.self) { _ = try await OpenRun(id, queue) }

        #expect(error?.what == "Run 1 is over: no changes.")
        await queue.close()
    }

    @Test("A run whose stopped session isn't settled shows neither as at work")
    func stopped() async throws {
        let queue = try await queue()
        let run = try await OpenRun(try await open(queue), queue)
        let lease = try await lease(queue)
        _ = try await run.store.beginAttempt(lease)
        let session = try await run.store.openSession(
            lease.token, agent: "claude", workspacePath: "/w",
            base: try #require(CommitID(rawValue: String(repeating: "a", count: 40))))

        #expect(try await run.store.stop(run.id) == .atWork(session.id))

        let details = RunDetails(
            summary: try await run.summary, history: try await run.store.history(of: run.id))
        #expect(
            details.summary.state
                == .waiting(reason: "skep run resume, since somebody stopped it", until: nil))
        #expect(
            Samples.text(details.history.sessionTable(clock.now)).contains(
                "stopped, not saved yet"))
        let attempts = Samples.text(details.attempts(clock.now))
        #expect(attempts.contains("stopped"))
        #expect(!attempts.contains("running"))
        await queue.close()
    }

    @Test("Who steers a run is named, also where no variable says it")
    func actor() async throws {
        let queue = try await queue()
        let run = try await OpenRun(try await open(queue), queue)
        let root = try #require(SystemUser.with(0))

        try await run.note("stopped", fixture.surroundings(userID: 0))

        let event = try await run.store.lastEvents([.command], limit: 1).first
        #expect(event?.text == "run 1 was stopped by \(root.name)")
        await queue.close()
    }

    @Test("A held run waits for somebody to resume it")
    func held() async throws {
        let queue = try await queue()
        let run = try await OpenRun(try await open(queue), queue)
        let job = try #require(try await run.summary.job)

        try await queue.hold(job)

        #expect(
            try await run.summary.state
                == .waiting(reason: "skep run resume, since somebody stopped it", until: nil))
        await queue.close()
    }
}
