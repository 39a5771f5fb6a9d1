public import GRDB
public import SkepQueue

/// What the queue can do inside a write transaction, and the connection for rows of one's own.
///
/// Valid only inside the closure it was given to.
public struct QueueTransaction {
    /// The connection. Don't begin or end transactions on it.
    public let database: Database
    /// The time of this transaction.
    public let now: Timestamp

    let rules: QueueRules
    let effects: Effects
    let ledger: Ledger
}

/// What holds for all transactions of a store.
struct QueueRules: Sendable {
    let clock: any Clock
    let boot: BootID
    let retryPolicy: RetryPolicy
    let retention: Retention
    let random: @Sendable () -> Double
    let follower: (any JobFollower)?
}

/// What a transaction wants to happen once it is committed.
final class Effects {
    /// Whether a worker may find something new to lease, or an earlier time to wake at.
    var hasWork = false
    /// Workers that hold a lease on a job somebody wants cancelled.
    var holders: Set<WorkerID> = []
    /// Jobs that are finished now: somebody may wait for them.
    var finished: Set<JobID> = []

    var isEmpty: Bool { !hasWork && holders.isEmpty && finished.isEmpty }

    func merge(_ other: Effects) {
        hasWork = hasWork || other.hasWork
        holders.formUnion(other.holders)
        finished.formUnion(other.finished)
    }
}

extension QueueTransaction {
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func direct(_ sql: String) throws -> DirectStatement {
        try DirectStatement(sql, database)
    }

    func fetchRow(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }

    func fetchRows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// Reads at most one row, without copying it.
    func fetchFirst<R>(
        _ sql: String, _ arguments: StatementArguments, _ body: (Row) throws -> R
    ) throws -> R? {
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: arguments)
        // The row is the cursor's, which goes with it.
        return try withExtendedLifetime(rows) { try rows.next().map(body) }
    }

    /// Runs what a caller brought, and has the follower see to what that stopped.
    func followed<R>(_ body: (QueueTransaction) throws -> R) throws -> R {
        let before = ledger.entries.stops
        let value = try body(self)
        if let follower = rules.follower, ledger.entries.stops > before {
            try follower.jobsStopped(self)
        }
        return value
    }

    /// Runs `body` so that nothing it wrote is kept when it throws, and the rest is.
    func savepoint<R>(_ name: String, _ body: () throws -> R) throws -> R {
        let before = ledger.entries
        try run("SAVEPOINT \(name)", [])
        do {
            let value = try body()
            try run("RELEASE \(name)", [])
            return value
        } catch {
            ledger.goBack(to: before)
            // When SQLite has rolled back everything, the savepoint is gone as well.
            if database.isInsideTransaction {
                try run("ROLLBACK TO \(name)", [])
                try run("RELEASE \(name)", [])
            }
            throw error
        }
    }
}
