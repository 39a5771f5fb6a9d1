import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Transactions with rows of one's own")
struct QueueTransactionTests {
    private static let notes = SchemaMigration(
        name: "notes-m001_notes",
        sql: "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;")

    @Test("Own rows and the queue's are written together or not at all")
    func ownRows() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(migrations: [Self.notes]) { store in
                _ = try await store.enqueue([NewJob("step")])
                let lease = try await store.leaseOne()
                let write: @Sendable (QueueTransaction) throws -> Void = { transaction in
                    try transaction.database.execute(sql: "INSERT INTO note (text) VALUES ('x')")
                    try transaction.settle(lease.token, as: .succeeded(result: nil, next: []))
                }

                try await store.write(write)
                await #expect(throws: QueueError.leaseLost(lease.job.id, attempt: 1)) {
                    try await store.write(write)
                }

                let notes = try await store.read {
                    try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM note")
                }
                #expect(notes == 1)
            }
        }
    }

    @Test("A lease can be asked for beside rows of one's own")
    func requiresLease() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                _ = try await store.enqueue([NewJob("step")])
                let lease = try await store.leaseOne()

                try await store.write { try $0.requireLease(lease.token) }
                clock.advance(by: .seconds(31))
                _ = try await store.sweep()

                await #expect(throws: QueueError.leaseLost(lease.job.id, attempt: 1)) {
                    try await store.write { try $0.requireLease(lease.token) }
                }
            }
        }
    }

    @Test("A holder's death doesn't count where the follower says so, and stands in the history")
    func uncountedDeaths() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock, follower: Forgiving()) { store in
                let id = try await store.enqueue([NewJob("step", maxFailures: 1)])[0].id
                for _ in 0..<3 {
                    _ = try await store.leaseOne()
                    clock.advance(by: .seconds(31))
                    _ = try await store.sweep()
                }

                #expect(try await store.job(id)?.state == .ready)
                #expect(try await store.job(id)?.failures == 0)
                let counted = try await store.failures(of: id).map(\.isCounted)
                #expect(counted == [false, false, false])
            }
        }
    }

    @Test("Whoever listens hears of each death, in its transaction")
    func deathHook() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock, follower: Obituaries()) { store in
                _ = try await store.enqueue([
                    NewJob("silent", maxFailures: 1), NewJob("bad", maxFailures: 1),
                ])
                _ = try await store.leaseOne()
                let bad = try await store.leaseOne()

                try await store.settle(
                    bad.token, as: .retry(Failure(kind: "broken", message: ""), notBefore: nil))
                clock.advance(by: .seconds(31))
                let sweep = try await store.sweep()

                #expect(sweep.died.count == 1)
                let reports = try await store.jobs(matching: JobFilter(kind: "report"))
                #expect(
                    reports.map { String(decoding: $0.payload, as: UTF8.self) }
                        == ["silent dead holder_died", "bad dead broken"])
            }
        }
    }

    @Test("A follower hears of cancellations and retries, in their transactions")
    func cancellationsAndRetries() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(follower: Obituaries()) { store in
                let id = try await store.enqueue([NewJob("step")])[0].id

                _ = try await store.cancel(id)
                try await store.retry(id)

                let reports = try await store.jobs(matching: JobFilter(kind: "report"))
                #expect(
                    reports.map { String(decoding: $0.payload, as: UTF8.self) }
                        == ["step ready retried", "step cancelled cancelled"])
            }
        }
    }

    @Test(
        "A follower hears when jobs stopped, once for all that a caller wrote, whatever stopped them"
    )
    func stops() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock, follower: Tally()) { store in
                func tallies(_ body: () async throws -> Void) async throws -> Int {
                    let before = try await store.jobs(matching: JobFilter(kind: "tally")).count
                    try await body()
                    return try await store.jobs(matching: JobFilter(kind: "tally")).count - before
                }
                let ids = try await store.enqueue((1...3).map { _ in NewJob("step") }).map(\.id)

                #expect(try await tallies { _ = try await store.leaseOne() } == 0)
                #expect(try await tallies { _ = try await store.hold(ids[1]) } == 1)
                #expect(try await tallies { _ = try await store.hold(ids[1]) } == 0)
                #expect(try await tallies { _ = try await store.letGo(ids[1]) } == 0)
                #expect(
                    try await tallies {
                        _ = try await store.cancel(
                            matching: JobFilter(queue: "default", states: [.ready]))
                    } == 1)
                #expect(
                    try await tallies {
                        clock.advance(by: .seconds(31))
                        _ = try await store.sweep()
                    } == 1)
                let again = try await store.leaseOne()
                #expect(
                    try await tallies {
                        try await store.settle(again.token, as: .succeeded(result: nil, next: []))
                    } == 1)
            }
        }
    }

    @Test("What a follower refuses isn't kept, whoever else wrote at the same time")
    func refusedStop() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(follower: Refusing()) { store in
                let ids = try await store.enqueue([NewJob("step"), NewJob("step")]).map(\.id)

                async let held = store.hold(ids[0])
                async let other = store.enqueue([NewJob("other")])
                do {
                    _ = try await held
                    Issue.record("it was held")
                } catch is Curse {}

                #expect(try await other.count == 1)
                #expect(try await store.job(ids[0])?.state == .ready)
                try await store.expectConsistent()
            }
        }
    }

    @Test("A listener that fails for one job doesn't keep a sweep from the others")
    func failingDeathHook() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock, follower: Cursing()) { store in
                let ids = try await store.enqueue([
                    NewJob("cursed", maxFailures: 1), NewJob("fine", maxFailures: 1),
                ]).map(\.id)
                _ = try await store.leaseOne()
                _ = try await store.leaseOne()
                clock.advance(by: .seconds(31))

                let sweep = try await store.sweep()

                #expect(sweep.problem == "Curse()")
                #expect(sweep.died == [ids[1]])

                #expect(try await store.job(ids[0])?.state == .leased)
                #expect(try await store.job(ids[1])?.state == .dead)
                try await store.expectConsistent()
            }
        }
    }
}

private struct Curse: Error {}

private struct Cursing: JobFollower {
    func jobDied(_ job: Job, of failure: Failure, _ transaction: QueueTransaction) throws {
        if job.kind == "cursed" { throw Curse() }
    }
}

private struct Forgiving: JobFollower {
    func countsHolderDeath(of job: Job, _ transaction: QueueTransaction) -> Bool { false }
}

/// Queues a job for each time that jobs stopped.
private struct Tally: JobFollower {
    func jobsStopped(_ transaction: QueueTransaction) throws {
        _ = try transaction.enqueue([NewJob("tally", queue: "q")])
    }
}

private struct Refusing: JobFollower {
    func jobsStopped(_ transaction: QueueTransaction) throws { throw Curse() }
}

/// Queues a job for all that happens to others.
private struct Obituaries: JobFollower {
    func jobDied(_ job: Job, of failure: Failure, _ transaction: QueueTransaction) throws {
        try write("\(job.kind) \(job.state) \(failure.kind)", transaction)
    }

    func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws {
        try write("\(job.kind) \(job.state) cancelled", transaction)
    }

    func jobWasRetried(_ job: Job, _ transaction: QueueTransaction) throws {
        try write("\(job.kind) \(job.state) retried", transaction)
    }

    private func write(_ word: String, _ transaction: QueueTransaction) throws {
        _ = try transaction.enqueue([NewJob("report", queue: "q", payload: Array(word.utf8))])
    }
}

extension SQLiteQueueStore {
    func leaseOne() async throws -> Lease {
        try #require(
            try await lease(LeaseRequest(queue: "default", limit: 1, worker: "w")).first)
    }
}
