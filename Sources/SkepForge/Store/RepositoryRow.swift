import GRDB
import SkepQueue

struct RepositoryRow: StoredRow, Equatable {
    let id: Int64
    let ownerId: Int64
    let ownerName: String
    let name: String
    let description: String
    let defaultBranch: String
    let isPrivate: Bool
    let createdAtMs: Int64
    let updatedAtMs: Int64

    var fullName: String { "\(ownerName)/\(name)" }
}

extension RepositoryRow {
    private static let select = """
        SELECT repository.*, user.name AS owner_name
          FROM repository
          JOIN user ON user.id = repository.owner_id
        """

    static func find(_ db: Database, owner: String, name: String) throws -> RepositoryRow? {
        try fetchOne(
            db, sql: select + " WHERE user.name = ? AND repository.name = ?",
            arguments: [owner, name])
    }

    static func find(_ db: Database, id: Int64) throws -> RepositoryRow? {
        try fetchOne(db, sql: select + " WHERE repository.id = ?", arguments: [id])
    }

    static func all(_ db: Database) throws -> [RepositoryRow] {
        try fetchAll(db, sql: select + " ORDER BY user.name, repository.name")
    }

    static func insert(
        _ db: Database, owner: UserRow, name: String, description: String, defaultBranch: String,
        isPrivate: Bool, now: Timestamp
    ) throws -> RepositoryRow? {
        try db.execute(
            sql: """
                INSERT INTO repository
                       (owner_id, name, description, default_branch, is_private,
                        created_at_ms, updated_at_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                owner.id, name, description, defaultBranch, isPrivate, now.milliseconds,
                now.milliseconds,
            ])
        return try find(db, id: db.lastInsertedRowID)
    }

    func update(
        _ db: Database, description: String, defaultBranch: String, isPrivate: Bool,
        now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                UPDATE repository
                   SET description = ?, default_branch = ?, is_private = ?, updated_at_ms = ?
                 WHERE id = ?
                """,
            arguments: [description, defaultBranch, isPrivate, now.milliseconds, id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM repository WHERE id = ?", arguments: [id])
    }

    /// Takes the next number for an issue or a pull request.
    func takeNumber(_ db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                UPDATE repository
                   SET next_number = next_number + 1
                 WHERE id = ?
                RETURNING next_number - 1
                """, arguments: [id]) ?? 0
    }

    func touch(_ db: Database, now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE repository SET updated_at_ms = ? WHERE id = ?",
            arguments: [now.milliseconds, id])
    }

    func countOpen(_ db: Database, pulls: Bool) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(*)
                  FROM issue
                 WHERE repository_id = ? AND is_open = 1 AND is_pull = ?
                """, arguments: [id, pulls]) ?? 0
    }
}

/// What a user may do with a repository. The order is that of the powers.
enum Permission: String, Comparable, Sendable {
    case none, read, write, admin, owner

    private var rank: Int {
        switch self {
        case .none: 0
        case .read: 1
        case .write: 2
        case .admin: 3
        case .owner: 4
        }
    }

    static func < (left: Permission, right: Permission) -> Bool { left.rank < right.rank }
}

extension RepositoryRow {
    /// The permission of a user; of anyone who isn't known when `user` is `nil`.
    func permission(_ db: Database, of user: UserRow?) throws -> Permission {
        guard let user else { return isPrivate ? .none : .read }
        if user.id == ownerId { return .owner }
        if user.isAdmin { return .admin }
        let given = try String.fetchOne(
            db,
            sql: "SELECT permission FROM collaborator WHERE repository_id = ? AND user_id = ?",
            arguments: [id, user.id])
        return given.flatMap(Permission.init) ?? (isPrivate ? .none : .read)
    }

    func collaborators(_ db: Database) throws -> [UserRow] {
        try UserRow.fetchAll(
            db,
            sql: """
                SELECT user.*
                  FROM collaborator
                  JOIN user ON user.id = collaborator.user_id
                 WHERE collaborator.repository_id = ?
                 ORDER BY user.name
                """, arguments: [id])
    }

    func setCollaborator(_ db: Database, _ user: UserRow, permission: Permission) throws {
        try db.execute(
            sql: """
                INSERT INTO collaborator (repository_id, user_id, permission)
                VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET permission = excluded.permission
                """, arguments: [id, user.id, permission.rawValue])
    }

    func removeCollaborator(_ db: Database, _ user: UserRow) throws {
        try db.execute(
            sql: "DELETE FROM collaborator WHERE repository_id = ? AND user_id = ?",
            arguments: [id, user.id])
    }

    /// Those who may be assigned: who can write, and administrators.
    func assignableUsers(_ db: Database) throws -> [UserRow] {
        try UserRow.all(db).filter { try permission(db, of: $0) >= .write }
    }
}
