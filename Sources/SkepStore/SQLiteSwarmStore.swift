internal import Foundation
internal import GRDB
public import SkepCore
internal import SkepQueue
public import SkepQueueSQLite

/// Triggers, runs, attempts, sessions and reports as rows beside the queue's, in its transactions.
///
/// Begin reading with `SQLiteSwarmStore+Opening.swift`, then `+Working.swift`.
public final class SQLiteSwarmStore: SwarmStore {
    let queue: SQLiteQueueStore

    /// - Parameter queue: Opened with `migrations` of this type and a `RunFollower`.
    public init(_ queue: SQLiteQueueStore) {
        self.queue = queue
    }

    /// The tables of the swarm, to be opened together with the queue's.
    public static let migrations = [
        SchemaMigration(
            name: "swarm-m001_runs",
            sql: String(decoding: PackageResources.m001_runs_sql, as: UTF8.self))
    ]
}

/// The swarm's rows inside one transaction of the queue.
struct SwarmTransaction {
    let queue: QueueTransaction

    init(_ queue: QueueTransaction) { self.queue = queue }

    var database: Database { queue.database }
    var now: Int64 { queue.now.milliseconds }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func run(_ id: RunID) throws -> Run {
        guard let run = try RunRow.fetch(id, database) else { throw SwarmError.noSuchRun(id) }
        return run
    }

    func openRun(_ id: RunID) throws -> Run {
        let run = try run(id)
        if let closing = run.closing { throw SwarmError.runClosed(id, closing.outcome) }
        return run
    }

    func runOfJob(_ job: JobID) throws -> Run? {
        let id = try Int64.fetchOne(
            database, sql: "SELECT run FROM step_job WHERE job = ?", arguments: [job.rawValue])
        return try id.map { try run(RunID(rawValue: $0)) }
    }

    func close(_ run: RunID, _ outcome: RunClosing.Outcome, detail: String) throws {
        try execute(
            """
            UPDATE run
               SET outcome = ?, closed_at_ms = ?, closing_detail = ?
             WHERE id = ? AND closed_at_ms IS NULL
            """, [outcome.rawValue, now, detail, run.rawValue])
    }

    /// Queues a step's job and says which step it does.
    @discardableResult
    func enqueue(_ new: NewStepJob, for run: RunID) throws -> JobID {
        let job = NewJob(
            SwarmQueues.step, queue: SwarmQueues.steps, payload: Array("\(run)".utf8),
            priority: new.priority, notBefore: new.notBefore, concurrencyKey: new.concurrencyKey,
            maxFailures: new.maxFailures)
        let id = try queue.enqueue([job])[0].id
        try execute(
            """
            INSERT INTO step_job (job, run, step, round, findings)
            SELECT :job, :run, :step, 1 + COUNT(*), :findings
              FROM step_job
             WHERE run = :run AND step = :step
            """,
            [
                "job": id.rawValue, "run": run.rawValue, "step": new.step.rawValue,
                "findings": new.findings,
            ])
        return id
    }

    /// Adds reports whose topic the run doesn't have yet, each with the job that posts it.
    ///
    /// Reports on one issue are posted one at a time: what is said in order is read in order.
    func add(_ reports: [NewReport], to run: Run) throws {
        for report in reports {
            try execute(
                """
                INSERT INTO report (run, topic, body, created_at_ms)
                VALUES (?, ?, ?, ?)
                    ON CONFLICT (run, topic) DO NOTHING
                """, [run.id.rawValue, report.topic, report.body, now])
            guard database.changesCount == 1 else { continue }
            let id = database.lastInsertedRowID
            let key = ConcurrencyKey(rawValue: "issue:\(run.issue)".lowercased())
            try queue.setLimit(1, of: key, in: SwarmQueues.reports)
            _ = try queue.enqueue([
                NewJob(
                    SwarmQueues.report, queue: SwarmQueues.reports, payload: Array("\(id)".utf8),
                    concurrencyKey: key, maxFailures: 5)
            ])
        }
    }
}
