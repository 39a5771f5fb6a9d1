internal import SkepQueue

extension QueueConformance {
    static let intervening: [Case] = [
        Case("A job that waits is cancelled at once") { fixture in
            let ready = try await fixture.enqueue(NewJob("step", concurrencyKey: "k"))
            let scheduled = try await fixture.enqueue(
                NewJob("step", notBefore: fixture.clock.now + .seconds(9)))

            for id in [ready, scheduled] {
                try expectEqual(try await fixture.store.cancel(id), .cancelled, "answer")
                try await fixture.expectState(.cancelled, of: id)
            }

            try expectEqual(
                try await fixture.store.cancel(ready), .alreadyFinished(.cancelled), "second answer"
            )
            try expectEqual(try await fixture.lease(9).count, 0, "leases")
        },
        Case("The holder of a cancelled job is told, and settles it") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            try expectEqual(try await fixture.store.cancel(id), .requested, "answer")

            try expectEqual(
                try await fixture.store.renew([lease.token], length: .seconds(30)),
                [lease.token: .cancelRequested], "renewals")
            try await fixture.store.settle(lease.token, as: .cancelled)
            try await fixture.expectState(.cancelled, of: id)
        },
        Case("A job to be cancelled isn't tried again when it fails or waits") { fixture in
            let failure = Failure(kind: "k", message: "m")
            let outcomes: [Settlement] = [
                .retry(failure, notBefore: nil),
                .snoozed(until: fixture.clock.now + .seconds(1), reason: "r"),
            ]

            for outcome in outcomes {
                let id = try await fixture.enqueue(NewJob("step"))
                let lease = try await fixture.leaseOne()
                _ = try await fixture.store.cancel(id)
                try await fixture.store.settle(lease.token, as: outcome)
                try await fixture.expectState(.cancelled, of: id)
            }
        },
        Case("A request to cancel outlives its holder") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            _ = try await fixture.leaseOne()
            _ = try await fixture.store.cancel(id)
            fixture.clock.advance(by: .seconds(31))
            _ = try await fixture.store.sweep()

            let next = try await fixture.leaseOne()

            try expect(next.job.isCancelRequested, "the next holder to know")
        },
        Case("A retried job begins anew, with its attempts counted on") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 1))
            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(
                lease.token, as: .retry(Failure(kind: "k", message: "m"), notBefore: nil))
            try await fixture.expectState(.dead, of: id)

            try await fixture.store.retry(id)

            let again = try await fixture.leaseOne()
            try expectEqual(again.job.id, id, "job")
            try expectEqual(again.job.attempt, 2, "attempt")
            try expectEqual(again.job.failures, 0, "failures")
            try expectEqual(again.job.finishedAt, nil, "finishedAt")
        },
        Case("A waiting job that is retried is ready at once, a leased one is refused") { fixture in
            let id = try await fixture.enqueue(
                NewJob("step", notBefore: fixture.clock.now + .seconds(99)))

            try await fixture.store.retry(id)
            let lease = try await fixture.leaseOne()

            try expectEqual(lease.job.id, id, "job")
            do {
                try await fixture.store.retry(id)
                throw Unexpected("a leased job was retried")
            } catch QueueError.notRetryable(id, .leased) {}
        },
        Case("A job isn't retried beside an unfinished one with its unique key") { fixture in
            let new = NewJob("step", uniqueKey: "k")
            let first = try await fixture.enqueue(new)
            _ = try await fixture.store.cancel(first)
            let second = try await fixture.enqueue(new)

            do {
                try await fixture.store.retry(first)
                throw Unexpected("two unfinished jobs have the same unique key")
            } catch QueueError.invalidJob {}

            try await fixture.expectState(.cancelled, of: first)
            try await fixture.expectState(.ready, of: second)
        },
        Case("A waiting job can be made more or less urgent, and keeps its place in time") {
            fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("step", concurrencyKey: "k"), NewJob("step", concurrencyKey: "k"),
                NewJob("step"), NewJob("step"),
            ]).map(\.id)
            let later = try await fixture.enqueue(
                NewJob("step", notBefore: fixture.clock.now + .seconds(1)))

            for (priority, index) in [(-1, 0), (1, 1), (1, 3)] {
                let answer = try await fixture.store.setPriority(priority, of: ids[index])
                try expectEqual(answer, .changed, "answer")
            }
            _ = try await fixture.store.setPriority(2, of: later)
            fixture.clock.advance(by: .seconds(2))

            let order = try await fixture.lease(9).map(\.job.id)
            try expectEqual(order, [later, ids[1], ids[3], ids[2], ids[0]], "order")
            try expectEqual(try await fixture.job(ids[1]).priority, 1, "priority")
        },
        Case("The priority of a leased job counts when it waits again, a finished one keeps it") {
            fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let other = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()

            _ = try await fixture.store.setPriority(-1, of: id)
            try await fixture.store.settle(lease.token, as: .released)

            let next = try await fixture.leaseOne()
            try expectEqual(next.job.id, other, "next")
            try await fixture.store.settle(next.token, as: .succeeded(result: nil, next: []))
            try expectEqual(
                try await fixture.store.setPriority(1, of: other), .alreadyFinished(.succeeded),
                "answer")
            try expectEqual(try await fixture.job(other).priority, 0, "priority")
        },
        Case("A priority that no job may have is refused") { fixture in
            let id = try await fixture.enqueue(NewJob("step", priority: -1000))

            for priority in [-1001, 1001, .min, .max] {
                do {
                    _ = try await fixture.store.setPriority(priority, of: id)
                    throw Unexpected("priority \(priority) was taken")
                } catch QueueError.invalidJob {}
            }

            try expectEqual(try await fixture.job(id).priority, -1000, "priority")
        },
        Case("A job that isn't there can't be cancelled or retried") { fixture in
            let interventions: [(JobID) async throws -> Void] = [
                fixture.store.retry, { _ = try await fixture.store.cancel($0) },
                { _ = try await fixture.store.setPriority(1, of: $0) },
            ]
            for intervene in interventions {
                do {
                    try await intervene(JobID(rawValue: 4711))
                    throw Unexpected("a job that isn't there was found")
                } catch QueueError.noSuchJob(JobID(rawValue: 4711)) {}
            }
        },
    ]

    static let looking: [Case] = [
        Case("Jobs are listed by what is asked for, the newest first, page by page") { fixture in
            var ids: [JobID] = []
            for number in 0..<6 {
                ids.append(
                    try await fixture.enqueue(
                        NewJob(number.isMultiple(of: 2) ? "even" : "odd", queue: "q")))
            }
            _ = try await fixture.store.cancel(ids[4])

            func list(_ filter: JobFilter) async throws -> [JobID] {
                try await fixture.store.jobs(matching: filter).map(\.id)
            }
            try expectEqual(try await list(JobFilter(limit: 2)), [ids[5], ids[4]], "first page")
            try expectEqual(
                try await list(JobFilter(limit: 2, before: ids[4])), [ids[3], ids[2]], "second page"
            )
            try expectEqual(
                try await list(JobFilter(queue: "q", kind: "even", states: [.ready, .leased])),
                [ids[2], ids[0]], "ready ones of a kind")
            try expectEqual(try await list(JobFilter(states: [.cancelled])), [ids[4]], "cancelled")
            try expectEqual(try await list(JobFilter(states: [])), [], "of no state")
            try expectEqual(try await list(JobFilter(limit: -1)), [], "less than none")
        },
        Case("The status shows counts, the oldest, the next, and the keys") { fixture in
            let start = fixture.clock.now
            _ = try await fixture.enqueue(NewJob("step", priority: 1, concurrencyKey: "k"))
            fixture.clock.advance(by: .seconds(1))
            _ = try await fixture.enqueue(NewJob("step", priority: 9))
            _ = try await fixture.enqueue(NewJob("step", notBefore: start + .seconds(60)))
            try await fixture.store.setLimit(3, of: "k", in: "default")
            _ = try await fixture.lease()

            let status = try await fixture.store.status()

            try expectEqual(status.map(\.queue), ["default"], "queues")
            let counts = status[0].counts.filter { $0.value > 0 }
            try expectEqual(counts, [.ready: 1, .leased: 1, .scheduled: 1], "counts")
            try expectEqual(status[0].oldestReadyAt, start, "oldestReadyAt")
            try expectEqual(status[0].nextDue, start + .seconds(60), "nextDue")
            try expectEqual(
                status[0].keys, [QueueStatus.Key(key: "k", limit: 3, leased: 0, ready: 1)], "keys")
        },
    ]
}
