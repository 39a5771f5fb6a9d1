extension JobQueue {
    /// Runs `body` while nobody else holds the lock, in whatever process.
    ///
    /// Who comes first is served first; cancelling the task leaves the line. A lock isn't lost
    /// before `body` ends: it lives as long as its process does, and a process that dies gives it
    /// up at once.
    ///
    /// - Parameter body: Given the permit, whose `number` grows with each holder.
    public func withLock<Result: Sendable>(
        _ name: SemaphoreName, _ body: (Permit) async throws -> Result
    ) async throws -> Result {
        try await withSemaphore(name, permits: 1, body)
    }

    /// Runs `body` while at most so many do, in whatever processes.
    ///
    /// - Parameter permits: All who use a semaphore at the same time name the same number.
    /// - Throws: `QueueError.invalidSetting` when the semaphore can't be so.
    public func withSemaphore<Result: Sendable>(
        _ name: SemaphoreName, permits: Int, _ body: (Permit) async throws -> Result
    ) async throws -> Result {
        try await store.withPermit(of: name, permits: permits, clock: clock, body)
    }
}
