internal import Foundation
internal import SkepQueue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What lies in the folder by which the processes of a queue know of each other; read again only
/// when it has changed, since each commit asks.
final class RunFolder: Sendable {
    struct Contents: Sendable {
        /// Those with a lock, living or dead.
        var workers: [WorkerID] = []
        /// Those with a socket.
        var listeners: [WorkerID] = []
        /// The sockets of processes that wait for jobs to be finished.
        var watchers: [String] = []
    }

    private struct Listing {
        let contents: Contents
        let changedAt: Int64
    }

    /// Changes that come as close together as this may carry the same time: what was read so soon
    /// after one isn't kept. In nanoseconds: 2 s where the file system counts in whole seconds, and
    /// 50 ms elsewhere, since the kernel's clock for files moves with its ticks.
    private static func blur(of time: Int64) -> Int64 {
        time % 1_000_000_000 == 0 ? 2_000_000_000 : 50_000_000
    }

    let path: String
    private let listing = Mutex<Listing?>(nil)

    init(path: String) { self.path = path }

    var contents: Contents {
        listing.withLock { listing in
            let changedAt = changeTime()
            if let listing, listing.changedAt == changedAt { return listing.contents }
            let contents = read()
            listing = changedAt.flatMap { changedAt in
                Self.wallClock - changedAt > Self.blur(of: changedAt)
                    ? Listing(contents: contents, changedAt: changedAt) : nil
            }
            return contents
        }
    }

    private func read() -> Contents {
        var contents = Contents()
        guard let folder = opendir(path) else { return contents }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let worker = WorkerFiles.worker(ofLock: name) { contents.workers.append(worker) }
            if let worker = WorkerFiles.worker(ofSocket: name) { contents.listeners.append(worker) }
            if name.hasSuffix(WatcherSocket.suffix) { contents.watchers.append("\(path)/\(name)") }
        }
        return contents
    }

    /// Nanoseconds since 1970; `nil` when the folder isn't there.
    private func changeTime() -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            return Self.nanoseconds(status.st_mtimespec)
        #else
            return Self.nanoseconds(status.st_mtim)
        #endif
    }

    /// The system's own, which file times are made of.
    private static var wallClock: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
