internal import SkepQueue
internal import Synchronization

/// One caller's part of a group.
protocol PendingWrite: Sendable {
    /// Why the last `run` failed.
    var error: (any Error)? { get }
    /// - Parameter withSavepoint: Whether what it wrote is undone when it fails; the transaction is
    ///   given up otherwise.
    func run(_ transaction: QueueTransaction, withSavepoint: Bool)
    /// Tells the caller: the error given, or what the last `run` came to.
    func answer(_ failure: (any Error)?)
}

final class Write<R: Sendable>: PendingWrite {
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

    func run(_ transaction: QueueTransaction, withSavepoint: Bool) {
        let result = Result {
            guard withSavepoint else { return try transaction.followed(body) }
            return try transaction.savepoint("caller") { try transaction.followed(body) }
        }
        outcome.withLock { $0 = result }
    }

    func answer(_ failure: (any Error)?) {
        if let failure { return continuation.resume(throwing: failure) }
        if let result = outcome.withLock({ $0 }) { continuation.resume(with: result) }
    }
}
