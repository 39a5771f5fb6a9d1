internal import Foundation
internal import SkepQueue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Answers those who wait for jobs to be finished; however many, with one socket and one query.
///
/// What this process finishes it says to itself; others send the numbers of what they finished to
/// the socket, which is there while somebody waits. Should one be lost, or the sender die between
/// its commit and this, a look at all of them now and then finds it.
final class FinishWatch: Sendable {
    private static let lookInterval = Duration.seconds(1)
    /// So many at once, so that no read is long.
    private static let largestLook = 1000

    private struct State {
        var waiters: [JobID: [Int: CheckedContinuation<Job, any Error>]] = [:]
        var lastWaiter = 0
        /// Those that somebody waits for and that may be finished.
        var suspects: Set<JobID> = []
        var isLooking = false
        /// While somebody waits, and a little longer.
        var watched: Watched?
    }

    private struct Watched {
        let store: SQLiteQueueStore
        let receiver: DatagramReceiver?
    }

    /// Of this process, if there is one at the moment.
    let socketPath: String
    private let state = Mutex(State())

    init(folder: String) {
        socketPath = WatcherSocket.newPath(in: folder)
    }

    /// Waits until a job is finished.
    func job(_ id: JobID, in store: SQLiteQueueStore) async throws -> Job {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.waiters[id, default: [:]][number] = continuation }
                guard !Task.isCancelled else { return cancel(number, id) }
                // First the socket, then the look: nothing is missed between the two.
                watch(store)
                note([id])
            }
        } onCancel: {
            cancel(number, id)
        }
    }

    /// Looks at jobs that may be finished, those that somebody waits for.
    func note(_ jobs: some Collection<JobID>) {
        let store: SQLiteQueueStore? = state.withLock { state in
            guard let watched = state.watched, !state.waiters.isEmpty else { return nil }
            for job in jobs where state.waiters[job] != nil { state.suspects.insert(job) }
            guard !state.suspects.isEmpty, !state.isLooking else { return nil }
            state.isLooking = true
            return watched.store
        }
        // Nobody waits for the task itself: it ends when nothing is left to look at.
        if let store { Task.detached { await self.look(in: store) } }
    }

    private func cancel(_ number: Int, _ id: JobID) {
        let waiter = state.withLock { state in
            let waiter = state.waiters[id]?.removeValue(forKey: number)
            if state.waiters[id]?.isEmpty ?? false { state.waiters[id] = nil }
            return waiter
        }
        waiter?.resume(throwing: CancellationError())
    }

    // MARK: Looking

    private func look(in store: SQLiteQueueStore) async {
        while let (suspects, lastWaiter) = takeSuspects() {
            let answers: [JobID: Result<Job, any Error>]
            do {
                answers = try await store.finishedJobs(among: suspects)
            } catch {
                answers = Dictionary(uniqueKeysWithValues: suspects.map { ($0, .failure(error)) })
            }
            for (id, answer) in answers {
                for waiter in takeWaiters(for: id, until: lastWaiter) {
                    waiter.resume(with: answer)
                }
            }
        }
    }

    /// - Returns: The next ones to look at, and the last waiter whom that can answer: what is read
    ///   may be of before a retry, to one who came after it.
    private func takeSuspects() -> ([JobID], lastWaiter: Int)? {
        state.withLock { state in
            let taken = Array(state.suspects.prefix(Self.largestLook))
            state.suspects.subtract(taken)
            state.isLooking = !taken.isEmpty
            return taken.isEmpty ? nil : (taken, state.lastWaiter)
        }
    }

    private func takeWaiters(
        for id: JobID, until last: Int
    ) -> [CheckedContinuation<Job, any Error>] {
        state.withLock { state in
            let waiters = state.waiters[id] ?? [:]
            let others = waiters.filter { $0.key > last }
            state.waiters[id] = others.isEmpty ? nil : others
            return waiters.filter { $0.key <= last }.map(\.value)
        }
    }

    // MARK: Watching

    private func watch(_ store: SQLiteQueueStore) {
        let isNew = state.withLock { state in
            guard state.watched == nil else { return false }
            // Without a socket it takes until the next look.
            state.watched = Watched(
                store: store, receiver: try? WatcherSocket.open(socketPath) { self.heard($0) })
            return true
        }
        // Ends by itself soon after the last one who waits.
        if isNew { Task.detached { await self.lookNowAndThen() } }
    }

    private func heard(_ jobs: [JobID]?) {
        note(jobs ?? state.withLock { Array($0.waiters.keys) })
    }

    private func lookNowAndThen() async {
        repeat {
            try? await Task.sleep(for: Self.lookInterval)
            heard(nil)
        } while !stopIfUnused()
    }

    private func stopIfUnused() -> Bool {
        state.withLock { state in
            guard state.waiters.isEmpty else { return false }
            // The file first: who finds one that nobody listens to takes its process for dead.
            unlink(socketPath)
            state.watched?.receiver?.end()
            state.watched = nil
            return true
        }
    }
}

/// A socket whose datagrams name jobs that are finished. Its file's name is random, and not a
/// worker's; the first one to find its process dead removes it.
enum WatcherSocket {
    static let suffix = ".watch"

    static func newPath(in folder: String) -> String {
        "\(folder)/\(WorkerID.random())\(suffix)"
    }

    /// - Parameter onFinish: Called with jobs that are finished; with `nil` when they are too many
    ///   to be named.
    /// - Throws: `POSIXError`.
    static func open(
        _ path: String, onFinish: @escaping @Sendable ([JobID]?) -> Void
    ) throws -> DatagramReceiver {
        // It gets its name when it can be sent to: before, it would be taken for a dead one's.
        let unready = path + "~"
        let receiver = try DatagramReceiver(path: unready) { bytes in onFinish(jobs(in: bytes)) }
        guard rename(unready, path) == 0 else {
            let error = POSIXError.last
            unlink(unready)
            receiver.end()
            throw error
        }
        return receiver
    }

    static func datagram(_ jobs: Set<JobID>) -> [UInt8] {
        guard jobs.count <= DatagramReceiver.largest / 8 else { return [] }
        return jobs.flatMap { job in withUnsafeBytes(of: job.rawValue, Array.init) }
    }

    private static func jobs(in bytes: [UInt8]) -> [JobID]? {
        guard !bytes.isEmpty else { return nil }
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count - 7, by: 8).map { offset in
                JobID(rawValue: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
            }
        }
    }
}
