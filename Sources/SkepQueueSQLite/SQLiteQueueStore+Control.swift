public import SkepQueue

extension SQLiteQueueStore {
    public func pause(_ queue: QueueName) async throws {
        try await write { try $0.setPaused(true, queue) }
    }

    public func resume(_ queue: QueueName) async throws {
        try await write { try $0.setPaused(false, queue) }
    }

    public func setLimit(_ limit: Int?, of queue: QueueName) async throws {
        try await write { try $0.setLimit(limit, of: queue) }
    }

    public func setLimit(
        _ limit: Int?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await write { try $0.setLimit(limit, of: key, in: queue) }
    }

    public func setRate(_ rate: RateLimit?, of queue: QueueName) async throws {
        try await write { try $0.setRate(rate, of: queue) }
    }

    public func setRate(
        _ rate: RateLimit?, of key: ConcurrencyKey, in queue: QueueName
    ) async throws {
        try await write { try $0.setRate(rate, of: key, in: queue) }
    }

    @discardableResult
    public func hold(_ id: JobID) async throws -> Bool {
        try await write { try $0.setHeld(true, id) }
    }

    @discardableResult
    public func letGo(_ id: JobID) async throws -> Bool {
        try await write { try $0.setHeld(false, id) }
    }

    @discardableResult
    public func setPriority(_ priority: Int, of id: JobID) async throws -> Reprioritization {
        try await write { try $0.setPriority(priority, of: id) }
    }
}
