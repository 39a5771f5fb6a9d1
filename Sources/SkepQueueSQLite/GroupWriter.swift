internal import Dispatch
internal import GRDB
internal import SkepQueue
internal import Synchronization

/// Commits what many callers brought at the same time as one transaction.
///
/// A durable commit waits for the disk, and that takes as long for one write as for a hundred. What
/// arrives during a commit forms the next group. Most groups go well, so they do without savepoints;
/// when one of several callers fails, everything is rolled back and done again with a savepoint for
/// each, so that it fails alone.
final class GroupWriter: Sendable {
    /// How many writes share a transaction, at most, so that nobody waits long for the first.
    private static let largestGroup = 256
    /// How long a group waits, at most, for those who are expected.
    private static let longestPatience = Duration.milliseconds(1)

    private struct State {
        var waiting: [any PendingWrite] = []
        /// How many wrote or wanted to at the end of the last group. Most of them come again at once.
        var expected = 0
        var isAwaitingOthers = false
        /// How long the last commit took.
        var commitTime = Duration.zero
        var isRunning = false
        var isFinished = false
        var finishers: [CheckedContinuation<Void, Never>] = []

        var haveAllCome: Bool { waiting.count >= min(expected, GroupWriter.largestGroup) }

        /// - Returns: `nil` when it comes too late.
        mutating func add(_ write: any PendingWrite) -> News? {
            guard !isFinished else { return nil }
            waiting.append(write)
            guard isRunning else {
                isRunning = true
                return .begin
            }
            guard isAwaitingOthers, haveAllCome else { return .nothing }
            isAwaitingOthers = false
            return .goOn
        }
    }

    /// What the writer has to be told of a write.
    private enum News {
        case nothing, begin, goOn
    }

    private let connections: Connections
    private let rules: QueueRules
    private let wakeUps: WakeUps
    private let ledger = Ledger()
    private let state = Mutex(State())
    private let logLimit = Mutex(Connections.greatestLog)
    /// Where it is written: it may block there, unlike in Swift's tasks, and nothing has to change
    /// threads between a caller and the commit but once.
    private let thread = DispatchQueue(label: "queue.writer")
    /// Signalled when all have come whom the writer awaits.
    private let othersHaveCome = DispatchSemaphore(value: 0)

    init(connections: Connections, rules: QueueRules, wakeUps: WakeUps) {
        self.connections = connections
        self.rules = rules
        self.wakeUps = wakeUps
    }

    func write<R: Sendable>(
        _ body: @escaping @Sendable (QueueTransaction) throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            let write = Write(body: body, continuation: continuation)
            switch state.withLock({ $0.add(write) }) {
            case .nothing: break
            case .begin: thread.async { self.work() }
            case .goOn: othersHaveCome.signal()
            case nil: write.answer(translated(closed))
            }
        }
    }

    /// Refuses further writes, and waits for those that were begun.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isFinished = true
                if state.isRunning { state.finishers.append(continuation) }
                return !state.isRunning
            }
            if isIdle { continuation.resume() }
        }
    }

    private func translated(_ error: any Error) -> any Error {
        connections.translated(error, doing: "write to")
    }

    private var closed: DatabaseError {
        DatabaseError(resultCode: .SQLITE_MISUSE, message: "the store was closed")
    }

    /// Works for all who wait, until nobody does any more.
    private func work() {
        while let group = takeGroup() {
            connections.writer.writeWithoutTransaction { database in
                self.commit(group, database)
                self.logLimit.withLock { self.connections.boundLog(to: &$0) }
            }
        }
    }

    /// Waits a moment for those who were written for just now: without that they would miss each
    /// group by a hair and take turns with the others, so that the disk is waited for twice as often.
    private func awaitOthers() {
        let patience: Duration? = state.withLock { state in
            guard !state.waiting.isEmpty, !state.haveAllCome else { return nil }
            state.isAwaitingOthers = true
            return min(state.commitTime / 2, Self.longestPatience)
        }
        guard let patience else { return }
        let end = DispatchTime.now() + .nanoseconds(Int(patience / .nanoseconds(1)))
        _ = othersHaveCome.wait(timeout: end)
        state.withLock { $0.isAwaitingOthers = false }
    }

    private func takeGroup() -> [any PendingWrite]? {
        awaitOthers()
        let (group, finishers) = state.withLock { state in
            let group = Array(state.waiting.prefix(Self.largestGroup))
            state.waiting.removeFirst(group.count)
            guard group.isEmpty else { return (group, [CheckedContinuation<Void, Never>]()) }
            state.isRunning = false
            defer { state.finishers = [] }
            return (group, state.finishers)
        }
        for finisher in finishers { finisher.resume() }
        return group.isEmpty ? nil : group
    }

    /// Runs on the connection's own thread, which may block.
    private func commit(_ group: [any PendingWrite], _ database: Database) {
        var outcome = attempt(group, database, withSavepoints: false)
        if case .refused = outcome { outcome = attempt(group, database, withSavepoints: true) }
        switch outcome {
        case .committed(let effects):
            finish(group, effects)
        case .failed(let error):
            for write in group { write.answer(error) }
        case .rolledBack(let error) where group.count == 1:
            group[0].answer(translated(error))
        case .rolledBack, .refused:
            // One of them may be what doesn't fit; the others shall not suffer for it.
            for write in group { commit([write], database) }
        }
    }

    private func finish(_ group: [any PendingWrite], _ effects: Effects) {
        state.withLock { $0.expected = group.count + $0.waiting.count }
        // Others first, since whoever is answered may end the process; and those here last, since
        // what is in the next group depends on those who are answered.
        let here = wakeUps.send(effects)
        for write in group { write.answer(write.error.map(translated)) }
        here.send()
    }

    private enum Attempt {
        case committed(Effects)
        /// Nothing was written, and none of the group is to be tried again.
        case failed(any Error)
        /// SQLite gave the whole transaction up.
        case rolledBack(any Error)
        /// Nothing was written, since one of several failed that had no savepoint.
        case refused
    }

    private func attempt(
        _ group: [any PendingWrite], _ database: Database, withSavepoints: Bool
    ) -> Attempt {
        do {
            return try connections.gate.withLock {
                ledger.begin(database)
                // Not GRDB's own way to begin and commit, which compiles the words each time.
                try database.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
                let all = Effects()
                for write in group {
                    let effects = Effects()
                    let transaction = QueueTransaction(
                        database: database, now: rules.clock.now, rules: rules, effects: effects,
                        ledger: ledger)
                    write.run(transaction, withSavepoint: withSavepoints)
                    guard database.isInsideTransaction else {
                        return .rolledBack(write.error ?? closed)
                    }
                    guard let error = write.error else {
                        all.merge(effects)
                        continue
                    }
                    guard withSavepoints else {
                        try database.rollback()
                        return group.count == 1 ? .rolledBack(error) : .refused
                    }
                }
                return closeBooks(database, all)
            }
        } catch {
            try? database.rollback()
            return .failed(translated(error))
        }
    }

    /// Writes what the ledger has added up, and commits.
    private func closeBooks(_ database: Database, _ effects: Effects) -> Attempt {
        do {
            if try ledger.write(database, now: rules.clock.now) { effects.hasWork = true }
        } catch {
            try? database.rollback()
            return .rolledBack(error)
        }
        return commitTransaction(database, effects)
    }

    private func commitTransaction(_ database: Database, _ effects: Effects) -> Attempt {
        do {
            let start = ContinuousClock.now
            try database.cachedStatement(sql: "COMMIT").execute()
            state.withLock { $0.commitTime = start.duration(to: .now) }
            return .committed(effects)
        } catch {
            try? database.rollback()
            guard let error = error as? DatabaseError else { return .failed(error) }
            switch error.resultCode {
            case .SQLITE_FULL, .SQLITE_CONSTRAINT:
                // The frame that makes a transaction valid is written last: on a full disk it
                // wasn't. And deferred constraints are checked before anything is written.
                return .rolledBack(error)
            default:
                break
            }
            return .failed(QueueError.outcomeUnknown(why: StoreFailure.reason(error)))
        }
    }
}
