internal import Dispatch
internal import GRDB
internal import SkepQueue
internal import Synchronization

/// Commits what many callers brought at the same time as one transaction.
///
/// A durable commit waits for the disk, and that takes as long for one write as for a hundred. What
/// arrives during a commit forms the next group. Each caller of several has a savepoint, so one that
/// fails fails alone.
final class GroupWriter: Sendable {
    /// How many writes share a transaction, at most, so that nobody waits long for the first.
    private static let largestGroup = 256

    private struct State {
        var waiting: [any PendingWrite] = []
        var isRunning = false
        var isFinished = false
        var finishers: [CheckedContinuation<Void, Never>] = []
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
            let isFirst: Bool? = state.withLock { state in
                guard !state.isFinished else { return nil }
                state.waiting.append(write)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            guard let isFirst else {
                return write.answer(translated(closed))
            }
            if isFirst { thread.async { self.work() } }
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
            do {
                try connections.writer.writeWithoutTransaction { database in
                    self.commit(group, database)
                    self.logLimit.withLock { self.connections.boundLog(to: &$0) }
                }
            } catch {
                // The connection is closed: no write was begun.
                for write in group {
                    write.answer(translated(error))
                }
            }
        }
    }

    private func takeGroup() -> [any PendingWrite]? {
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
        switch attempt(group, database) {
        case .committed(let effects):
            finish(group, effects)
        case .failed(let error):
            for write in group { write.answer(error) }
        case .rolledBack(let error) where group.count == 1:
            group[0].answer(translated(error))
        case .rolledBack:
            // One of them may be what doesn't fit; the others shall not suffer for it.
            for write in group { commit([write], database) }
        }
    }

    private func finish(_ group: [any PendingWrite], _ effects: Effects) {
        wakeUps.send(effects)
        for write in group { write.answer(write.error.map(translated)) }
    }

    private enum Attempt {
        case committed(Effects)
        /// Nothing was written, and none of the group is to be tried again.
        case failed(any Error)
        /// SQLite gave the whole transaction up.
        case rolledBack(any Error)
    }

    private func attempt(_ group: [any PendingWrite], _ database: Database) -> Attempt {
        do {
            return try connections.gate.withLock {
                ledger.begin(database)
                try database.beginTransaction(.immediate)
                let all = Effects()
                for write in group {
                    let effects = Effects()
                    let transaction = QueueTransaction(
                        database: database, now: rules.clock.now, rules: rules, effects: effects,
                        ledger: ledger)
                    write.run(transaction, isAlone: group.count == 1)
                    guard database.isInsideTransaction else {
                        return .rolledBack(write.error ?? closed)
                    }
                    if write.error == nil { all.merge(effects) }
                }
                if group.count == 1, let error = group[0].error {
                    try database.rollback()
                    return .rolledBack(error)
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
            try database.commit()
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

/// One caller's part of a group.
private protocol PendingWrite: Sendable {
    /// Why the last `run` failed.
    var error: (any Error)? { get }
    /// - Parameter isAlone: Whether the whole transaction is given up when it fails.
    func run(_ transaction: QueueTransaction, isAlone: Bool)
    /// Tells the caller: the error given, or what the last `run` came to.
    func answer(_ failure: (any Error)?)
}

private final class Write<R: Sendable>: PendingWrite {
    private let body: @Sendable (QueueTransaction) throws -> R
    private let continuation: CheckedContinuation<R, any Error>
    private let outcome = Mutex<Result<R, any Error>?>(nil)

    init(
        body: @escaping @Sendable (QueueTransaction) throws -> R,
        continuation: CheckedContinuation<R, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    var error: (any Error)? {
        outcome.withLock { outcome in
            if case .failure(let error) = outcome { error } else { nil }
        }
    }

    func run(_ transaction: QueueTransaction, isAlone: Bool) {
        let result = Result {
            if isAlone { return try body(transaction) }
            return try transaction.savepoint("caller") { try body(transaction) }
        }
        outcome.withLock { $0 = result }
    }

    func answer(_ failure: (any Error)?) {
        if let failure { return continuation.resume(throwing: failure) }
        if let result = outcome.withLock({ $0 }) { continuation.resume(with: result) }
    }
}
