internal import SkepQueue

extension QueueConformance {
    static let controlling: [Case] = [
        Case("A paused queue gives no lease, goes on with what runs, and others go on") { fixture in
            let running = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            _ = try await fixture.enqueue(NewJob("step"))
            let elsewhere = try await fixture.enqueue(NewJob("step", queue: "other"))

            try await fixture.store.pause("default")

            try expectEqual(try await fixture.lease(5).count, 0, "leases while paused")
            try expectEqual(
                try await fixture.lease(5, from: "other").map(\.job.id), [elsewhere], "elsewhere")
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))
            try await fixture.expectState(.succeeded, of: running)
            try await fixture.store.resume("default")
            try expectEqual(try await fixture.lease(5).count, 1, "leases when resumed")
        },
        Case("No more jobs of a queue are leased than its limit allows") { fixture in
            for key in [nil, "a", "a", nil, "b"] {
                _ = try await fixture.enqueue(
                    NewJob("step", concurrencyKey: key.map(ConcurrencyKey.init(rawValue:))))
            }
            try await fixture.store.setLimit(2, of: "default")

            let first = try await fixture.lease(10)

            try expectEqual(first.count, 2, "leases")
            try expectEqual(try await fixture.lease(10).count, 0, "leases at the limit")
            let exchange = try await fixture.store.exchange(
                [SettledLease(first[0].token, as: .succeeded(result: nil, next: []))],
                for: [LeaseRequest(queue: "default", limit: 5, worker: fixture.worker)])
            try expectEqual(exchange.leases.map(\.count), [1], "leases for a freed slot")
            try await fixture.store.setLimit(nil, of: "default")
            try expectEqual(try await fixture.lease(10).count, 2, "leases without a limit")
        },
        Case("A rate lets a burst begin, then one at a time, and says when") { fixture in
            for _ in 0..<6 { _ = try await fixture.enqueue(NewJob("step")) }
            try await fixture.store.setRate(
                RateLimit(2, per: .seconds(10), burst: 3), of: "default")

            try expectEqual(try await fixture.lease(10).count, 3, "leases at once")
            try expectEqual(try await fixture.lease(10).count, 0, "leases of an empty bucket")
            fixture.clock.advance(by: .milliseconds(4999))
            try expectEqual(try await fixture.lease(10).count, 0, "leases too early")
            fixture.clock.advance(by: .milliseconds(1))
            try expectEqual(try await fixture.lease(10).count, 1, "leases of one token")
            fixture.clock.advance(by: .seconds(3600))
            try expectEqual(try await fixture.lease(1).count, 1, "leases of a full bucket")
            try await fixture.store.setRate(nil, of: "default")
            try expectEqual(try await fixture.lease(10).count, 1, "leases without a rate")
        },
        Case("The rate of a key holds its jobs only, and opens by itself") { fixture in
            try await fixture.store.setRate(
                RateLimit(1, per: .seconds(10)), of: "k", in: "default")
            for _ in 0..<3 {
                _ = try await fixture.enqueue(NewJob("step", priority: 5, concurrencyKey: "k"))
            }
            let free = try await fixture.enqueue(NewJob("step"))

            let first = try await fixture.lease(10)

            try expectEqual(first.count, 2, "leases")
            try expectEqual(first.last?.job.id, free, "job without the key")
            fixture.clock.advance(by: .seconds(9))
            try expectEqual(try await fixture.lease(10).count, 0, "leases too early")
            fixture.clock.advance(by: .seconds(1))
            try expectEqual(try await fixture.lease(10).count, 1, "leases of one token")
        },
        Case("A clock that is set back shuts no rate for longer than its bucket takes") { fixture in
            let rate = RateLimit(1, per: .seconds(10), burst: 2)
            try await fixture.store.setRate(rate, of: "default")
            try await fixture.store.setRate(rate, of: "k", in: "other")
            for _ in 0..<5 {
                _ = try await fixture.enqueue(NewJob("step"))
                _ = try await fixture.enqueue(
                    NewJob("step", queue: "other", concurrencyKey: "k"))
            }
            _ = try await fixture.lease(5)
            _ = try await fixture.lease(5, from: "other")

            fixture.clock.turnWallClock(by: .seconds(-86_400))
            _ = try await fixture.lease(5)
            _ = try await fixture.lease(5, from: "other")
            fixture.clock.advance(by: .seconds(20))

            try expectEqual(try await fixture.lease(5).count, 2, "leases of the queue")
            try expectEqual(try await fixture.lease(5, from: "other").count, 2, "leases of the key")
        },
        Case("Limits and rates that can't be are refused") { fixture in
            let rates = [
                RateLimit(0, per: .seconds(1)), RateLimit(1, per: .zero),
                RateLimit(1, per: .seconds(1), burst: 0), RateLimit(.max, per: .seconds(1)),
                RateLimit(1, per: .seconds(1_000_000_000)),
                RateLimit(1, per: .seconds(86_400), burst: .max),
            ]
            for rate in rates {
                try await expectInvalid { try await fixture.store.setRate(rate, of: "default") }
                try await expectInvalid {
                    try await fixture.store.setRate(rate, of: "k", in: "default")
                }
            }
            try await expectInvalid { try await fixture.store.setLimit(-1, of: "default") }
            try await expectInvalid { try await fixture.store.setLimit(-1, of: "k", in: "q") }
            try await expectInvalid { try await fixture.store.setLimit(1, of: "a\0b", in: "q") }
            try await expectInvalid { try await fixture.store.pause("") }
            try expectEqual(try await fixture.store.status(), [], "status")
        },
        Case("A held job isn't leased, and goes on where it was when it is let go") { fixture in
            let first = try await fixture.enqueue(NewJob("step", concurrencyKey: "k"))
            fixture.clock.advance(by: .seconds(1))
            let second = try await fixture.enqueue(NewJob("step", concurrencyKey: "k"))

            try expect(try await fixture.store.hold(first), "it to be held")

            try await fixture.expectState(.scheduled, of: first)
            fixture.clock.advance(by: .seconds(1))
            _ = try await fixture.store.sweep()
            try await fixture.expectState(.scheduled, of: first)
            try expect(try await fixture.store.letGo(first), "it to be let go")
            try expectEqual(
                try await fixture.lease(5).map(\.job.id), [first, second], "order")
        },
        Case("A leased job is held when it waits again") { fixture in
            let settlements: [Settlement] = [
                .released, .snoozed(until: fixture.clock.now, reason: "later"),
                .retry(Failure(kind: "broken", message: ""), notBefore: fixture.clock.now),
            ]
            for settlement in settlements {
                let id = try await fixture.enqueue(NewJob("step"))
                let lease = try await fixture.leaseOne()
                _ = try await fixture.store.hold(id)
                try await fixture.expectState(.leased, of: id)

                try await fixture.store.settle(lease.token, as: settlement)

                try await fixture.expectState(.scheduled, of: id)
                try expectEqual(try await fixture.lease().count, 0, "leases while held")
                _ = try await fixture.store.letGo(id)
                try await fixture.expectState(.ready, of: id)
                _ = try await fixture.store.cancel(id)
                try expect(try await !fixture.store.hold(id), "a finished job to stay")
            }
        },
        Case("What an exchange can't settle doesn't keep it from the rest") { fixture in
            for _ in 0..<3 { _ = try await fixture.enqueue(NewJob("step")) }
            let leases = try await fixture.lease(2)
            let stale = LeaseToken(job: leases[0].job.id, attempt: 9, worker: fixture.worker)

            let exchange = try await fixture.store.exchange(
                [
                    SettledLease(stale, as: .succeeded(result: [1], next: [])),
                    SettledLease(
                        leases[1].token, as: .succeeded(result: nil, next: [NewJob("")])),
                    SettledLease(leases[0].token, as: .succeeded(result: [2], next: [])),
                ],
                for: [LeaseRequest(queue: "default", limit: 5, worker: fixture.worker)])

            try expectEqual(Set(exchange.refused.keys), [stale, leases[1].token], "refused")
            try expectEqual(exchange.leases.map(\.count), [1], "new leases")
            try await fixture.expectState(.succeeded, of: leases[0].job.id)
            try await fixture.expectState(.leased, of: leases[1].job.id)
        },
    ]

    private static func expectInvalid(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch QueueError.invalidSetting {
            return
        }
        throw Unexpected("the setting wasn't refused")
    }
}
