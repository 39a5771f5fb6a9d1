extension QueueWorker {
    /// Works until the task is cancelled. Errors of the store are logged and tried again.
    ///
    /// Then it takes no more leases, cancels the handlers with `StopReason.shutdown`, waits for
    /// them, settles or releases what they held, gives up its registration, and returns.
    ///
    /// Handlers that don't stop within `Configuration.shutdownGrace` are left behind, with an error
    /// in the log: their leases are kept as long as the process lives, so that nobody runs their
    /// jobs beside them. Leave the store open then, and end the process.
    ///
    /// - Throws: `QueueError.unsuitable` when the worker can't be registered under its name.
    public func run() async throws {
        let session = WorkerSession(self)
        try await withTaskCancellationHandler {
            // A task of its own, awaited here: the calls to the store with which the work ends must
            // not be cancelled together with the caller.
            try await Task { try await session.run() }.value
        } onCancel: {
            session.stop()
        }
    }

    /// Runs what is ready, and what becomes ready by that, one job after the other, until nothing
    /// is: for tests, and programs that work off a queue and end.
    ///
    /// Queues are worked off in the order of their names. Jobs whose time hasn't come aren't waited
    /// for. When the task is cancelled, the handler is, and its lease is settled or released.
    ///
    /// - Returns: How many attempts ended.
    /// - Throws: `QueueError`, when the store fails; leases are released then.
    @discardableResult
    public func runUntilIdle() async throws -> Int {
        let session = WorkerSession(self)
        return try await withTaskCancellationHandler {
            // Awaited here, as in `run`.
            try await Task { try await session.runUntilIdle() }.value
        } onCancel: {
            session.stop()
        }
    }
}
