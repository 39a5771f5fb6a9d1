internal import Foundation
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
    /// As it was given: for people.
    let path: String
    /// Where the file really is, and with it its log and its gate, should `path` be a link.
    let file: String

    init(path: String, schema: Schema) throws {
        self.path = path
        try FileSystem.refuseNetwork(path: path)
        do {
            guard !FileSystem.isFolder(path) else { throw POSIXError(.EISDIR) }
            // SQLite would open it all the same, and leave a log beside it that can't be written
            // either, and keeps the file from being written when it may be.
            try FileSystem.refuseReadOnly(path: path)
            let writer = try DatabaseQueue(path: path, configuration: Self.configuration)
            file = try writer.read(Self.file) ?? path
            try FileSystem.refuseNetwork(path: file)
            // First of all, so that nothing is left beside a file that is refused.
            let isReady = try writer.read { database in
                let isCurrent = try schema.isCurrent(database, path: path)
                return try isCurrent && Self.journalMode(database) == "wal"
            }
            let gate = try WriteGate(path: Self.gatePath(of: file))
            if !isReady {
                try gate.withLock { try Self.prepare(writer, schema, path: path) }
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

    /// Empties the write-ahead log and shortens its file, when that has become large.
    ///
    /// SQLite itself moves what was committed into the database at each thousandth page, in the
    /// commit that comes upon it. The log begins anew only when all of it was moved and nobody reads
    /// from it, and the file keeps the size it had then. Does nothing when the log is short: it has
    /// 4 MiB at most as long as nobody reads for long.
    func shortenLog() throws {
        guard logSize > Self.longestLog else { return }
        do {
            // Most of it without anybody having to wait, and then the rest.
            try checkpoint(.passive)
            try checkpoint(.truncate, waiting: .milliseconds(100))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            // Somebody reads: next time.
        } catch {
            throw translated(error, doing: "shorten the log of")
        }
    }

    /// Makes the log begin anew when it has become far too long, since there was always somebody who
    /// read: writers wait until the last one who reads what is in it has ended.
    ///
    /// Without this it grows by each write beside readers that take turns without a pause: 380 MiB
    /// in 200,000 cycles of a job, with snapshots of a second.
    ///
    /// - Parameter limit: A longer one; should it not succeed, the next is longer by half.
    func boundLog(to limit: inout Int) {
        guard logSize > limit else {
            limit = Self.greatestLog
            return
        }
        do {
            try checkpoint(.passive)
            try checkpoint(.restart, waiting: .seconds(3))
        } catch {
            // Somebody reads for a long time. It costs disk, and is no reason to stop.
            limit += limit / 2
        }
    }

    /// - Parameter limit: How long readers are waited for, while nobody can write.
    private func checkpoint(
        _ mode: Database.CheckpointMode, waiting limit: Duration = .zero
    ) throws {
        var configuration = Self.configuration
        configuration.busyMode = .timeout(limit / .seconds(1))
        let connection = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? connection.close() }
        guard mode != .passive else {
            return try connection.writeWithoutTransaction { _ = try $0.checkpoint(mode) }
        }
        // A gate of its own: to one that shares it, the writer's would be open.
        try WriteGate(path: Self.gatePath(of: file)).withLock {
            try connection.writeWithoutTransaction { _ = try $0.checkpoint(mode) }
        }
    }

    private var logSize: Int {
        var status = stat()
        return stat(file + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    /// 16 MiB: what SQLite cuts the log's file to when it begins anew.
    private static let longestLog = 16 << 20
    /// 48 MiB: what the log has, at most, unless somebody reads for seconds.
    static let greatestLog = 48 << 20

    func translated(_ error: any Error, doing verb: String) -> any Error {
        StoreFailure.translated(error, doing: verb, path: path)
    }

    private static func gatePath(of file: String) -> String { file + "-gate" }

    private static func file(_ database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT file FROM pragma_database_list WHERE name = 'main'")
    }

    /// Makes a new file, or brings an old one up to date; another process may have done it already.
    private static func prepare(
        _ writer: DatabaseQueue, _ schema: Schema, path: String
    ) throws {
        try writer.writeWithoutTransaction { database in
            guard try journalMode(database) != "wal" else { return }
            // Takes effect only before the first table is made.
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try database.execute(sql: "PRAGMA journal_mode = WAL")
        }
        let isCurrent = try writer.read { try schema.isCurrent($0, path: path) }
        if !isCurrent { try schema.migrate(writer) }
    }

    private static func journalMode(_ database: Database) throws -> String? {
        try String.fetchOne(database, sql: "PRAGMA journal_mode")
    }

    /// A commit is on the disk when COMMIT returns: checked, since a setting that didn't take is
    /// silent. What savepoints keep to go back to is thrown away in any case, so it stays in memory.
    private static func makeDurable(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = \(longestLog);
                PRAGMA temp_store = MEMORY;
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
