import GRDB
import GRDBSQLite
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

/// Counted, not timed: what SQLite does for a claim is the same on every machine.
@Suite("What a claim costs")
struct ClaimCostTests {
    private static let many = 20_000
    private static let urgent = NewJob("step", priority: 1000)

    @Test("Jobs scheduled in front cost it nothing")
    func scheduled() async throws {
        try await expectFlat { store, clock in
            var later = Self.urgent
            later.notBefore = clock.now + .seconds(86_400)
            try await store.enqueue(later, times: Self.many)
        }
    }

    @Test("Jobs in front of a key that is at its limit cost it nothing")
    func blocked() async throws {
        try await expectFlat { store, _ in
            try await store.setLimit(0, of: "full", in: "default")
            var keyed = Self.urgent
            keyed.concurrencyKey = "full"
            try await store.enqueue(keyed, times: Self.many)
        }
    }

    @Test("Jobs of a key that is open cost it nothing")
    func keyed() async throws {
        try await expectFlat(few: NewJob("step", concurrencyKey: "k")) { store, _ in
            try await store.enqueue(NewJob("step", concurrencyKey: "greedy"), times: Self.many)
        }
    }

    @Test("Jobs that are ready, or held, cost it nothing")
    func ready() async throws {
        try await expectFlat { store, _ in
            try await store.enqueue(NewJob("step"), times: Self.many)
            for job in try await store.jobs(matching: JobFilter(limit: 500)) {
                _ = try await store.hold(job.id)
            }
        }
    }

    @Test("Finished jobs cost it nothing")
    func finished() async throws {
        try await expectFlat { store, _ in
            try await store.enqueue(NewJob("step"), times: Self.many)
            _ = try await store.write { try $0.cancel(matching: JobFilter(limit: .max)) }
        }
    }

    /// Compares a claim of a few jobs with the same after `fill`.
    private func expectFlat(
        few: NewJob = NewJob("step"),
        after fill: @Sendable (SQLiteQueueStore, ManualClock) async throws -> Void
    ) async throws {
        let empty = try await claimSteps(few) { _, _ in }
        let full = try await claimSteps(few, after: fill)

        #expect(full < 2 * empty, "\(full) steps, \(empty) in an empty queue")
    }

    private func claimSteps(
        _ few: NewJob, after fill: (SQLiteQueueStore, ManualClock) async throws -> Void
    ) async throws -> Int {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            return try await queue.withStore(clock: clock) { store in
                try await fill(store, clock)
                try await store.enqueue(few, times: 10)
                let (leases, steps) = try await store.steps {
                    try $0.lease(LeaseRequest(queue: "default", limit: 4, worker: "w"))
                }
                #expect(leases.count == 4)
                return steps
            }
        }
    }
}

extension SQLiteQueueStore {
    /// Enqueues the same job many times.
    func enqueue(_ job: NewJob, times count: Int) async throws {
        let batch = Array(repeating: job, count: min(count, NewJob.maxJobsPerCall))
        for start in stride(from: 0, to: count, by: batch.count) {
            _ = try await enqueue(Array(batch.prefix(count - start)))
        }
    }

    /// How many steps of its virtual machine SQLite takes for `body`, without what is written once
    /// for the whole group.
    ///
    /// - Parameter isCounted: Whether the steps of such a statement count. All do by default.
    func steps<R: Sendable>(
        in isCounted: @escaping @Sendable (String) -> Bool = { _ in true },
        of body: @escaping @Sendable (QueueTransaction) throws -> R
    ) async throws -> (R, steps: Int) {
        try await write { transaction in
            let before = transaction.database.stepsTaken(isCounted)
            let value = try body(transaction)
            return (value, transaction.database.stepsTaken(isCounted) - before)
        }
    }
}

extension Database {
    /// Over all statements that are kept, which are those that the store runs often.
    fileprivate func stepsTaken(_ isCounted: (String) -> Bool) -> Int {
        var sum = 0
        var statement = sqlite3_next_stmt(sqliteConnection, nil)
        while let current = statement {
            if isCounted(String(cString: sqlite3_sql(current))) {
                sum += Int(sqlite3_stmt_status(current, SQLITE_STMTSTATUS_VM_STEP, 0))
            }
            statement = sqlite3_next_stmt(sqliteConnection, current)
        }
        return sum
    }
}
