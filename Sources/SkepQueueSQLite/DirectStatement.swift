internal import GRDB
internal import GRDBSQLite

/// A statement that every job passes on its way: enqueued, leased, settled.
///
/// Binds and reads straight from and into SQLite. GRDB's arguments and rows, made for each execution,
/// took half as long again as SQLite itself on these few; everything else is better off with them.
struct DirectStatement {
    private let statement: Statement
    private let database: Database

    init(_ sql: String, _ database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        self.database = database
    }

    /// Runs it to its end.
    func run(_ values: [DirectValue]) throws {
        try begin(values)
        defer { end() }
        while try step() {}
    }

    /// - Returns: What `body` makes of the first row; `nil` when there is none.
    func first<R>(_ values: [DirectValue], _ body: (DirectRow) throws -> R) throws -> R? {
        try begin(values)
        defer { end() }
        return try step() ? try body(DirectRow(handle)) : nil
    }

    /// - Returns: What `body` makes of each row.
    func all<R>(_ values: [DirectValue], _ body: (DirectRow) throws -> R) throws -> [R] {
        try begin(values)
        defer { end() }
        var all: [R] = []
        while try step() { all.append(try body(DirectRow(handle))) }
        return all
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    private func begin(_ values: [DirectValue]) throws {
        sqlite3_reset(handle)
        for (index, value) in zip(Int32(1)..., values) {
            let code = value.bind(to: handle, at: index)
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    /// Lets go of rows and values. What resetting returns is the error of the last step once more.
    private func end() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw error(code)
        }
    }

    private func error(_ code: Int32) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage,
            sql: statement.sql)
    }
}

/// What a `DirectStatement` is given for a question mark.
enum DirectValue {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    static func integer(_ value: Int) -> DirectValue { .integer(Int64(value)) }

    static func integer(_ value: Int64?) -> DirectValue {
        value.map { .integer($0) } ?? .null
    }

    static func text(_ value: String?) -> DirectValue { value.map { .text($0) } ?? .null }

    /// SQLITE_TRANSIENT, which is a cast in C: SQLite makes a copy.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null:
            return sqlite3_bind_null(statement, index)
        case .integer(let value):
            return sqlite3_bind_int64(statement, index, value)
        case .text(let text):
            return sqlite3_bind_text(statement, index, text, -1, Self.copied)
        case .bytes(let bytes):
            return bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(statement, index, 0)
                }
                return sqlite3_bind_blob64(
                    statement, index, start, UInt64(bytes.count), Self.copied)
            }
        }
    }
}

/// The row at which a `DirectStatement` stands: valid until its next step.
struct DirectRow {
    private let statement: OpaquePointer

    fileprivate init(_ statement: OpaquePointer) { self.statement = statement }

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_NULL
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        isNull(column) ? nil : integer(column)
    }

    func bool(_ column: Int32) -> Bool { integer(column) != 0 }

    /// The empty text for NULL.
    func text(_ column: Int32) -> String { optionalText(column) ?? "" }

    func optionalText(_ column: Int32) -> String? {
        guard let start = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// None for NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](
            UnsafeRawBufferPointer(
                start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
