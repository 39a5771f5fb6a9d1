extension QueueStore {
    /// Waits for a permit, runs `body` with it, and gives it back however that ends.
    ///
    /// Registers somebody for the time it takes: should this process die, the permit is free at
    /// once.
    ///
    /// ```swift
    /// try await store.withPermit(of: "deploy") { _ in
    ///     try await deploy()
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - permits: How many there are; 1 makes it a lock. All who use the semaphore say the same.
    ///   - clock: Measures the times between two looks, should a signal be lost.
    /// - Throws: What `body` throws; `CancellationError` when cancelled while waiting; what the
    ///   store throws.
    public func withPermit<R: Sendable>(
        of semaphore: SemaphoreName, permits: Int = 1, clock: any Clock = SystemClock(),
        _ body: (Permit) async throws -> R
    ) async throws -> R {
        let registration = try await register(.random())
        let result: Result<R, any Error>
        do {
            let permit = try await permit(of: semaphore, permits, registration, clock)
            result = .success(try await body(permit))
        } catch {
            result = .failure(error)
        }
        // Gives back what it has, and leaves the line.
        await registration.end()
        return try result.get()
    }

    private func permit(
        of semaphore: SemaphoreName, _ permits: Int, _ registration: any WorkerRegistration,
        _ clock: any Clock
    ) async throws -> Permit {
        let (looks, look) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for await _ in registration.signals { look.yield() }
            }
            group.addTask {
                while true {
                    try await clock.sleep(for: .seconds(5))
                    look.yield()
                }
            }
            look.yield()
            for await _ in looks {
                let permit = try await acquire(
                    semaphore, permits: permits, holder: registration.worker)
                if let permit { return permit }
            }
            throw CancellationError()
        }
    }
}
