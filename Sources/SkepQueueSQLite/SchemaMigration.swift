internal import Foundation
internal import GRDB
internal import SkepQueue

/// A step that brings a database's tables to what a program expects.
public struct SchemaMigration: Sendable {
    /// Unique among all migrations of a database, such as "swarm-m001_runs". Never changed.
    public let name: String
    public let sql: String
    /// Whether it only makes statements cheaper, so that a SQLite that refuses it is none the worse.
    private var isOptional = false

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// - Parameter resource: SQL, as a package's resource.
    public init(name: String, resource: [UInt8]) {
        self.init(name: name, sql: String(decoding: resource, as: UTF8.self))
    }

    fileprivate func run(_ database: Database) throws {
        do {
            try database.execute(sql: sql)
        } catch let error as DatabaseError where isOptional && error.resultCode == .SQLITE_ERROR {}
    }
}

/// All migrations of a database in order, the queue's own first.
struct Schema: Sendable {
    private let names: [String]
    private let migrator: DatabaseMigrator

    private static let own = [
        SchemaMigration(name: "queue-m001_queue", resource: PackageResources.m001_queue_sql),
        SchemaMigration(
            name: "queue-m002_schedules", resource: PackageResources.m002_schedules_sql),
        SchemaMigration(name: "queue-m003_breadth", resource: PackageResources.m003_breadth_sql),
        SchemaMigration(name: "queue-m004_control", resource: PackageResources.m004_control_sql),
        SchemaMigration(name: "queue-m005_flows", resource: PackageResources.m005_flows_sql),
        SchemaMigration(name: "queue-m006_steps", resource: PackageResources.m006_steps_sql),
        SchemaMigration(name: "queue-m007_watching", resource: PackageResources.m007_watching_sql),
        SchemaMigration(
            name: "queue-m008_semaphores", resource: PackageResources.m008_semaphores_sql),
        // The SQLite of macOS lets nobody write into its schema.
        SchemaMigration(
            name: "queue-m009_checks", resource: PackageResources.m009_checks_sql,
            isOptional: true),
        SchemaMigration(
            name: "queue-m010_queue_one", resource: PackageResources.m010_queue_one_sql),
    ]

    init(adding more: [SchemaMigration]) {
        let migrations = Self.own + more
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { try migration.run($0) }
        }
        self.names = migrations.map(\.name)
        self.migrator = migrator
    }

    /// Whether all migrations have run.
    ///
    /// - Throws: `QueueError.newerSchema` when there are some that this program doesn't know,
    ///   `.unsuitable` when the tables are another program's.
    func isCurrent(_ database: Database, path: String) throws -> Bool {
        let applied = try appliedNames(database)
        if !applied.contains(Self.own[0].name) {
            try refuseForeign(database, applied, path: path)
        }
        let unknown = applied.subtracting(names)
        if let newest = unknown.max() {
            throw QueueError.newerSchema(found: newest, known: names[names.count - 1])
        }
        return applied.count == names.count
    }

    /// A file that has tables already may get the queue's beside them, unless they bear the same
    /// names, or their owner has a migrator, too, which wouldn't know ours.
    private func refuseForeign(
        _ database: Database, _ applied: Set<String>, path: String
    ) throws {
        let taken = try String.fetchAll(
            database,
            sql: """
                SELECT name
                  FROM sqlite_schema
                 WHERE name IN ('job', 'job_payload', 'job_result', 'job_failure', 'job_count',
                                'concurrency_key', 'key_head')
                 ORDER BY name
                """)
        guard
            let reason = taken.first.map({ "a table \"\($0)\"" })
                ?? applied.min().map({ "a migration \"\($0)\"" })
        else { return }
        throw QueueError.unsuitable(path: path, why: "It is another program's: it has \(reason).")
    }

    /// Not the migrator's own way, which asks for the names first and then whether their table is
    /// there: another process may make it between the two.
    private func appliedNames(_ database: Database) throws -> Set<String> {
        let hasTable = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1
                                 FROM sqlite_schema
                                WHERE type = 'table' AND name = 'grdb_migrations')
                """)
        guard hasTable ?? false else { return [] }
        return try String.fetchSet(database, sql: "SELECT identifier FROM grdb_migrations")
    }

    func migrate(_ writer: DatabaseQueue) throws {
        try migrator.migrate(writer)
    }
}

extension SchemaMigration {
    fileprivate init(name: String, resource: [UInt8], isOptional: Bool) {
        self.init(name: name, resource: resource)
        self.isOptional = isOptional
    }
}
