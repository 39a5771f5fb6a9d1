internal import Foundation
public import SkepQueue

extension SQLiteQueueStore {
    /// Opens the queue of a folder that is its own: "queue.sqlite", and "run" for who works on it.
    ///
    /// The folder is made if needed, and its path should have less than 70 bytes: those of the
    /// workers' sockets are limited by the system. One that is made is for its user alone. A queue whose program ended uncleanly needs
    /// nothing but to be opened again.
    ///
    /// - Throws: As `init(path:runFolder:)` does.
    public convenience init(
        folder: String, clock: any Clock = SystemClock(), retryPolicy: RetryPolicy = .init(),
        retention: Retention = .init()
    ) async throws {
        try Self.makeFolder(folder, isShared: true)
        try await self.init(
            path: folder + "/queue.sqlite", runFolder: folder + "/run", clock: clock,
            retryPolicy: retryPolicy, retention: retention)
    }

    /// A new queue for a test, in a folder that is removed when the store is closed.
    ///
    /// Waits after failures have no chance in them.
    public static func temporary(
        clock: any Clock = SystemClock(), retryPolicy: RetryPolicy = .init(),
        retention: Retention = .init()
    ) async throws -> SQLiteQueueStore {
        let folder = temporaryFolder() + "/queue-\(UInt32.random(in: .min ... .max))"
        try makeFolder(folder, isShared: false)
        do {
            return try await SQLiteQueueStore(
                path: folder + "/queue.sqlite", runFolder: folder + "/run", clock: clock,
                retryPolicy: retryPolicy, retention: retention, random: { 0.5 },
                boot: BootID.current(), scratch: folder)
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    /// The system's, unless a socket's path would be too long there, as it is on macOS.
    private static func temporaryFolder() -> String {
        let path = FileManager.default.temporaryDirectory.path
        return path.utf8.count < 50 ? path : "/tmp"
    }

    private static func makeFolder(_ folder: String, isShared: Bool) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: isShared,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw QueueError.unavailable(
                what: "Can't use the folder \"\(folder)\" for a queue.",
                why: error.localizedDescription,
                advice: "Check that nothing else is there, and that its parent may be written to.")
        }
    }
}
