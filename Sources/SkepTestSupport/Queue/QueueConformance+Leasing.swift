internal import SkepQueue

extension QueueConformance {
    static let leasing: [Case] = [
        Case("A lease that is renewed lasts, one that isn't ends") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            for _ in 0..<5 {
                fixture.clock.advance(by: .seconds(20))
                let renewals = try await fixture.store.renew([lease.token], length: .seconds(30))
                try expectEqual(renewals, [lease.token: .renewed], "renewals")
                try expectEqual(try await fixture.store.sweep().reclaimed, [], "reclaimed")
            }
            fixture.clock.advance(by: .seconds(31))
            try expectEqual(try await fixture.store.sweep().reclaimed, [id], "reclaimed at its end")
            try expectEqual(
                try await fixture.store.renew([lease.token], length: .seconds(30)),
                [lease.token: .lost], "renewals after its end")
        },
        Case("Turning the wall clock ends no lease and makes none longer") { fixture in
            _ = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            for turn in [3600, -7200, 3600] {
                fixture.clock.turnWallClock(by: .seconds(turn))
                try expectEqual(try await fixture.store.sweep().reclaimed, [], "reclaimed")
            }
            fixture.clock.turnWallClock(by: .seconds(-3600))
            fixture.clock.advance(by: .seconds(31))
            try expectEqual(
                try await fixture.store.sweep().reclaimed, [lease.job.id], "reclaimed at its end")
        },
        Case("A former holder can do nothing once its lease was taken away") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let old = try await fixture.leaseOne(by: fixture.other)
            fixture.clock.advance(by: .seconds(31))
            _ = try await fixture.store.sweep()

            try await fixture.expectLeaseLost {
                try await fixture.store.settle(
                    old.token, as: .succeeded(result: [1], next: [NewJob("next")]))
            }
            let new = try await fixture.leaseOne()
            try await fixture.expectLeaseLost {
                try await fixture.store.settle(
                    old.token, as: .dead(Failure(kind: "x", message: "")))
            }
            try await fixture.store.settle(new.token, as: .succeeded(result: [2], next: []))

            try expectEqual([old.job.attempt, new.job.attempt], [1, 2], "attempts")
            try expectEqual(try await fixture.store.result(of: id), [2], "result")
            try expectEqual(
                try await fixture.store.jobs(matching: JobFilter(kind: "next")), [], "next jobs")
        },
        Case("A holder that fell silent counts as a failure, and kills the job at last") {
            fixture in
            let id = try await fixture.enqueue(NewJob("poison", maxFailures: 2))

            _ = try await fixture.leaseOne()
            fixture.clock.advance(by: .seconds(31))
            let first = try await fixture.store.sweep()
            _ = try await fixture.leaseOne()
            fixture.clock.advance(by: .seconds(31))
            let second = try await fixture.store.sweep()

            try expectEqual(first.reclaimed, [id], "reclaimed first")
            try expectEqual(second.died, [id], "died second")
            try await fixture.expectState(.dead, of: id)
            let failures = try await fixture.store.failures(of: id)
            try expectEqual(failures.map(\.failure.kind), ["holder_died", "holder_died"], "kinds")
        },
        Case("The end of a worker's registration frees its jobs, with no failure") { fixture in
            let registration = try await fixture.store.register(fixture.worker)
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            await registration.end()

            let job = try await fixture.job(id)
            try expectEqual(job.state, .ready, "state")
            try expectEqual(job.failures, 0, "failures")
            try await fixture.expectLeaseLost {
                try await fixture.store.settle(lease.token, as: .released)
            }
        },
        Case("A registered worker is told of new work and of cancellations") { fixture in
            let registration = try await fixture.store.register(fixture.worker)
            var signals = registration.signals.makeAsyncIterator()

            let id = try await fixture.enqueue(NewJob("step"))
            try expectEqual(await signals.next(), .look, "signal for a new job")
            _ = try await fixture.leaseOne()
            _ = try await fixture.store.cancel(id)
            try expectEqual(await signals.next(), .look, "signal for a cancellation")
            await registration.end()
        },
    ]

    static let settling: [Case] = [
        Case("Success keeps the result and puts the next jobs into their queues") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            try await fixture.store.settle(
                lease.token, as: .succeeded(result: [], next: [NewJob("next", queue: "later")]))

            try await fixture.expectState(.succeeded, of: id)
            try expectEqual(try await fixture.store.result(of: id), [], "result")
            try expectEqual(try await fixture.lease(from: "later").count, 1, "next jobs")
        },
        Case("A settlement whose next jobs are refused changes nothing") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            do {
                try await fixture.store.settle(
                    lease.token, as: .succeeded(result: [1], next: [NewJob("")]))
                throw Unexpected("an invalid next job wasn't refused")
            } catch QueueError.invalidJob {}

            try await fixture.expectState(.leased, of: id)
            try expectEqual(try await fixture.store.result(of: id), nil, "result")
        },
        Case("A settled lease can't be settled again") { fixture in
            _ = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))

            try await fixture.expectLeaseLost {
                try await fixture.store.settle(
                    lease.token, as: .succeeded(result: nil, next: [NewJob("next")]))
            }

            try expectEqual(try await fixture.lease(10).count, 0, "leases")
        },
        Case("A failed job waits ever longer, and is dead with its last failure") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 3))
            let failure = Failure(kind: "broken", message: "it \0 broke")

            for wait in [10, 20] {
                let lease = try await fixture.leaseOne()
                try await fixture.store.settle(lease.token, as: .retry(failure, notBefore: nil))
                let job = try await fixture.job(id)
                try expectEqual(job.notBefore, fixture.clock.now + .seconds(wait), "next try")
                fixture.clock.advance(by: .seconds(wait))
            }
            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(lease.token, as: .retry(failure, notBefore: nil))

            let job = try await fixture.job(id)
            try expectEqual(job.state, .dead, "state")
            try expectEqual(job.failures, 3, "failures")
            try expectEqual(job.attempt, 3, "attempt")
            let history = try await fixture.store.failures(of: id)
            try expectEqual(history.map(\.attempt), [1, 2, 3], "attempts that failed")
        },
        Case("A failure for good kills the job at once") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 9))
            let lease = try await fixture.leaseOne()

            try await fixture.store.settle(lease.token, as: .dead(Failure(kind: "k", message: "m")))

            try await fixture.expectState(.dead, of: id)
        },
        Case("Snoozing and releasing count no failure, but attempts") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 1))
            let until = fixture.clock.now + .seconds(60)

            let first = try await fixture.leaseOne()
            try await fixture.store.settle(first.token, as: .snoozed(until: until, reason: "quota"))
            try expectEqual(try await fixture.job(id).reason, "quota", "reason")
            try expectEqual(try await fixture.lease().count, 0, "leases while it waits")
            fixture.clock.advance(by: .seconds(60))
            let second = try await fixture.leaseOne()
            try await fixture.store.settle(second.token, as: .released)
            let third = try await fixture.leaseOne()

            try expectEqual(third.job.attempt, 3, "attempt")
            try expectEqual(third.job.failures, 0, "failures")
            try expectEqual(third.job.reason, nil, "reason once leased")
        },
        Case("A very long failure message is cut, at a whole character") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            let message = "x" + String(repeating: "€", count: 10_000)

            try await fixture.store.settle(
                lease.token, as: .dead(Failure(kind: "k", message: message)))

            let kept = try await fixture.store.failures(of: id)[0].failure.message
            try expect(kept.utf8.count <= 16 << 10, "at most 16 KiB")
            try expect(message.hasPrefix(kept) && kept.utf8.count > 16_000, "the message's start")
        },
    ]
}
