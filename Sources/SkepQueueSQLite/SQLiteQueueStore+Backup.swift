internal import Foundation
internal import GRDB
public import SkepQueue

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A copy of a queue that was made.
public struct BackupReport: Sendable, Hashable {
    public let path: String
    public let bytes: Int
    /// The copy has all that was committed before.
    public let startedAt: Timestamp
}

extension SQLiteQueueStore {
    /// Makes a copy of the queue as it is at this moment, beside running workers.
    ///
    /// Writers aren't blocked, but the write-ahead log can't be emptied until the copy is made. It is
    /// complete and on the disk when it appears under its name. It opens as a queue: jobs that were
    /// leased have lost their holder there, and begin again when the lease has ended, within its
    /// length, or at once after a restart of the machine; a failure of theirs, as with any holder
    /// that died.
    ///
    /// - Throws: `QueueError.unsuitable` when `path` is the queue's own, is taken and not to be
    ///   overwritten, or is in use; `.unavailable` when it can't be written.
    @discardableResult
    public func backUp(to path: String, overwriting: Bool = false) async throws -> BackupReport {
        let live = connections.path
        try await offPool {
            try BackupTarget(path: path).check(besides: live, overwriting: overwriting)
        }
        let startedAt = rules.clock.now
        let part = path + ".part-\(UInt32.random(in: .min ... .max))"
        do {
            try await connections.copy(to: part)
            let bytes = try await offPool { try BackupTarget(path: path).take(part) }
            return BackupReport(path: path, bytes: bytes, startedAt: startedAt)
        } catch {
            unlink(part)
            throw StoreFailure.translated(error, doing: "make a copy of", path: live)
        }
    }
}

extension Connections {
    /// Copies the pages as they are, in one go: a copy in steps begins again at each write of
    /// others. Not VACUUM INTO, which SQLite 3.40 refuses for a table with a generated column.
    fileprivate func copy(to path: String) async throws {
        try await offPool { [readers] in
            let copy = try DatabaseQueue(path: path)
            defer { try? copy.close() }
            try readers.backup(to: copy)
        }
    }
}

/// Where a copy shall be.
private struct BackupTarget {
    let path: String

    func check(besides live: String, overwriting: Bool) throws {
        func refuse(_ why: String) throws -> Never {
            throw QueueError.unsuitable(path: path, why: why)
        }
        let own = ["", "-wal", "-shm", "-gate"].map { live + $0 }
        if own.contains(where: { path == $0 || isSameFile($0) }) {
            try refuse("It is the queue that would be copied.")
        }
        guard let kind = status(path).map({ $0.st_mode & S_IFMT }) else { return }
        guard kind == S_IFREG else { try refuse("There is something that isn't a file.") }
        guard overwriting else { try refuse("There is a file already.") }
        // A log that is left would be taken for the new file's, and spoil it.
        if status(path + "-wal") != nil {
            try refuse("There is a database that is in use, or was left in the middle of it.")
        }
    }

    /// Gives a finished copy its name.
    ///
    /// - Returns: Its size in bytes.
    func take(_ part: String) throws -> Int {
        try sync(part)
        guard rename(part, path) == 0 else { throw POSIXError.last }
        try sync(FileSystem.folder(of: path))
        return status(path).map { Int($0.st_size) } ?? 0
    }

    private func isSameFile(_ other: String) -> Bool {
        guard let here = status(path), let there = status(other) else { return false }
        return here.st_ino == there.st_ino && here.st_dev == there.st_dev
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError.last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError.last }
    }
}
