import GRDB
import SkepQueue
import SkepTestSupport
import Synchronization
import Testing

@testable import SkepQueueSQLite

/// Counted, not timed.
@Suite("What is done with many jobs")
struct BatchTests {
    @Test("A sweep takes a hundred expired leases back in one commit, each by itself")
    func sweeps() async throws {
        try await withStore { store, clock in
            let died = try await store.enqueue([NewJob("step", maxFailures: 1)]).map(\.id)
            try await store.enqueue(NewJob("step"), times: 250)
            let all = LeaseRequest(queue: "default", limit: 251, worker: "w")
            let leases = try await store.lease(all)
            clock.advance(by: .seconds(31))
            let commits = try await store.countCommits()

            let sweep = try await store.sweep()

            #expect(commits.count == 3)
            #expect(sweep.died == died)
            #expect(Set(sweep.reclaimed + sweep.died) == Set(leases.map(\.job.id)))
            for lease in leases.prefix(2) {
                let failures = try await store.failures(of: lease.job.id)
                #expect(failures.map(\.failure.kind) == [Failure.holderDied])
                #expect(try await store.events(of: lease.job.id).contains { $0.what == .reclaimed })
            }
            #expect(try await store.sweep().reclaimed == [])
            #expect(commits.count == 3, "nothing is written when there is nothing to do")
        }
    }

    @Test("Five hundred jobs that a filter means share a commit")
    func matches() async throws {
        try await withStore { store, _ in
            try await store.enqueue(NewJob("step"), times: 1001)
            let commits = try await store.countCommits()
            let filter = JobFilter(queue: "default", limit: .max)

            #expect(try await store.cancel(matching: filter).count == 1001)
            #expect(commits.count == 3)
            #expect(try await store.cancel(matching: filter) == [])
            #expect(commits.count == 3, "nothing is written when nothing is meant")
        }
    }

    @Test("A job that isn't meant any more when its turn comes is left alone")
    func leavesAlone() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(follower: HoldingOthers()) { store in
                let ids = try await store.enqueue([NewJob("other"), NewJob("a"), NewJob("b")])
                    .map(\.id)

                let cancelled = try await store.cancel(matching: JobFilter(isHeld: false))

                #expect(cancelled == [ids[2], ids[1]])
                #expect(try await store.job(ids[0])?.isHeld == true)
                try await store.expectConsistent()
            }
        }
    }

    @Test(
        "Ten times as many jobs take ten times as long to find",
        arguments: [JobFilter(queue: "default", limit: .max), JobFilter(tag: "t", limit: .max)])
    func looks(filter: JobFilter) async throws {
        func steps(_ count: Int) async throws -> [Int] {
            try await withStore { store, _ in
                try await store.enqueue(
                    NewJob("step", tags: ["t"]), times: count)
                let leases = try await store.lease(
                    LeaseRequest(queue: "default", limit: count / 2, worker: "w"))
                let cancelled = try await store.looks { try $0.cancel(matching: filter) }
                _ = try await store.exchange(
                    leases.map { SettledLease($0.token, as: .cancelled) }, for: [])
                let retried = try await store.looks { try $0.retry(matching: filter) }
                _ = try await store.cancel(matching: filter)
                let pruned = try await store.looks { try $0.prune(matching: filter) }
                #expect(cancelled.0.count == count)
                #expect(retried.0.count == count)
                #expect(pruned.0 == count)
                return [cancelled.steps, retried.steps, pruned.steps]
            }
        }

        let few = try await steps(300)
        let many = try await steps(3000)

        for (few, many) in zip(few, many) {
            #expect(many < 12 * few, "\(many) steps, \(few) for a tenth")
        }
    }

    private func withStore<R>(
        _ body: (SQLiteQueueStore, ManualClock) async throws -> R
    ) async throws -> R {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            return try await queue.withStore(clock: clock) { store in
                let value = try await body(store, clock)
                try await store.expectConsistent()
                return value
            }
        }
    }
}

extension SQLiteQueueStore {
    /// How many steps SQLite takes to find out which jobs are meant.
    fileprivate func looks<R: Sendable>(
        _ body: @escaping @Sendable (QueueTransaction) throws -> R
    ) async throws -> (R, steps: Int) {
        try await steps(in: { $0.contains(" AS id\n") }, of: body)
    }

    /// Counts the commits of its writer from now on.
    fileprivate func countCommits() async throws -> CommitCounter {
        let counter = CommitCounter()
        try await write { $0.database.add(transactionObserver: counter, extent: .databaseLifetime) }
        counter.begin()
        return counter
    }
}

/// When a job is cancelled, the others of kind "other" are held.
private struct HoldingOthers: JobFollower {
    func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws {
        let others = try JobSelection(JobFilter(kind: "other")).fetch(
            transaction.database, limit: 9)
        for other in others where other != job.id { _ = try transaction.setHeld(true, other) }
    }
}

private final class CommitCounter: TransactionObserver, Sendable {
    private let commits = Mutex(0)

    var count: Int { commits.withLock { $0 } }

    func begin() { commits.withLock { $0 = 0 } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ database: Database) { commits.withLock { $0 += 1 } }
    func databaseDidRollback(_ database: Database) {}
}
