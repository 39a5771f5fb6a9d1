internal import Foundation
internal import SkepQueue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Tells workers, in this process and others, that there may be something to do, and those who wait
/// for jobs that they are finished.
///
/// A hint: one that is lost costs the time until somebody looks by itself.
final class WakeUps: Sendable {
    let finishWatch: FinishWatch
    private let folder: RunFolder
    private let sender = DatagramSender()
    private let local = Mutex<[WorkerID: AsyncStream<QueueSignal>.Continuation]>([:])

    init(folder: RunFolder) {
        self.folder = folder
        finishWatch = FinishWatch(folder: folder.path)
    }

    func add(_ worker: WorkerID, _ continuation: AsyncStream<QueueSignal>.Continuation) {
        local.withLock { $0[worker] = continuation }
    }

    func remove(_ worker: WorkerID) {
        local.withLock { $0[worker] = nil }
    }

    /// Sends what a committed transaction asked for to other processes.
    ///
    /// - Returns: The workers of this process that are to be told, too.
    func send(_ effects: Effects) -> LocalWakeUps {
        guard !effects.isEmpty else { return LocalWakeUps() }
        finishWatch.note(effects.finished)
        guard effects.hasWork || !effects.finished.isEmpty else {
            return wakeOthers(effects.holders)
        }
        let contents = folder.contents
        // All are told of new work: which of them have a free slot isn't known, and a signal that
        // only reached a busy one would be lost.
        let here = wakeOthers(
            effects.hasWork ? effects.holders.union(contents.listeners) : effects.holders)
        if !effects.finished.isEmpty { tell(contents.watchers, effects.finished) }
        sender.keepOnly(contents.listeners.count + contents.watchers.count) {
            contents.listeners.map(socket) + contents.watchers
        }
        return here
    }

    /// - Returns: Those of them that are in this process.
    private func wakeOthers(_ workers: Set<WorkerID>) -> LocalWakeUps {
        guard !workers.isEmpty else { return LocalWakeUps() }
        let local = local.withLock { $0 }
        var here = LocalWakeUps()
        for worker in workers {
            if let continuation = local[worker] {
                here.workers.append(continuation)
            } else if WorkerFiles.isPlain(worker) {
                // One that is dead doesn't matter: a sweep clears up after it.
                sender.send([1], to: socket(of: worker))
            }
        }
        return here
    }

    private func tell(_ watchers: [String], _ finished: Set<JobID>) {
        let others = watchers.filter { $0 != finishWatch.socketPath }
        guard !others.isEmpty else { return }
        let datagram = WatcherSocket.datagram(finished)
        for watcher in others where !sender.send(datagram, to: watcher) { unlink(watcher) }
    }

    private func socket(of worker: WorkerID) -> String {
        WorkerFiles(folder: folder.path, worker: worker).socket
    }
}

/// Workers of this process that there may be something to do for.
struct LocalWakeUps {
    fileprivate var workers: [AsyncStream<QueueSignal>.Continuation] = []

    func send() {
        for worker in workers { worker.yield(.look) }
    }
}
