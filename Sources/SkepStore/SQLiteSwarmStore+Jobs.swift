internal import Foundation
internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

/// What a job of the queue is done for.
public struct JobSubject: Sendable, Hashable {
    /// `nil` when it posts a report that is no run's.
    public let run: RunID?
    /// The run's issue; for a report, the issue or pull request it is for.
    public let place: IssueReference
    /// The step it does; `nil` when it posts a report.
    public let step: StepName?
    /// What went wrong when it was tried last.
    public let lastFailure: String?

    public init(run: RunID?, place: IssueReference, step: StepName?, lastFailure: String? = nil) {
        self.run = run
        self.place = place
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
                    SELECT step_job.job AS id, step_job.run, step_job.step, run.repository,
                           run.issue_number,
                           (SELECT detail
                              FROM attempt
                             WHERE attempt.job = step_job.job
                               AND outcome IN ('retry', 'failed', 'lost')
                             ORDER BY attempt DESC
                             LIMIT 1) AS failure
                      FROM step_job
                      JOIN run ON run.id = step_job.run
                     WHERE step_job.job IN (SELECT value FROM json_each(:steps))
                     UNION ALL
                    SELECT id, run, NULL, repository, issue_number, NULL
                      FROM report
                     WHERE id IN (SELECT value FROM json_each(:reports))
                    """, arguments: ["steps": steps, "reports": reports]
            ).map { row in
                (
                    id: row["id"] as Int64,
                    subject: JobSubject(
                        run: (row["run"] as Int64?).map(RunID.init(rawValue:)),
                        place: try row.reference(),
                        step: (row["step"] as String?).map(StepName.init(rawValue:)),
                        lastFailure: row["failure"])
                )
            }
        }
        var subjects: [JobID: JobSubject] = [:]
        for (id, subject) in rows {
            let job = subject.step == nil ? reportJobs[id] : JobID(rawValue: id)
            if let job { subjects[job] = subject }
        }
        return subjects
    }

    /// A list as JSON: one value to bind, however many they are.
    private static func list(_ ids: [Int64]) -> String {
        "[" + ids.map(String.init).joined(separator: ",") + "]"
    }
}
