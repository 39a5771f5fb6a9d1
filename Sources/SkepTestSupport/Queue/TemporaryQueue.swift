internal import Foundation
public import SkepQueue
public import SkepQueueSQLite

/// A folder of a test's own with a queue in it; removed at the end.
public struct TemporaryQueue: Sendable {
    public let folder: String

    public var path: String { folder + "/q.sqlite" }
    public var runFolder: String { folder + "/run" }

    /// Runs `body` with a new folder.
    public static func with<R>(_ body: (TemporaryQueue) async throws -> R) async throws -> R {
        // Not NSTemporaryDirectory(): on macOS it is too long for a socket's path.
        let folder = "/tmp/skep-queue-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(TemporaryQueue(folder: folder))
    }

    /// Opens the queue for `body`, with no chance in it, and closes it.
    public func withStore<R>(
        clock: any SkepQueue.Clock = SystemClock(), migrations: [SchemaMigration] = [],
        follower: (any JobFollower)? = nil, _ body: (SQLiteQueueStore) async throws -> R
    ) async throws -> R {
        let store = try await SQLiteQueueStore(
            path: path, runFolder: runFolder, clock: clock, migrations: migrations,
            random: { 0.5 }, follower: follower)
        let result: Result<R, any Error>
        do {
            result = .success(try await body(store))
        } catch {
            result = .failure(error)
        }
        await store.close()
        return try result.get()
    }
}
