internal import Foundation
internal import SkepQueue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The files by which workers of a machine know of each other.
struct WorkerFiles {
    /// The shortest `sun_path` there is has 104 bytes; this leaves some.
    static let longestSocketPath = 100

    let lock: String
    let socket: String

    init(folder: String, worker: WorkerID) {
        lock = "\(folder)/\(worker).lock"
        socket = "\(folder)/\(worker).sock"
    }

    /// Whether a worker's name can be a file's, and nothing but a file's in this folder.
    static func isPlain(_ worker: WorkerID) -> Bool {
        !worker.rawValue.isEmpty
            && worker.rawValue.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    static func worker(ofSocket name: String) -> WorkerID? {
        name.hasSuffix(".sock") ? WorkerID(rawValue: String(name.dropLast(5))) : nil
    }

    static func worker(ofLock name: String) -> WorkerID? {
        name.hasSuffix(".lock") ? WorkerID(rawValue: String(name.dropLast(5))) : nil
    }
}

/// Knows which workers of this machine live: each holds a lock on a file, which the kernel
/// releases when its process ends, however it ends.
final class WorkerPresence: Sendable {
    let wakeUps: WakeUps
    private let runFolder: RunFolder
    private var folder: String { runFolder.path }

    init(folder: String) throws {
        runFolder = RunFolder(path: folder)
        wakeUps = WakeUps(folder: runFolder)
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw QueueError.unavailable(
                what: "Can't use the folder \"\(folder)\" for workers.",
                why: "\((error as NSError).localizedDescription)",
                advice: "Check that its parent exists and may be written to.")
        }
    }

    /// Takes a worker's lock and opens its socket.
    func enter(_ worker: WorkerID) throws -> (lock: WorkerLock, receiver: SignalReceiver) {
        let files = WorkerFiles(folder: folder, worker: worker)
        guard WorkerFiles.isPlain(worker) else {
            throw QueueError.unsuitable(
                path: files.lock, why: "A worker's name has only letters, digits, \"-\" and \"_\".")
        }
        guard files.socket.utf8.count < WorkerFiles.longestSocketPath else {
            throw QueueError.unsuitable(
                path: files.socket,
                why: "A socket's path must have less than \(WorkerFiles.longestSocketPath) bytes.")
        }

        do {
            let lock = try WorkerLock(path: files.lock)
            return (lock, try SignalReceiver(worker, files: files, presence: self))
        } catch let error as POSIXError {
            throw QueueError.unavailable(
                what: "Can't register worker \(worker) in \"\(folder)\".", why: "\(error.reason).",
                advice:
                    "Check that the folder may be written to, and that no other worker has this name."
            )
        }
    }

    /// Whether a worker is known to be dead. `false` for one that never registered: then only its
    /// leases' time tells.
    func isDead(_ worker: WorkerID) -> Bool {
        WorkerFiles.isPlain(worker) && WorkerLock.isFree(path: files(of: worker).lock)
    }

    /// Whether a worker that has registered lives.
    func isAlive(_ worker: WorkerID) -> Bool {
        WorkerFiles.isPlain(worker) && WorkerLock.isHeld(path: files(of: worker).lock)
    }

    /// Removes the files of a worker that is dead.
    func clearUp(_ worker: WorkerID) {
        guard WorkerFiles.isPlain(worker) else { return }
        // With its lock in hand: another one may be about to take the name.
        guard let lock = WorkerLock(freeAt: files(of: worker).lock) else { return }
        removeFiles(of: worker)
        lock.release()
    }

    /// Removes the files of a worker whose lock the caller holds.
    func removeFiles(of worker: WorkerID) {
        unlink(files(of: worker).socket)
        unlink(files(of: worker).lock)
    }

    /// The workers whose files are there though they are dead.
    func deadWorkers() -> [WorkerID] {
        runFolder.contents.workers.filter(isDead)
    }

    private func files(of worker: WorkerID) -> WorkerFiles {
        WorkerFiles(folder: folder, worker: worker)
    }
}

/// An exclusive lock on a file, held until it is released or the process ends.
final class WorkerLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Throws: `POSIXError`, `EWOULDBLOCK` when another process holds it.
    init(path: String) throws {
        // Somebody may look at the lock at this very moment, or remove the file as left behind.
        for _ in 0..<1000 {
            let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXError.last }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, Self.isStill(descriptor, at: path) {
                self.descriptor = Mutex(descriptor)
                return
            }
            close(descriptor)
            usleep(1000)
        }
        throw POSIXError(.EWOULDBLOCK)
    }

    /// Takes the lock of a file that is there, if nobody holds it.
    init?(freeAt path: String) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Self.isStill(descriptor, at: path) else {
            close(descriptor)
            return nil
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    /// Whether the file is there and nobody holds its lock.
    static func isFree(path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) == 0
    }

    /// Whether the file is there and somebody holds its lock, or it can't be known.
    static func isHeld(path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return errno != ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    private static func isStill(_ descriptor: Int32, at path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
            && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }
}

/// A worker's signals, from its own process and from others.
final class SignalReceiver: Sendable {
    let signals: AsyncStream<QueueSignal>
    private let continuation: AsyncStream<QueueSignal>.Continuation
    private let socket: DatagramReceiver
    private let deaths: DeathWatch
    private let worker: WorkerID
    private let wakeUps: WakeUps

    init(_ worker: WorkerID, files: WorkerFiles, presence: WorkerPresence) throws {
        self.worker = worker
        wakeUps = presence.wakeUps
        (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let continuation = continuation
        socket = try DatagramReceiver(path: files.socket) { _ in continuation.yield(.look) }
        deaths = DeathWatch(presence) { continuation.yield(.look) }
        wakeUps.add(worker, continuation)
    }

    func end() {
        wakeUps.remove(worker)
        deaths.end()
        socket.end()
        continuation.finish()
    }
}
