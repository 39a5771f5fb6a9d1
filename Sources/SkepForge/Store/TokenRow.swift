import GRDB
import SkepQueue

/// A token, as far as it is kept.
struct TokenRow: StoredRow, Equatable {
    let id: Int64
    let userId: Int64
    let name: String
    /// As `TokenScope` writes it.
    let scopes: String
    let lastEight: String
    let createdAtMs: Int64
}

extension TokenRow {
    private static let columns = "id, user_id, name, scopes, last_eight, created_at_ms"

    static func find(_ db: Database, hash: String) throws -> TokenRow? {
        try fetchOne(db, sql: "SELECT \(columns) FROM token WHERE hash = ?", arguments: [hash])
    }

    static func of(_ db: Database, user: Int64) throws -> [TokenRow] {
        try fetchAll(
            db, sql: "SELECT \(columns) FROM token WHERE user_id = ? ORDER BY id",
            arguments: [user])
    }

    static func find(_ db: Database, id: Int64) throws -> TokenRow? {
        try fetchOne(db, sql: "SELECT \(columns) FROM token WHERE id = ?", arguments: [id])
    }

    func delete(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM token WHERE id = ?", arguments: [id])
    }
}
