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
        let clock = rules.clock
        return try await offPool { [connections] in
            do {
                let target = BackupTarget(
                    path: path, live: connections.file, isOverwriting: overwriting)
                try target.check()
                let startedAt = clock.now
                let bytes = try target.make { try connections.copy(to: $0) }
                return BackupReport(path: path, bytes: bytes, startedAt: startedAt)
            } catch {
                throw connections.translated(error, doing: "make a copy of")
            }
        }
    }
}

extension Connections {
    /// Copies the pages as they are, in one go: a copy in steps begins again at each write of
    /// others.
    ///
    /// Not VACUUM INTO: on a connection that only reads, SQLite 3.40 leaves the CHECKs of tables
    /// out, takes the copy's table for another one because of them, and goes a way that fails with
    /// a generated column ("table vacuum_db.job has 33 columns but 34 values were supplied").
    fileprivate func copy(to path: String) throws {
        let copy = try DatabaseQueue(path: path)
        defer { try? copy.close() }
        try readers.backup(to: copy)
    }
}

/// Where a copy shall be.
struct BackupTarget {
    let path: String
    /// The queue that is copied.
    let live: String
    let isOverwriting: Bool

    /// - Throws: `QueueError.unsuitable`.
    func check() throws {
        func refuse(_ why: String) throws -> Never {
            throw QueueError.unsuitable(path: path, why: why)
        }
        let own = ["", "-wal", "-shm", "-gate"].map { live + $0 }
        if own.contains(where: { path == $0 || isSame(status(path), status($0)) }) {
            try refuse("It is the queue that would be copied.")
        }
        guard let kind = status(path).map({ $0.st_mode & S_IFMT }) else { return }
        guard kind == S_IFREG else { try refuse("There is something that isn't a file.") }
        guard isOverwriting else { try refuse("There is a file already.") }
        // A log that is left would be taken for the new file's, and spoil it.
        if status(path + "-wal") != nil {
            try refuse("There is a database that is in use, or was left in the middle of it.")
        }
    }

    /// Makes a copy beside its place, and gives it its name when it is complete.
    ///
    /// The unfinished file is locked, so one without a lock was left by a process that died, and is
    /// written over.
    ///
    /// - Returns: Its size in bytes.
    func make(_ copy: (String) throws -> Void) throws -> Int {
        let part = path + ".unfinished-copy"
        let descriptor = open(part, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXError.last }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isSame(status(part), status(descriptor))
        else {
            throw QueueError.unsuitable(path: path, why: "A copy is being made there already.")
        }
        do {
            unlink(part + "-journal")
            guard ftruncate(descriptor, 0) == 0 else { throw POSIXError.last }
            try copy(part)
            guard fsync(descriptor) == 0 else { throw POSIXError.last }
            // Again: a large copy takes a while.
            try check()
            guard rename(part, path) == 0 else { throw POSIXError.last }
        } catch {
            unlink(part)
            throw error
        }
        try syncFolder()
        return status(descriptor).map { Int($0.st_size) } ?? 0
    }

    /// Makes the new name last.
    private func syncFolder() throws {
        let folder = open(FileSystem.folder(of: path), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw POSIXError.last }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw POSIXError.last }
    }

    private func isSame(_ one: stat?, _ other: stat?) -> Bool {
        guard let one, let other else { return false }
        return one.st_ino == other.st_ino && one.st_dev == other.st_dev
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private func status(_ descriptor: Int32) -> stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }
}
