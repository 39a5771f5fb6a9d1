import GRDB
import SkepQueue

struct UserRow: StoredRow, Equatable {
    let id: Int64
    let name: String
    let fullName: String
    let isAdmin: Bool
    let createdAtMs: Int64

    /// Where commits that the tracker makes in this user's name say they come from.
    var email: String { "\(name.lowercased())@noreply.localhost" }
}

extension UserRow {
    static func find(_ db: Database, id: Int64) throws -> UserRow {
        guard let user = try fetchOne(db, sql: "SELECT * FROM user WHERE id = ?", arguments: [id])
        else { throw DatabaseError(resultCode: .SQLITE_NOTFOUND, message: "no user \(id)") }
        return user
    }

    static func find(_ db: Database, name: String) throws -> UserRow? {
        try fetchOne(db, sql: "SELECT * FROM user WHERE name = ?", arguments: [name])
    }

    static func all(_ db: Database) throws -> [UserRow] {
        try fetchAll(db, sql: "SELECT * FROM user ORDER BY id")
    }

    /// Users whose name contains a text, without regard to case; all for an empty one.
    static func search(_ db: Database, containing text: String) throws -> [UserRow] {
        try fetchAll(
            db,
            sql: """
                SELECT *
                  FROM user
                 WHERE ? = '' OR instr(lower(name), lower(?)) > 0
                 ORDER BY name
                """, arguments: [text, text])
    }

    static func insert(_ db: Database, name: String, isAdmin: Bool, now: Timestamp) throws
        -> UserRow
    {
        try db.execute(
            sql: "INSERT INTO user (name, is_admin, created_at_ms) VALUES (?, ?, ?)",
            arguments: [name, isAdmin, now.milliseconds])
        return try find(db, id: db.lastInsertedRowID)
    }

    @discardableResult
    func addToken(
        _ db: Database, _ token: Token, name: String = "", scope: TokenScope = .all, now: Timestamp
    ) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO token (user_id, hash, name, scopes, last_eight, created_at_ms)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id, token.hash, name, scope.description, String(token.value.suffix(8)),
                now.milliseconds,
            ])
        return db.lastInsertedRowID
    }

    func setFullName(_ db: Database, _ fullName: String) throws {
        try db.execute(
            sql: "UPDATE user SET full_name = ? WHERE id = ?", arguments: [fullName, id])
    }
}
