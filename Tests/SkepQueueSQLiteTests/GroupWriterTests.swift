import Dispatch
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Writes that share a transaction")
struct GroupWriterTests {
    @Test("One that fails fails alone")
    func failsAlone() async throws {
        try await withGroup { store, hold in
            let results = try await hold.collect(
                (0..<20).map { number in
                    {
                        try await store.write { transaction in
                            _ = try transaction.enqueue([NewJob("step")])
                            if number == 7 { throw Refusal() }
                        }
                    }
                })

            #expect(results.enumerated().filter { $0.element is Refusal }.map(\.offset) == [7])
            #expect(results.compactMap { $0 }.count == 1)
            #expect(try await store.jobs(matching: JobFilter()).count == 19)
        }
    }

    @Test("When the disk is full, what fits is kept, and what doesn't is told why")
    func fullDisk() async throws {
        try await withGroup { store, hold in
            let pages = try await store.write {
                try Int.fetchOne($0.database, sql: "PRAGMA page_count")
            }
            try await store.write {
                try $0.database.execute(sql: "PRAGMA max_page_count = \((pages ?? 0) + 100)")
            }

            let results = try await hold.collect(
                (0..<20).map { number in
                    {
                        let payload = [UInt8](repeating: 1, count: number == 7 ? 4 << 20 : 10)
                        _ = try await store.enqueue([NewJob("step", payload: payload)])
                    }
                })

            guard case QueueError.unavailable(_, _, let advice)? = results[7] else {
                Issue.record("\(String(describing: results[7]))")
                return
            }
            #expect(advice.contains("room"))
            #expect(results.compactMap { $0 }.count == 1)
            #expect(try await store.jobs(matching: JobFilter()).count == 19)
            try await store.write {
                try $0.database.execute(sql: "PRAGMA max_page_count = 1000000")
            }
            _ = try await store.enqueue([
                NewJob("big", payload: Array(repeating: 1, count: 4 << 20))
            ])
        }
    }

    @Test("A constraint that is only checked at COMMIT hits the one that broke it")
    func deferredConstraint() async throws {
        try await withGroup { store, hold in
            let results = try await hold.collect(
                (0..<5).map { number in
                    {
                        try await store.write { transaction in
                            _ = try transaction.enqueue([NewJob("step")])
                            guard number == 2 else { return }
                            try transaction.database.execute(
                                sql: """
                                    PRAGMA defer_foreign_keys = ON;
                                    INSERT INTO job_result (job, result) VALUES (4711, x'00');
                                    """)
                        }
                    }
                })

            #expect(results.enumerated().filter { $0.element != nil }.map(\.offset) == [2])
            #expect(try await store.jobs(matching: JobFilter()).count == 4)
        }
    }

    @Test("A caller that was cancelled before writes nothing")
    func cancelledBefore() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await store.enqueue([NewJob("step")])
                }

                await #expect(throws: CancellationError.self) { try await task.value }
                let status = try await store.status()
                #expect(status == [])
            }
        }
    }

    @Test("A closed store refuses, and doesn't crash")
    func closedStore() async throws {
        try await TemporaryQueue.with { queue in
            let store = try await queue.withStore { $0 }

            await #expect(throws: QueueError.self) { try await store.enqueue([NewJob("step")]) }
            await #expect(throws: QueueError.self) { try await store.status() }
            await store.close()
        }
    }

    private func withGroup(_ body: (SQLiteQueueStore, WriterHold) async throws -> Void) async throws
    {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                try await body(store, WriterHold(store: store))
                try await store.expectConsistent()
            }
        }
    }
}

private struct Refusal: Error {}

/// Keeps a store's writer busy, so that what comes meanwhile becomes one group.
private struct WriterHold: Sendable {
    let store: SQLiteQueueStore

    /// Runs the writes as one group.
    ///
    /// - Returns: The error of each, in order.
    func collect(
        _ writes: [@Sendable () async throws -> Void]
    ) async throws -> [(any Error)?] {
        let isHeld = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        return try await withThrowingTaskGroup(of: (Int, (any Error)?).self) { group in
            group.addTask {
                try await store.write { _ in
                    isHeld.continuation.yield()
                    release.wait()
                }
                return (-1, nil)
            }
            var held = isHeld.stream.makeAsyncIterator()
            await held.next()
            for (number, write) in writes.enumerated() {
                group.addTask {
                    do {
                        try await write()
                        return (number, nil)
                    } catch {
                        return (number, error)
                    }
                }
            }
            // Those that come later form a second group, and the outcome is the same.
            try await Task.sleep(for: .milliseconds(50))
            release.signal()
            var errors = [(any Error)?](repeating: nil, count: writes.count)
            while let (number, error) = try await group.next() {
                if number >= 0 { errors[number] = error }
            }
            return errors
        }
    }
}
