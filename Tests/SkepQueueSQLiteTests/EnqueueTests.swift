import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Enqueueing")
struct EnqueueTests {
    @Test(
        "Whoever enqueues a unique key at the same time, in several stores, gets the same job",
        arguments: [.waiting, .unfinished, .window(.seconds(3600))] as [UniqueScope])
    func oneForAll(scope: UniqueScope) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { first in
                try await queue.withStore { second in
                    try await queue.withStore { third in
                        let stores = [first, second, third]

                        for round in 0..<5 {
                            let new = NewJob(
                                "step", uniqueKey: "key \(round)", uniqueScope: scope)
                            let answers = try await withThrowingTaskGroup(of: Enqueued.self) {
                                group in
                                for number in 0..<16 {
                                    let store = stores[number % stores.count]
                                    group.addTask { try await store.enqueue([new])[0] }
                                }
                                var answers: [Enqueued] = []
                                for try await answer in group { answers.append(answer) }
                                return answers
                            }

                            #expect(Set(answers.map(\.id)).count == 1)
                            #expect(answers.count { $0 == .inserted($0.id) } == 1)
                        }
                        let jobs = try await first.jobs(matching: JobFilter())
                        #expect(jobs.count == 5)
                        try await first.expectConsistent()
                    }
                }
            }
        }
    }

    @Test("A plain job writes its own row and no other")
    func plainJob() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("step")])

                let counts = try await store.read { database in
                    try ["job_payload", "job_tag", "job_dependency", "job_event"].map {
                        try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM \($0)")
                    }
                }
                #expect(counts == [0, 0, 0, 0])
            }
        }
    }

    @Test("A hundred thousand jobs are put into a queue at once")
    func largestCall() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let jobs = Array(repeating: NewJob("step"), count: NewJob.maxJobsPerCall)

                let answers = try await store.enqueue(jobs)

                #expect(answers.count == jobs.count)
                #expect(try await store.status()[0].counts[.ready] == jobs.count)
            }
        }
    }

    @Test("Each job of a call may depend on the one before it")
    func longChain() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let jobs = (0..<2000).map { number in
                    NewJob("step", dependencies: number == 0 ? [] : [.earlier(number - 1)])
                }

                _ = try await store.enqueue(jobs)

                #expect(try await store.status()[0].counts[.ready] == 1)
            }
        }
    }

    @Test("A job with many tags and a payload is removed without a trace, and counts stay right")
    func removal() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                _ = try await store.enqueue([
                    NewJob(
                        "step", payload: [1], concurrencyKey: "c", uniqueKey: "u",
                        tags: ["a", "b"]),
                    NewJob("step", concurrencyKey: "c"),
                ])
                let lease = try await store.leaseOne()
                try await store.settle(
                    lease.token, as: .dead(Failure(kind: "broken", message: "m")))
                clock.advance(by: .seconds(30 * 86_400))

                #expect(try await store.prune(matching: JobFilter()) == 1)

                let rows = try await store.read { database in
                    try ["job_payload", "job_tag", "job_failure", "job_event"].map {
                        try Int.fetchOne(
                            database, sql: "SELECT COUNT(*) FROM \($0) WHERE job = ?",
                            arguments: [lease.job.id.rawValue])
                    }
                }
                #expect(rows == [0, 0, 0, 0])
                let counts = try await store.status()[0].counts.filter { $0.value > 0 }
                #expect(counts == [.ready: 1])
                try await store.expectConsistent()
            }
        }
    }

    @Test("Filters can be used beside rows of one's own, all or nothing")
    func inTransaction() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue(Array(repeating: NewJob("step"), count: 700))
                let filter = JobFilter(limit: 1000)

                await #expect(throws: Curse.self) {
                    try await store.write { transaction in
                        _ = try transaction.cancel(matching: filter)
                        throw Curse()
                    }
                }
                #expect(try await store.status()[0].counts[.ready] == 700)
                let answers = try await store.write { transaction in
                    let cancelled = try transaction.cancel(matching: filter)
                    let retried = try transaction.retry(matching: filter)
                    _ = try transaction.cancel(matching: filter)
                    return (cancelled.count, retried.count, try transaction.prune(matching: filter))
                }

                #expect(answers == (700, 700, 700))
                try await store.expectConsistent()
            }
        }
    }

    @Test("A follower that fails for one job doesn't keep others from expiring")
    func failingFollower() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock, follower: Cursing()) { store in
                let expiry = clock.now + .seconds(1)
                let ids = try await store.enqueue([
                    NewJob("cursed", expiresAt: expiry), NewJob("fine", expiresAt: expiry),
                    NewJob("fine", notBefore: expiry),
                ]).map(\.id)
                clock.advance(by: .seconds(1))

                let sweep = try await store.sweep()

                #expect(sweep.problem == "Curse()")
                #expect(sweep.expired == [ids[1]])

                let states = try await ids.asyncMap { try await store.job($0)?.state }
                #expect(states == [.ready, .cancelled, .ready])
                #expect(try await store.failures(of: ids[0]) == [])
                try await store.expectConsistent()
            }
        }
    }
}

private struct Curse: Error {}

private struct Cursing: JobFollower {
    func jobWasCancelled(_ job: Job, _ transaction: QueueTransaction) throws {
        if job.kind == "cursed" { throw Curse() }
    }
}

extension Array {
    fileprivate func asyncMap<R>(_ transform: (Element) async throws -> R) async rethrows -> [R] {
        var results: [R] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
