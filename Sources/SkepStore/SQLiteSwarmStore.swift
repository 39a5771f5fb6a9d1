internal import Foundation
internal import GRDB
public import SkepCore
internal import SkepQueue
public import SkepQueueSQLite

/// Triggers, runs, attempts, sessions and reports as rows beside the queue's, in its transactions.
///
/// Begin reading with `SQLiteSwarmStore+Demands.swift` and `+Opening.swift`, then `+Working.swift`
/// and `+Settling.swift`.
public final class SQLiteSwarmStore: SwarmStore {
    let queue: SQLiteQueueStore

    /// - Parameter queue: Opened with `migrations` of this type and a `RunFollower`.
    public init(_ queue: SQLiteQueueStore) {
        self.queue = queue
    }

    /// The tables of the swarm, to be opened together with the queue's.
    public static let migrations = [
        SchemaMigration(name: "swarm-m001_runs", resource: PackageResources.m001_runs_sql),
        SchemaMigration(name: "swarm-m002_dispatch", resource: PackageResources.m002_dispatch_sql),
        SchemaMigration(name: "swarm-m003_accounts", resource: PackageResources.m003_accounts_sql),
        SchemaMigration(name: "swarm-m004_waiting", resource: PackageResources.m004_waiting_sql),
        SchemaMigration(name: "swarm-m005_places", resource: PackageResources.m005_places_sql),
        SchemaMigration(
            name: "swarm-m006_account_places", resource: PackageResources.m006_account_places_sql),
        SchemaMigration(name: "swarm-m007_stops", resource: PackageResources.m007_stops_sql),
    ]
}

/// The swarm's rows inside one transaction of the queue.
struct SwarmTransaction {
    let queue: QueueTransaction

    init(_ queue: QueueTransaction) { self.queue = queue }

    var database: Database { queue.database }
    var now: Int64 { queue.now.milliseconds }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Whether the last statement changed a row.
    var hasChanged: Bool { database.changesCount > 0 }

    func fetchRow(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }
}
