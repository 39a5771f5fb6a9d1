internal import Foundation
internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

/// What a job of the queue is done for.
public struct JobSubject: Sendable, Hashable {
    public let run: RunID
    /// The step it does; `nil` when it posts a report.
    public let step: StepName?
    /// What went wrong when it was tried last.
    public let lastFailure: String?

    public init(run: RunID, step: StepName?, lastFailure: String? = nil) {
        self.run = run
        self.step = step
        self.lastFailure = lastFailure
    }
}

extension SQLiteSwarmStore {
    /// What jobs are done for; those that aren't the swarm's are left out.
    public func subjects(of jobs: [Job]) async throws -> [JobID: JobSubject] {
        let steps = Self.list(jobs.filter { $0.kind == SwarmQueues.step }.map(\.id.rawValue))
        // A report's job carries its number.
        var reportJobs: [Int64: JobID] = [:]
        for job in jobs where job.kind == SwarmQueues.report {
            guard let report = Int64(String(decoding: job.payload, as: UTF8.self)) else { continue }
            reportJobs[report] = job.id
        }
        let reports = Self.list(Array(reportJobs.keys))
        let rows = try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT job, run, step,
                           (SELECT detail
                              FROM attempt
                             WHERE attempt.job = step_job.job
                               AND outcome IN ('retry', 'failed', 'lost')
                             ORDER BY attempt DESC
                             LIMIT 1) AS failure
                      FROM step_job
                     WHERE job IN (SELECT value FROM json_each(:steps))
                     UNION ALL
                    SELECT id, run, NULL, NULL
                      FROM report
                     WHERE id IN (SELECT value FROM json_each(:reports))
                    """, arguments: ["steps": steps, "reports": reports]
            ).map { row in
                (
                    id: row[0] as Int64, run: RunID(rawValue: row[1]),
                    step: (row[2] as String?).map(StepName.init(rawValue:)),
                    failure: row[3] as String?
                )
            }
        }
        var subjects: [JobID: JobSubject] = [:]
        for row in rows {
            let job = row.step == nil ? reportJobs[row.id] : JobID(rawValue: row.id)
            guard let job else { continue }
            subjects[job] = JobSubject(run: row.run, step: row.step, lastFailure: row.failure)
        }
        return subjects
    }

    /// A list as JSON: one value to bind, however many they are.
    private static func list(_ ids: [Int64]) -> String {
        "[" + ids.map(String.init).joined(separator: ",") + "]"
    }
}
