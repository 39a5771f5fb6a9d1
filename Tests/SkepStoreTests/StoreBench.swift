import Foundation
import GRDB
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport

/// A store in a folder of its own, its clock turned by hand, with one issue and one agent to play
/// with.
struct StoreBench: Sendable {
    let clock: ManualClock
    let folder: URL
    let database: SQLiteQueueStore
    let queue: any QueueStore
    let swarm: SQLiteSwarmStore
    let store: any SwarmStore
    let issue = IssueReference(repository: .sample, number: 5)

    init(_ folder: URL, clock: ManualClock = ManualClock()) async throws {
        self.clock = clock
        self.folder = folder
        database = try await SQLiteQueueStore(
            path: folder.appendingPathComponent("skep.sqlite").path,
            runFolder: folder.appendingPathComponent("run").path, clock: clock,
            migrations: SQLiteSwarmStore.migrations, follower: RunFollower())
        queue = database
        swarm = SQLiteSwarmStore(database)
        store = swarm
    }

    /// Another store on the same file, as another process has one.
    func neighbour() async throws -> StoreBench { try await StoreBench(folder, clock: clock) }

    // What is asked for

    func demand(
        _ cause: TriggerCause, by agent: AgentName = "ann", on number: Int = 5, priority: Int = 0,
        findings: String? = nil
    ) -> TriggerDemand {
        TriggerDemand(
            NewTrigger(
                issue: IssueReference(repository: .sample, number: number), agent: agent,
                cause: cause),
            priority: priority, findings: findings)
    }

    func newRun(by agent: AgentName = "ann", on number: Int = 5, priority: Int = 0) -> NewRun {
        newRun(
            by: agent, on: number,
            firstStep: NewStepJob(step: "work", maxFailures: 3, priority: priority))
    }

    func newRun(by agent: AgentName = "ann", on number: Int = 5, firstStep: NewStepJob) -> NewRun {
        NewRun(
            issue: IssueReference(repository: .sample, number: number), issueTitle: "t",
            agent: agent, workflow: "fix",
            branch: BranchName(rawValue: "\(agent)/issue-\(number)"), firstStep: firstStep)
    }

    func open(_ cause: TriggerCause = .command(id: "1"), maxFailures: Int = 3) async throws
        -> TriggerAnswer
    {
        try await store.open(
            NewTrigger(issue: issue, agent: "ann", cause: cause),
            newRun(firstStep: NewStepJob(step: "work", maxFailures: maxFailures)),
            reports: [ReportText.dispatched(agent: "ann")])
    }

    /// Opens a run of its own for an agent, whose jobs have the agent's key.
    func openRun(
        by agent: AgentName, on number: Int, maxFailures: Int = 3, priority: Int = 0
    ) async throws {
        _ = try await store.open(
            demand(.command(id: "\(number)"), by: agent, on: number).trigger,
            newRun(
                by: agent, on: number,
                firstStep: NewStepJob(
                    step: "work", maxFailures: maxFailures, priority: priority,
                    concurrencyKey: ConcurrencyKey(rawValue: "agent:\(agent)"))), reports: [])
    }

    // What is done about it

    func lease(_ worker: WorkerID = "w-1") async throws -> Lease {
        let leases = try await queue.lease(
            LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: worker))
        guard let lease = leases.first else { throw NothingToLease() }
        return lease
    }

    /// Takes the next step's job and begins its attempt.
    func begin(_ worker: WorkerID = "w-1") async throws -> (LeaseToken, StepJob) {
        let lease = try await lease(worker)
        return (lease.token, try await store.beginAttempt(lease))
    }

    /// Does the next step's job.
    @discardableResult
    func settle(_ way: StepSettlement.Way) async throws -> StepJob {
        try await settle(StepSettlement(way))
    }

    @discardableResult
    func settle(_ settlement: StepSettlement) async throws -> StepJob {
        let (token, job) = try await begin()
        try await store.settle(token, as: settlement)
        return job
    }

    /// Lets a lease run out as if its worker had died.
    func die() async throws {
        clock.advance(by: .seconds(31))
        _ = try await queue.sweep()
        clock.advance(by: .seconds(3600))
        _ = try await queue.sweep()
    }

    // What is seen of it

    func run(_ id: Int64 = 1) async throws -> RunSummary? {
        try await store.run(RunID(rawValue: id))
    }

    func topics(of run: Int64 = 1) async throws -> [String] {
        try await store.history(of: RunID(rawValue: run)).reports.map(\.topic)
    }

    func events(_ kinds: SwarmEvent.Kind...) async throws -> [SwarmEvent] {
        try await store.events(after: nil, limit: 10_000)
            .filter { kinds.isEmpty || kinds.contains($0.kind) }
    }

    /// How many jobs of a queue wait.
    func ready(_ queue: QueueName) async throws -> Int {
        try await database.read { database in
            try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM job WHERE queue = ? AND state = 'ready'",
                arguments: [queue.rawValue]) ?? 0
        }
    }
}

/// A test expected a job that isn't there.
struct NothingToLease: Error {}

func withStore(_ body: (StoreBench) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "store-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = try await StoreBench(folder)
    do {
        try await body(bench)
    } catch {
        await bench.database.close()
        throw error
    }
    await bench.database.close()
}
