import Foundation
import GRDB
import SkepCore
import SkepQueue

/// The tracker's database: one SQLite file that several processes may have open.
///
/// What was written is on the disk when `write` returns (WAL, synchronous FULL), so that no answer
/// goes out before what it says is kept. Writes begin IMMEDIATE and wait for other writers.
struct ForgeStore: Sendable {
    let pool: DatabasePool
    let clock: any SkepQueue.Clock

    /// Seconds that a writer waits for the writers of other processes.
    private static let busyTimeout: TimeInterval = 15

    init(path: String, clock: any SkepQueue.Clock) async throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.foreignKeysEnabled = true
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB sets NORMAL while it opens a WAL database: FULL has to be asked for afterwards.
            let level = try await pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                return try Int.fetchOne(db, sql: "PRAGMA synchronous")
            }
            guard level == 2 else {
                throw ForgeError.unsuitableDatabase(
                    path: path, reason: "SQLite refuses to write durably (synchronous = FULL).")
            }
        } catch let error as DatabaseError {
            throw ForgeError.unsuitableDatabase(path: path, reason: error.message ?? "\(error)")
        }
        self.clock = clock
        try await Migrations.migrate(pool, path: path)
    }

    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        try await pool.read(body)
    }

    /// Runs `body` in one transaction and returns when it's on the disk. `now` is its time.
    func write<T: Sendable>(
        _ body: @Sendable @escaping (_ db: Database, _ now: Timestamp) throws -> T
    ) async throws -> T {
        let clock = clock
        return try await pool.write { db in try body(db, clock.now) }
    }
}

/// The versions of the tracker's schema.
enum Migrations {
    /// One script for each version, the first version first.
    private static let scripts: [[UInt8]] = [
        PackageResources.m001_forge_sql, PackageResources.m002_whole_tracker_sql,
    ]

    static func migrate(_ pool: DatabasePool, path: String) async throws {
        try await pool.write { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard version <= scripts.count else {
                throw ForgeError.newerDatabase(path: path, found: version, known: scripts.count)
            }
            for (index, script) in scripts.enumerated() where index >= version {
                try db.execute(sql: String(decoding: script, as: UTF8.self))
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
        }
    }
}

/// A row read by its column names: `created_at_ms` fills `createdAtMs`.
protocol StoredRow: FetchableRecord, Decodable, Sendable {}

extension StoredRow {
    static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy {
        .convertFromSnakeCase
    }
}
