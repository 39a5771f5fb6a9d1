internal import GRDB

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The connections to a database file: one that writes, and some that read beside it.
///
/// Not a `DatabasePool` that writes, since that writes each time it opens a file nobody else has
/// open.
final class Connections: Sendable {
    let writer: DatabaseQueue
    let readers: DatabasePool
    let gate: WriteGate
    private let path: String

    init(path: String, schema: Schema) throws {
        self.path = path
        try FileSystem.refuseNetwork(path: path)
        do {
            let gate = try WriteGate(path: path + "-gate")
            let writer = try DatabaseQueue(path: path, configuration: Self.configuration)
            if try !writer.read({ try Self.isReady($0, schema) }) {
                try gate.withLock { try Self.prepare(writer, schema) }
            }
            try writer.writeWithoutTransaction(Self.makeDurable)
            self.gate = gate
            self.writer = writer

            var configuration = Self.configuration
            configuration.readonly = true
            configuration.maximumReaderCount = 4
            readers = try DatabasePool(path: path, configuration: configuration)
        } catch {
            throw StoreFailure.translated(error, doing: "open", path: path)
        }
    }

    func close() {
        // Readers first: the last one to close tidies the write-ahead log away, which a reader can't.
        try? readers.close()
        try? writer.close()
    }

    func translated(_ error: any Error, doing verb: String) -> any Error {
        StoreFailure.translated(error, doing: verb, path: path)
    }

    private static func isReady(_ database: Database, _ schema: Schema) throws -> Bool {
        try schema.isCurrent(database) && journalMode(database) == "wal"
    }

    /// Makes a new file, or brings an old one up to date; another process may have done it already.
    private static func prepare(_ writer: DatabaseQueue, _ schema: Schema) throws {
        try writer.writeWithoutTransaction { database in
            guard try journalMode(database) != "wal" else { return }
            // Takes effect only before the first table is made.
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try database.execute(sql: "PRAGMA journal_mode = WAL")
        }
        if try !writer.read(schema.isCurrent) { try schema.migrate(writer) }
    }

    private static func journalMode(_ database: Database) throws -> String? {
        try String.fetchOne(database, sql: "PRAGMA journal_mode")
    }

    /// A commit is on the disk when COMMIT returns: checked, since a setting that didn't take is
    /// silent.
    private static func makeDurable(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = 16777216;
                """)
        let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
        let journal = try journalMode(database)
        guard synchronous == 2, journal == "wal" else {
            throw DatabaseError(
                message: "synchronous is \(synchronous ?? -1), journal_mode \(journal ?? "unknown")"
            )
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "queue"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .callback(Self.waitForLock)
        return configuration
    }

    /// Sleeps 1 ms and lets SQLite try again, for about a minute.
    ///
    /// Only programs that don't know the gate make anyone wait here, and the short times in which
    /// SQLite repairs or tidies the write-ahead log.
    private static let waitForLock: Database.BusyCallback = { tries in
        usleep(1000)
        return tries < 60_000
    }
}
