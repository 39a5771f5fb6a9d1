internal import Foundation
internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func steps(of id: JobID) async throws -> [JobStep] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT name, result, attempt, at_ms
                      FROM job_step
                     WHERE job = ?
                     ORDER BY position
                    """,
                arguments: [id.rawValue]
            ).map { row in
                JobStep(
                    name: row[0], result: [UInt8](row[1] as Data), attempt: row[2],
                    at: Timestamp(milliseconds: row[3]))
            }
        }
    }

    public func record(step name: String, result: [UInt8], of lease: LeaseToken) async throws {
        try await write { try $0.record(step: name, result: result, of: lease) }
    }

    @discardableResult
    public func send(_ key: EventKey, payload: [UInt8]) async throws -> EventAnswer {
        try await write { try $0.send(key, payload: payload) }
    }

    public func event(_ key: EventKey) async throws -> QueueEvent? {
        try await read { database in
            try Row.fetchOne(
                database, sql: QueueEvent.query, arguments: QueueEvent.arguments(key)
            ).map { QueueEvent(key, $0) }
        }
    }
}
