internal import Foundation
internal import GRDB
internal import SkepQueue

/// A step that brings a database's tables to what a program expects.
public struct SchemaMigration: Sendable {
    /// Unique among all migrations of a database, such as "swarm-m001_runs". Never changed.
    public let name: String
    public let sql: String

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
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
    ]

    init(adding more: [SchemaMigration]) {
        let migrations = Self.own + more
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        self.names = migrations.map(\.name)
        self.migrator = migrator
    }

    /// Whether all migrations have run.
    ///
    /// - Throws: `QueueError.newerSchema` when there are some that this program doesn't know.
    func isCurrent(_ database: Database) throws -> Bool {
        let applied = try appliedNames(database)
        let unknown = applied.subtracting(names)
        if let newest = unknown.max() {
            throw QueueError.newerSchema(found: newest, known: names[names.count - 1])
        }
        return applied.count == names.count
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
    fileprivate init(name: String, resource: [UInt8]) {
        self.init(name: name, sql: String(decoding: resource, as: UTF8.self))
    }
}
