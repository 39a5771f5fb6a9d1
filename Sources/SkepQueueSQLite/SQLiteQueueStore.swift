internal import Dispatch
internal import Foundation
public import GRDB
public import SkepQueue

/// A queue in one SQLite file, used by any number of processes of one machine.
///
/// Writes of this process that come at the same time share a commit; the file is opened with a
/// write-ahead log and synced at each commit. A caller's own tables may stand beside the queue's
/// and join its transactions through `write(_:)`.
public final class SQLiteQueueStore: QueueStore {
    let rules: QueueRules
    let presence: WorkerPresence
    let connections: Connections
    private let writer: GroupWriter
    /// A folder of its own that goes with it.
    private let scratch: String?

    /// Opens a database, creating it if needed, and brings its tables up to date.
    ///
    /// Writes nothing when the database exists and is up to date.
    ///
    /// - Parameters:
    ///   - path: The database's file; its folder must exist.
    ///   - runFolder: Where workers keep their locks and wake-up sockets; created if needed. Short,
    ///     since a socket's path must stay below 100 bytes. All stores of a file use the same one.
    ///   - retention: How long finished jobs are kept.
    ///   - migrations: Further tables in the same file. All programs that open the file must name
    ///     the same ones, or later ones.
    ///   - random: A number from 0 to 1, for the jitter of waits.
    ///   - follower: Whose rows beside the queue's follow their jobs. All processes that open the
    ///     file should name the same one.
    /// - Throws: `QueueError.unsuitable` on a network file system and for another program's file,
    ///   `.newerSchema` when a newer program has made it, `.unavailable` when it can't be opened.
    public convenience init(
        path: String, runFolder: String, clock: any Clock = SystemClock(),
        retryPolicy: RetryPolicy = .init(), retention: Retention = .init(),
        migrations: [SchemaMigration] = [],
        random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        follower: (any JobFollower)? = nil
    ) async throws {
        try await self.init(
            path: path, runFolder: runFolder, clock: clock, retryPolicy: retryPolicy,
            retention: retention, migrations: migrations, random: random, follower: follower,
            boot: BootID.current())
    }

    init(
        path: String, runFolder: String, clock: any Clock = SystemClock(),
        retryPolicy: RetryPolicy = .init(), retention: Retention = .init(),
        migrations: [SchemaMigration] = [],
        random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        follower: (any JobFollower)? = nil, boot: BootID, scratch: String? = nil
    ) async throws {
        let rules = QueueRules(
            clock: clock, boot: boot, retryPolicy: retryPolicy, retention: retention,
            random: random, follower: follower)
        let schema = Schema(adding: migrations)
        let (connections, presence) = try await offPool {
            (
                try Connections(path: path, schema: schema),
                try WorkerPresence(folder: runFolder)
            )
        }
        self.rules = rules
        self.connections = connections
        self.presence = presence
        self.scratch = scratch
        self.writer = GroupWriter(connections: connections, rules: rules, wakeUps: presence.wakeUps)
    }

    /// Runs `body` in a write transaction, which is durable when this returns.
    ///
    /// The transaction is shared with others that came at the same time, and when one of them throws
    /// or the disk is full, all of them begin again: `body` may run more than once, so it must do
    /// nothing but read and write the database. When it throws, nothing of what it wrote is kept.
    ///
    /// - Throws: What `body` throws; `QueueError.outcomeUnknown` when COMMIT failed;
    ///   `QueueError.unavailable` when the file can't be written; `CancellationError` only before
    ///   anything was written.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (QueueTransaction) throws -> R
    ) async throws -> R {
        try await writer.write(body)
    }

    /// Runs `body` on a snapshot of the database, beside any writes.
    ///
    /// Keep it short: while a snapshot is in use the write-ahead log can't be emptied.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> R
    ) async throws -> R {
        do {
            return try await connections.readers.read(body)
        } catch {
            throw connections.translated(error, doing: "read")
        }
    }

    /// Finishes the writes that were begun and closes the file. Later calls throw `unavailable`.
    public func close() async {
        await writer.finish()
        await offPoolWithoutError { [connections, scratch] in
            connections.close()
            if let scratch { try? FileManager.default.removeItem(atPath: scratch) }
        }
    }
}

/// Runs blocking work on a thread that may block, unlike those of Swift's tasks.
func offPool<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
    }
}

private func offPoolWithoutError(_ work: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
            work()
            continuation.resume()
        }
    }
}
