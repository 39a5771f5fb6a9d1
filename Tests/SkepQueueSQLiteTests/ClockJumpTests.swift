import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

/// Points in time follow the wall clock, wherever somebody turns it; lengths don't.
@Suite("Clocks that are turned by an hour")
struct ClockJumpTests {
    enum Turn: String, CaseIterable, Sendable {
        case forward, back

        var length: Duration { self == .forward ? .seconds(3600) : .seconds(-3600) }
    }

    @Test("A lease lasts as long as it was to last", arguments: Turn.allCases)
    func leases(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let id = try await store.enqueue([NewJob("step")])[0].id
            let lease = try #require(try await take(1, store).first)

            clock.turnWallClock(by: turn.length)

            #expect(try await store.sweep().reclaimed == [])
            #expect(
                try await store.renew([lease.token], length: .seconds(30)) == [
                    lease.token: .renewed
                ])
            clock.advance(by: .seconds(29))
            #expect(try await store.sweep().reclaimed == [])
            clock.advance(by: .seconds(2))
            #expect(try await store.sweep().reclaimed == [id])
            #expect(try await take(1, store).map(\.token.attempt) == [2])
        }
    }

    @Test("Jobs begin when the clock shows their time, and not before", arguments: Turn.allCases)
    func delays(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let due = clock.now + .seconds(60)
            let id = try await store.enqueue([NewJob("step", notBefore: due)])[0].id

            clock.turnWallClock(by: turn.length)
            let leases = try await take(1, store)
            #expect(leases.map(\.job.id) == (turn == .forward ? [id] : []))
            guard turn == .back else { return }

            #expect(try await store.sweep().nextDue == due)
            clock.advance(by: .seconds(3659))
            #expect(try await take(1, store).isEmpty)
            clock.advance(by: .seconds(1))
            _ = try await store.sweep()
            #expect(try await take(1, store).map(\.job.id) == [id])
        }
    }

    @Test("What is ready stays so, and its order with it", arguments: Turn.allCases)
    func order(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let first = try await store.enqueue([
                NewJob("step"), NewJob("step", concurrencyKey: "k"),
            ])
            clock.turnWallClock(by: turn.length)
            let later = try await store.enqueue([
                NewJob("step"), NewJob("step", concurrencyKey: "k"),
            ])

            let leases = try await take(10, store)

            let (early, late) = (Set(first.map(\.id)), Set(later.map(\.id)))
            let taken = leases.map(\.job.id)
            #expect(Set(taken) == early.union(late))
            if turn == .forward { #expect(Set(taken.prefix(2)) == early) }
        }
    }

    @Test("Retries wait by the clock they were set by, and come", arguments: Turn.allCases)
    func retries(_ turn: Turn) async throws {
        try await withStore { store, clock in
            _ = try await store.enqueue([NewJob("step")])
            let lease = try #require(try await take(1, store).first)
            try await store.settle(
                lease.token, as: .retry(Failure(kind: "f", message: "It failed."), notBefore: nil))
            let due = try #require(try await store.job(lease.job.id)).notBefore

            clock.turnWallClock(by: turn.length)

            #expect(try await store.sweep().promoted == (turn == .forward ? 1 : 0))
            if turn == .back {
                #expect(try await take(1, store).isEmpty)
                clock.advance(by: due - clock.now)
                _ = try await store.sweep()
            }
            #expect(try await take(1, store).map(\.token.attempt) == [2])
        }
    }

    @Test("Nothing begins at its expiry or later, by the clock of then", arguments: Turn.allCases)
    func expiry(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let expiry = clock.now + .seconds(60)
            let id = try await store.enqueue([NewJob("step", expiresAt: expiry)])[0].id

            clock.turnWallClock(by: turn.length)
            let leases = try await take(1, store)

            #expect(leases.map(\.job.id) == (turn == .forward ? [] : [id]))
            let expired = try await store.sweep().expired
            #expect(expired == (turn == .forward && leases.isEmpty ? [id] : []) || expired == [])
            let state = try await store.job(id)?.state
            #expect(state == (turn == .forward ? .cancelled : .leased))
        }
    }

    @Test("A rate is kept, and shuts nothing for longer than its bucket", arguments: Turn.allCases)
    func rates(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let rate = RateLimit(2, per: .seconds(10))
            try await store.setRate(rate, of: "limited")
            try await store.setRate(rate, of: "k", in: "default")
            _ = try await store.enqueue(
                Array(repeating: NewJob("step", queue: "limited"), count: 40)
                    + Array(repeating: NewJob("step", concurrencyKey: "k"), count: 40))
            #expect(try await take(10, store, "limited").count == 2)
            #expect(try await take(10, store).count == 2)

            clock.turnWallClock(by: turn.length)
            // Forward, the bucket may be full again: it holds two.
            let atOnce = (
                try await take(10, store, "limited").count, try await take(10, store).count
            )
            #expect(atOnce.0 <= 2 && atOnce.1 <= 2)
            if turn == .back { #expect(atOnce == (0, 0)) }

            clock.advance(by: .seconds(10))
            _ = try await store.sweep()
            #expect(try await take(10, store, "limited").count == 2, "the queue is shut")
            #expect(try await take(10, store).count == 2, "the key is shut")
        }
    }

    @Test("Permits stay with who has them, and the line in its order", arguments: Turn.allCases)
    func semaphores(_ turn: Turn) async throws {
        try await withStore { store, clock in
            let workers = try await [
                store.register("w-a"), store.register("w-b"), store.register("w-c"),
            ]
            let first = try #require(try await store.acquire("s", permits: 1, holder: "w-a"))
            #expect(try await store.acquire("s", permits: 1, holder: "w-b") == nil)

            clock.turnWallClock(by: turn.length)
            #expect(try await store.acquire("s", permits: 1, holder: "w-c") == nil)
            _ = try await store.sweep()
            _ = try await store.maintain()

            let status = try #require(try await store.semaphores().first)
            #expect(status.held == [first] && status.waiting == ["w-b", "w-c"])
            try await store.giveBack(first)
            #expect(try await store.acquire("s", permits: 1, holder: "w-c") == nil)
            let second = try #require(try await store.acquire("s", permits: 1, holder: "w-b"))
            #expect(second.number > first.number)
            for worker in workers { await worker.end() }
        }
    }

    @Test("Throughput is of the last minutes, and never of a future that was turned back")
    func throughput() async throws {
        try await withStore { store, clock in
            clock.turnWallClock(by: .seconds(3600))
            try await finish(600, store)
            clock.turnWallClock(by: .seconds(-3600))
            #expect(try await store.status()[0].finishedPerMinute == 0)

            clock.advance(by: .seconds(90))
            try await finish(10, store)

            let rate = try await store.status()[0].finishedPerMinute
            #expect(rate > 0 && rate <= 20, "\(rate)")
        }
    }

    @Test("A clock that goes to and fro loses no job and runs none twice")
    func toAndFro() async throws {
        try await withStore { store, clock in
            var jobs: Set<JobID> = []
            var done: Set<JobID> = []
            for round in 0..<12 {
                let delay = Duration.seconds(round * 300)
                let answers = try await store.enqueue([
                    NewJob("step"), NewJob("step", notBefore: clock.now + delay),
                    NewJob("step", concurrencyKey: "k"),
                ])
                jobs.formUnion(answers.map(\.id))
                clock.turnWallClock(by: Turn.allCases[round % 2].length)
                clock.advance(by: .seconds(1))
                _ = try await store.sweep()
                for lease in try await take(2, store) {
                    #expect(done.insert(lease.job.id).inserted)
                    try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
                }
            }
            clock.advance(by: .seconds(7200))
            _ = try await store.sweep()
            for lease in try await take(100, store) {
                #expect(done.insert(lease.job.id).inserted)
                try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
            }
            #expect(done == jobs)
        }
    }

    private func take(
        _ limit: Int, _ store: SQLiteQueueStore, _ queue: QueueName = "default"
    ) async throws -> [Lease] {
        try await store.lease(LeaseRequest(queue: queue, limit: limit, worker: "w"))
    }

    private func finish(_ count: Int, _ store: SQLiteQueueStore) async throws {
        _ = try await store.enqueue(Array(repeating: NewJob("step"), count: count))
        let settled = try await take(count, store).map {
            SettledLease($0.token, as: .succeeded(result: nil, next: []))
        }
        _ = try await store.exchange(settled, for: [])
    }

    private func withStore(
        _ body: (SQLiteQueueStore, ManualClock) async throws -> Void
    ) async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            try await queue.withStore(clock: clock) { store in
                try await body(store, clock)
                try await store.expectConsistent()
                #expect(try await store.check().problems == [])
            }
        }
    }
}
