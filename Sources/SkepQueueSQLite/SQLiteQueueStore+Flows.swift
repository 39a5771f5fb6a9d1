internal import Foundation
internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func dependencyOutcomes(of id: JobID) async throws -> [DependencyOutcome] {
        try await read { database in
            // Served by job_dependency's own key and job_failure_history.
            try Row.fetchAll(
                database,
                sql: """
                    SELECT job.id, job.state, job_result.result, job_failure.kind,
                           job_failure.message
                      FROM job_dependency
                      JOIN job ON job.id = job_dependency.dependency
                      LEFT JOIN job_result ON job_result.job = job.id
                      LEFT JOIN job_failure
                        ON job_failure.id = (SELECT MAX(id)
                                               FROM job_failure
                                              WHERE job_failure.job = job.id)
                     WHERE job_dependency.job = ?
                       AND job.state IN ('succeeded', 'dead', 'cancelled')
                     ORDER BY job_dependency.position
                    """,
                arguments: [id.rawValue]
            ).map(DependencyOutcome.init(row:))
        }
    }

    public func relations(of id: JobID) async throws -> JobRelations {
        try await read { database in
            let dependencies = try Int64.fetchAll(
                database,
                sql: "SELECT dependency FROM job_dependency WHERE job = ? ORDER BY position",
                arguments: [id.rawValue])
            // Served by job_dependency_dependents.
            let dependents = try Int64.fetchAll(
                database,
                sql: "SELECT job FROM job_dependency WHERE dependency = ? ORDER BY job",
                arguments: [id.rawValue])
            return JobRelations(
                dependencies: dependencies.map(JobID.init(rawValue:)),
                dependents: dependents.map(JobID.init(rawValue:)))
        }
    }
}

extension DependencyOutcome {
    fileprivate init(row: Row) throws {
        let word: String = row[1]
        guard let state = Job.State(rawValue: word) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "job has unknown state \"\(word)\"")
        }
        var failure: Failure?
        if state == .dead, let kind = row[3] as String?, let message = row[4] as String? {
            failure = Failure(kind: kind, message: message)
        }
        self.init(
            job: JobID(rawValue: row[0]), state: state, result: (row[2] as Data?).map([UInt8].init),
            failure: failure)
    }
}
