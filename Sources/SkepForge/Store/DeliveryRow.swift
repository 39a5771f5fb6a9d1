import GRDB
import SkepQueue

/// Something that a hook's address is told, waiting or done.
struct DeliveryRow: StoredRow, Equatable {
    enum State: String, Codable, Sendable { case waiting, delivered, failed }

    let id: Int64
    let hookId: Int64
    let uuid: String
    /// The exact name.
    let event: String
    /// JSON.
    let payload: String
    let state: State
    let attempts: Int
    let notBeforeMs: Int64
    let createdAtMs: Int64
    /// When the last attempt ended.
    let finishedAtMs: Int64?
    /// 0 when there was no answer.
    let responseStatus: Int
    let responseBody: String
    let error: String
}

/// How an attempt at a delivery went.
struct DeliveryResult: Sendable, Equatable {
    var status = 0
    var body = ""
    var error = ""
    /// Whether it makes sense to try again after a failure.
    var mayBeTriedAgain = true

    var isSuccess: Bool { (200..<300).contains(status) }
}

extension DeliveryRow {
    /// Deliveries that are kept of each hook when they're done.
    static let kept = 200

    static func insert(
        _ db: Database, hook: Int64, uuid: String, event: HookEvent, payload: String,
        now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO delivery (hook_id, uuid, event, payload, not_before_ms, created_at_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                hook, uuid, event.rawValue, payload, now.milliseconds, now.milliseconds,
            ])
    }

    /// Those that wait and whose time has come, the oldest first.
    static func due(_ db: Database, now: Timestamp, limit: Int) throws -> [DeliveryRow] {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM delivery
                 WHERE state = 'waiting' AND not_before_ms <= ?
                 ORDER BY not_before_ms, id
                 LIMIT ?
                """, arguments: [now.milliseconds, limit])
    }

    /// The deliveries of a hook, the newest first.
    static func of(_ db: Database, hook: Int64, limit: Int) throws -> [DeliveryRow] {
        try fetchAll(
            db, sql: "SELECT * FROM delivery WHERE hook_id = ? ORDER BY id DESC LIMIT ?",
            arguments: [hook, limit])
    }

    /// - Parameter retryAt: When it's tried again; `nil` for never.
    func finish(_ db: Database, _ result: DeliveryResult, retryAt: Timestamp?, now: Timestamp)
        throws
    {
        let state: State =
            if result.isSuccess { .delivered } else if retryAt != nil { .waiting } else { .failed }
        try db.execute(
            sql: """
                UPDATE delivery
                   SET state = ?, attempts = attempts + 1, not_before_ms = ?, finished_at_ms = ?,
                       response_status = ?, response_body = ?, error = ?
                 WHERE id = ?
                """,
            arguments: [
                state.rawValue, retryAt?.milliseconds ?? notBeforeMs, now.milliseconds,
                result.status, result.body, result.error, id,
            ])
        try db.execute(
            sql: """
                DELETE FROM delivery
                 WHERE hook_id = ? AND state <> 'waiting'
                   AND id <= (SELECT max(id) FROM delivery WHERE hook_id = ?) - ?
                """, arguments: [hookId, hookId, Self.kept])
    }
}

/// What the server tells other programs that have the data open.
enum SettingRow {
    /// The server's address, without a slash at its end.
    static let address = "address"

    static func value(_ db: Database, _ name: String) throws -> String? {
        try String.fetchOne(
            db, sql: "SELECT value FROM setting WHERE name = ?", arguments: [name])
    }

    static func set(_ db: Database, _ name: String, _ value: String) throws {
        try db.execute(
            sql: """
                INSERT INTO setting (name, value)
                VALUES (?, ?)
                ON CONFLICT DO UPDATE SET value = excluded.value
                """, arguments: [name, value])
    }
}
