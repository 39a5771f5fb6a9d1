internal import Logging
internal import Synchronization

/// Writes down how far a job has come: not each word, but the last one of a quarter second.
final class ProgressMail: Sendable {
    struct Report: Sendable {
        var done: Int64
        var total: Int64?
        var message: String?
    }

    private struct State {
        var latest: Report?
        /// Writes while there is something to write.
        var postman: Task<Void, Never>?
        var isFinishing = false
    }

    /// The shortest time between two writes.
    private static let spacing = Duration.milliseconds(250)

    private let lease: LeaseToken
    private let store: any QueueStore
    private let clock: any Clock
    private let logger: Logger
    private let bell: Doorbell
    private let state = Mutex(State())

    init(_ lease: LeaseToken, _ queue: JobQueue, _ logger: Logger) {
        self.lease = lease
        store = queue.store
        clock = queue.clock
        bell = Doorbell(clock: queue.clock)
        self.logger = logger
    }

    func post(_ report: Report) {
        state.withLock { state in
            guard !state.isFinishing else { return }
            state.latest = report
            // `finish` waits for it.
            state.postman = state.postman ?? Task { await self.deliver() }
        }
    }

    /// Takes no more reports, and waits until nothing is being written.
    func finish() async {
        let postman = state.withLock { state in
            state.isFinishing = true
            state.latest = nil
            return state.postman
        }
        bell.ring()
        await postman?.value
    }

    private func deliver() async {
        while let report = take() {
            do {
                try await store.report(
                    done: report.done, total: report.total, message: report.message, of: lease)
            } catch {
                logger.debug("Can't report progress", metadata: [LogKey.error: "\(error)"])
            }
            await bell.wait(until: clock.uptime + Self.spacing)
        }
    }

    private func take() -> Report? {
        state.withLock { state in
            defer { state.latest = nil }
            if state.latest == nil { state.postman = nil }
            return state.latest
        }
    }
}
