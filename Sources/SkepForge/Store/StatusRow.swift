import GRDB
import SkepQueue

/// What something said of a commit.
struct StatusRow: StoredRow, Equatable {
    enum State: String, Codable, Sendable, CaseIterable {
        case pending, success, error, failure, warning, skipped
    }

    let id: Int64
    let commitId: String
    let context: String
    let state: State
    let description: String
    let targetUrl: String
    let creatorId: Int64
    let createdAtMs: Int64
}

extension StatusRow {
    static func insert(
        _ db: Database, repository: Int64, commit: String, context: String, state: State,
        description: String, targetURL: String, creator: UserRow, now: Timestamp
    ) throws -> StatusRow? {
        try db.execute(
            sql: """
                INSERT INTO status
                       (repository_id, commit_id, context, state, description, target_url,
                        creator_id, created_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                repository, commit, context, state.rawValue, description, targetURL, creator.id,
                now.milliseconds,
            ])
        return try fetchOne(
            db, sql: "SELECT * FROM status WHERE id = ?", arguments: [db.lastInsertedRowID])
    }

    /// All of a commit, the newest first.
    static func of(_ db: Database, repository: Int64, commit: String) throws -> [StatusRow] {
        try fetchAll(
            db,
            sql: "SELECT * FROM status WHERE repository_id = ? AND commit_id = ? ORDER BY id DESC",
            arguments: [repository, commit])
    }

    /// The newest of each context.
    static func newest(_ db: Database, repository: Int64, commit: String) throws -> [StatusRow] {
        var seen: Set<String> = []
        return try of(db, repository: repository, commit: commit).filter {
            seen.insert($0.context).inserted
        }
    }

    /// What several statuses say together, as Gitea counts.
    static func combined(_ statuses: [StatusRow]) -> State {
        let states = statuses.map(\.state)
        if states.contains(where: { [.error, .failure, .warning].contains($0) }) {
            return .failure
        }
        if states.isEmpty || states.contains(.pending) { return .pending }
        return .success
    }
}
