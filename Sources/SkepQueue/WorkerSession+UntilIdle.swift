extension WorkerSession {
    /// Works as `QueueWorker.runUntilIdle` does.
    func runUntilIdle() async throws -> Int {
        let registration = try await store.register(worker.worker, offering: offer)
        let result: Result<Int, any Error> = await withTaskGroup { group in
            group.addTask { await self.keeper.renewLeases() }
            group.addTask { await self.keeper.watch() }
            defer { group.cancelAll() }
            do {
                return .success(try await self.runOneByOne())
            } catch {
                return .failure(error)
            }
        }
        await registration.end()
        return try result.get()
    }

    private func runOneByOne() async throws -> Int {
        note(try await store.sweep())
        var count = 0
        /// How many queues in turn had nothing.
        var idle = 0
        while true {
            let settled = takeEnded()
            if settled.isEmpty, isStopping || idle >= queues.count { return count }
            let requests = isStopping ? [] : [request(1, from: queues[idle % queues.count])]
            let start = clock.uptime
            let answer = try await store.exchange(settled.map(\.settledLease), for: requests)
            let conclusion = conclude(settled, answer)
            if let error = conclusion.error { throw error }
            for event in conclusion.events { worker.middleware.noted(event) }
            if let lease = answer.leases.first?.first {
                await withCheckedContinuation { continuation in
                    self.start(lease, leasedAt: start) { continuation.resume() }
                }
                count += 1
                idle = 0
            } else {
                idle += 1
            }
        }
    }
}
