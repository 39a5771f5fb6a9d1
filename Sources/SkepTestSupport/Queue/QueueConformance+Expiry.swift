internal import SkepQueue

extension QueueConformance {
    static let expiring: [Case] = [
        Case("A job that waits too long is cancelled, and says why") { fixture in
            let expiry = fixture.clock.now + .seconds(60)
            let id = try await fixture.enqueue(NewJob("step", expiresAt: expiry))
            fixture.clock.advance(by: .seconds(60))

            let sweep = try await fixture.store.sweep()

            try expectEqual(sweep.expired, [id], "expired")
            let job = try await fixture.job(id)
            try expectEqual(job.state, .cancelled, "state")
            try expectEqual(job.finishedAt, expiry, "finishedAt")
            try expect(job.reason?.contains("expired") ?? false, "why, not \(job.reason ?? "nil")")
            try expectEqual(job.failures, 0, "failures")
            let failures = try await fixture.store.failures(of: id)
            try expectEqual(failures.map(\.failure.kind), [Failure.expired], "failures")
            try expectEqual(failures.map(\.isCounted), [false], "counted")
        },
        Case("A job is never leased at its expiry or later, with or without a sweep") { fixture in
            for key in [nil, "k"] as [ConcurrencyKey?] {
                let id = try await fixture.enqueue(
                    NewJob(
                        "step", expiresAt: fixture.clock.now + .seconds(1), concurrencyKey: key))
                let other = try await fixture.enqueue(NewJob("step", concurrencyKey: key))
                fixture.clock.advance(by: .seconds(1))

                let leases = try await fixture.lease(2)

                try expectEqual(leases.map(\.job.id), [other], "leased")
                _ = try await fixture.store.sweep()
                try await fixture.expectState(.cancelled, of: id)
                try await fixture.store.settle(leases[0].token, as: .cancelled)
            }
        },
        Case("A job is leased up to a moment before its expiry, and may take longer") { fixture in
            _ = try await fixture.enqueue(
                NewJob("step", expiresAt: fixture.clock.now + .seconds(1)))
            fixture.clock.advance(by: .milliseconds(999))

            let lease = try await fixture.leaseOne()
            fixture.clock.advance(by: .seconds(9))
            let sweep = try await fixture.store.sweep()
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))

            try expectEqual(sweep.expired, [], "expired")
        },
        Case("A job that has begun goes on after its expiry, whatever became of the attempt") {
            fixture in
            let ids = try await fixture.store.enqueue(
                Array(
                    repeating: NewJob("step", expiresAt: fixture.clock.now + .seconds(5)), count: 3)
            ).map(\.id)
            let leases = try await fixture.lease(3)
            try await fixture.store.settle(leases[0].token, as: .released)
            try await fixture.store.settle(
                leases[1].token, as: .snoozed(until: fixture.clock.now + .seconds(31), reason: ""))
            fixture.clock.advance(by: .seconds(31))

            let sweep = try await fixture.store.sweep()

            try expectEqual(sweep.reclaimed, [ids[2]], "reclaimed")
            try expectEqual(sweep.expired, [], "expired")
            try expectEqual(try await fixture.lease(3).count, 3, "leases")
        },
        Case("A scheduled job expires though its time has come") { fixture in
            let id = try await fixture.enqueue(
                NewJob(
                    "step", notBefore: fixture.clock.now + .seconds(1),
                    expiresAt: fixture.clock.now + .seconds(2)))
            fixture.clock.advance(by: .seconds(3))

            try expectEqual(try await fixture.lease().count, 0, "leases")
            _ = try await fixture.store.sweep()

            try await fixture.expectState(.cancelled, of: id)
        },
        Case("The next expiry is something to wake up for") { fixture in
            let expiry = fixture.clock.now + .seconds(60)
            _ = try await fixture.enqueue(
                NewJob("step", notBefore: expiry + .seconds(1)))
            _ = try await fixture.enqueue(NewJob("step", expiresAt: expiry))

            try expectEqual(try await fixture.store.sweep().nextDue, expiry, "before it")
            fixture.clock.advance(by: .seconds(60))

            try expectEqual(
                try await fixture.store.sweep().nextDue, expiry + .seconds(1), "after it")
        },
        Case("The time at which a rate lets the next job begin is something to wake up for") {
            fixture in
            let opening = fixture.clock.now + .seconds(60)
            try await fixture.store.setRate(RateLimit(1, per: .seconds(60)), of: "default")
            _ = try await fixture.store.enqueue([NewJob("step"), NewJob("step")])

            try expectEqual(try await fixture.lease(2).count, 1, "leases")

            try expectEqual(try await fixture.store.sweep().nextDue, opening, "nextDue")
        },
        Case("An expired job that is retried doesn't expire again") { fixture in
            let id = try await fixture.enqueue(
                NewJob("step", expiresAt: fixture.clock.now + .seconds(1)))
            fixture.clock.advance(by: .seconds(1))
            _ = try await fixture.store.sweep()

            try await fixture.store.retry(id)

            try expectEqual(try await fixture.store.sweep().expired, [], "expired")
            try expectEqual(try await fixture.leaseOne().job.id, id, "leased")
        },
        Case("Many jobs expire in one sweep, and only those") { fixture in
            let now = fixture.clock.now
            _ = try await fixture.store.enqueue(
                (0..<1200).map { NewJob("step", expiresAt: now + .milliseconds(1 + $0 / 3)) })
            let kept = try await fixture.enqueue(NewJob("step", expiresAt: now + .seconds(9)))
            fixture.clock.advance(by: .seconds(1))

            let sweep = try await fixture.store.sweep()

            try expectEqual(sweep.expired.count, 1200, "expired")
            try await fixture.expectState(.ready, of: kept)
        },
        Case("A held job expires all the same") { fixture in
            let id = try await fixture.enqueue(
                NewJob("step", expiresAt: fixture.clock.now + .seconds(1)))
            _ = try await fixture.store.hold(id)
            fixture.clock.advance(by: .seconds(1))

            try expectEqual(try await fixture.store.sweep().expired, [id], "expired")
        },
        Case("A job that waits for another one expires") { fixture in
            let expiry = fixture.clock.now + .seconds(5)
            let ids = try await fixture.store.enqueue([
                NewJob("blocker", notBefore: expiry + .seconds(5)),
                NewJob("step", expiresAt: expiry, dependencies: [.earlier(0)]),
            ]).map(\.id)
            fixture.clock.advance(by: .seconds(5))

            try expectEqual(try await fixture.store.sweep().expired, [ids[1]], "expired")
            try await fixture.expectState(.scheduled, of: ids[0])
        },
    ]
}
