import GRDB
import SkepQueue

/// An address that is told what happens in a repository.
struct HookRow: StoredRow, Equatable {
    let id: Int64
    let repositoryId: Int64
    let kind: String
    let name: String
    let url: String
    let contentType: String
    let secret: String
    let authorizationHeader: String
    /// Exact names of events, with blanks between.
    let events: String
    let branchFilter: String
    let isActive: Bool
    let createdAtMs: Int64
    let updatedAtMs: Int64
}

/// What of a hook can be chosen.
struct HookSettings: Sendable, Equatable {
    var kind = "gitea"
    var name = ""
    var url = ""
    var contentType = "json"
    var secret = ""
    var authorizationHeader = ""
    var events: Set<HookEvent> = [.push]
    var branchFilter = ""
    /// Off unless it is asked for, as in Gitea.
    var isActive = false
}

extension HookRow {
    var subscriptions: Set<HookEvent> {
        Set(events.split(separator: " ").compactMap { HookEvent(rawValue: String($0)) })
    }

    var chosen: HookSettings {
        HookSettings(
            kind: kind, name: name, url: url, contentType: contentType, secret: secret,
            authorizationHeader: authorizationHeader, events: subscriptions,
            branchFilter: branchFilter, isActive: isActive)
    }

    static func of(_ db: Database, repository: Int64) throws -> [HookRow] {
        try fetchAll(
            db, sql: "SELECT * FROM hook WHERE repository_id = ? ORDER BY id",
            arguments: [repository])
    }

    static func find(_ db: Database, id: Int64, repository: Int64) throws -> HookRow? {
        try fetchOne(
            db, sql: "SELECT * FROM hook WHERE id = ? AND repository_id = ?",
            arguments: [id, repository])
    }

    static func insert(_ db: Database, repository: Int64, _ chosen: HookSettings, now: Timestamp)
        throws -> HookRow?
    {
        try db.execute(
            sql: """
                INSERT INTO hook
                       (repository_id, kind, name, url, content_type, secret, authorization_header,
                        events, branch_filter, is_active, created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                repository, chosen.kind, chosen.name, chosen.url, chosen.contentType,
                chosen.secret, chosen.authorizationHeader, HookEvent.text(chosen.events),
                chosen.branchFilter, chosen.isActive, now.milliseconds, now.milliseconds,
            ])
        return try find(db, id: db.lastInsertedRowID, repository: repository)
    }

    func update(_ db: Database, _ chosen: HookSettings, now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE hook
                   SET name = ?, url = ?, content_type = ?, secret = ?, authorization_header = ?,
                       events = ?, branch_filter = ?, is_active = ?, updated_at_ms = ?
                 WHERE id = ?
                """,
            arguments: [
                chosen.name, chosen.url, chosen.contentType, chosen.secret,
                chosen.authorizationHeader, HookEvent.text(chosen.events), chosen.branchFilter,
                chosen.isActive, now.milliseconds, id,
            ])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM hook WHERE id = ?", arguments: [id])
    }
}
