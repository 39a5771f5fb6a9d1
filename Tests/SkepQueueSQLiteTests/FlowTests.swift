import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Synchronization
import Testing

@Suite("Jobs that depend on others")
struct FlowTests {
    @Test(
        "Whatever depends on what and however it ends, the store does as the model",
        arguments: [1, 2, 3, 4, 5, 6, UInt64.random(in: .min ... .max)])
    func storm(seed: UInt64) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                var storm = FlowStorm(seed: seed, store: store)
                do {
                    try await storm.run(steps: 300)
                } catch {
                    Issue.record(error, "seed \(seed)")
                }
                try await store.expectConsistent()
            }
        }
    }

    @Test("A chain of ten thousand is cancelled and revived without running out of stack")
    func longChain() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                let count = NewJob.maxDependencies
                let ids = try await store.enqueue(
                    (0..<count).map { position in
                        NewJob("step", dependencies: position == 0 ? [] : [.earlier(position - 1)])
                    }
                ).map(\.id)

                _ = try await store.cancel(ids[0])
                #expect(try await store.status()[0].counts[.cancelled] == count)
                try await store.retry(ids[0])

                let counts = try await store.status()[0].counts
                #expect(counts[.ready] == 1)
                #expect(counts[.scheduled] == count - 1)
                try await store.expectConsistent()
            }
        }
    }

    @Test("Ten thousand may wait for one, and one for ten thousand")
    func fans() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock()) { store in
                let count = NewJob.maxDependencies
                let first = try await store.enqueue([NewJob("first")])[0].id
                let middle = try await store.enqueue(
                    Array(repeating: NewJob("middle", dependencies: [.job(first)]), count: count)
                ).map(\.id)
                let last = try await store.enqueue([
                    NewJob("last", dependencies: middle.map(Dependency.job))
                ])[0].id
                let lease = try await store.leaseOne()

                try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
                let leases = try await store.lease(
                    LeaseRequest(queue: "default", limit: count, worker: "w"))
                _ = try await store.exchange(
                    leases.map { SettledLease($0.token, as: .succeeded(result: [1], next: [])) },
                    for: [])

                #expect(leases.map(\.job.id) == middle)
                #expect(try await store.job(last)?.state == .ready)
                #expect(try await store.dependencyOutcomes(of: last).map(\.job) == middle)
            }
        }
    }

    @Test("Followers hear of all that is cancelled and revived, once it is so")
    func followers() async throws {
        let words = Words()
        try await TemporaryQueue.with { queue in
            try await queue.withStore(clock: ManualClock(), follower: words) { store in
                let ids = try await store.enqueue([
                    NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
                    NewJob("c", dependencies: [.earlier(1)]),
                ]).map(\.id)
                let lease = try await store.leaseOne()

                try await store.settle(
                    lease.token, as: .dead(Failure(kind: "broken", message: "")))
                try await store.retry(ids[0])
                _ = try await store.cancel(ids[2])
                _ = try await store.enqueue([
                    NewJob("d", dependencies: [.job(ids[2])])
                ])

                #expect(
                    words.heard == [
                        "b cancelled", "c cancelled", "b scheduled", "c scheduled", "c cancelled",
                        "d cancelled",
                    ])
            }
        }
    }

    @Test("What is cancelled with another job is kept as long as it asks for, or the store says")
    func retention() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                let ids = try await store.enqueue([
                    NewJob("a"),
                    NewJob("b", dependencies: [.earlier(0)], retention: .seconds(10)),
                    NewJob("c", dependencies: [.earlier(0)]),
                ]).map(\.id)
                let lease = try await store.leaseOne()
                try await store.settle(
                    lease.token, as: .dead(Failure(kind: "broken", message: "")))

                clock.advance(by: .seconds(11))
                _ = try await store.maintain()
                #expect(try await store.jobs(matching: JobFilter()).map(\.id) == [ids[2], ids[0]])
                clock.advance(by: .seconds(8 * 86_400))
                _ = try await store.maintain()

                #expect(try await store.jobs(matching: JobFilter()).map(\.id) == [ids[0]])
            }
        }
    }

    @Test("Whoever waits for work is woken when a dependency is finished")
    func wakesWorkers() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("a"), NewJob("b", dependencies: [.earlier(0)])])
                let lease = try await store.leaseOne()
                let registration = try await store.register("waiting")
                var signals = registration.signals.makeAsyncIterator()

                try await store.settle(lease.token, as: .succeeded(result: nil, next: []))

                #expect(await signals.next() == .look)
                #expect(try await store.leaseOne().job.kind == "b")
                await registration.end()
            }
        }
    }
}

/// Hears of jobs that are cancelled and retried.
private final class Words: JobFollower {
    private let words = Mutex<[String]>([])

    var heard: [String] { words.withLock { $0 } }

    func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) { hear(job) }

    func jobWasRetried(_ job: Job, _ transaction: QueueTransaction) {
        if job.state == .scheduled { hear(job) }
    }

    private func hear(_ job: Job) { words.withLock { $0.append("\(job.kind) \(job.state)") } }
}
