internal import SkepQueue

extension QueueConformance {
    static let matching: [Case] = [
        Case("Jobs are found by each of the things a filter names") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a", queue: "q", concurrencyKey: "c"),
                NewJob("b", queue: "q", uniqueKey: "u", tags: ["x", "y"]),
                NewJob("b", tags: ["y"]),
                NewJob("b", uniqueKey: "u"),
            ]).map(\.id)
            func list(_ filter: JobFilter) async throws -> [Int] {
                try await fixture.store.jobs(matching: filter)
                    .compactMap { ids.firstIndex(of: $0.id) }
            }

            try expectEqual(try await list(JobFilter()), [3, 2, 1, 0], "all")
            try expectEqual(try await list(JobFilter(queue: "q")), [1, 0], "queue")
            try expectEqual(try await list(JobFilter(kind: "b")), [3, 2, 1], "kind")
            try expectEqual(try await list(JobFilter(concurrencyKey: "c")), [0], "key")
            try expectEqual(try await list(JobFilter(uniqueKey: "u")), [3, 1], "unique key")
            try expectEqual(
                try await list(JobFilter(queue: "q", uniqueKey: "u")), [1], "unique key of a queue")
            try expectEqual(try await list(JobFilter(tag: "y")), [2, 1], "tag")
            try expectEqual(
                try await list(JobFilter(states: [.ready, .dead], tag: "y")), [2, 1],
                "tag and states")
            try expectEqual(
                try await list(JobFilter(tag: "y", before: ids[2])), [1], "tag, second page")
            try expectEqual(try await list(JobFilter(tag: "z")), [], "unknown tag")
            try expectEqual(try await list(JobFilter(isHeld: true)), [], "held")
            try expectEqual(try await list(JobFilter(isHeld: false, limit: 1)), [3], "not held")
            try expectEqual(try await list(JobFilter(limit: 0)), [], "none")
        },
        Case("Held jobs are found") { fixture in
            let ids = try await fixture.store.enqueue([NewJob("step"), NewJob("step")]).map(\.id)
            _ = try await fixture.store.hold(ids[0])

            let held = try await fixture.store.jobs(matching: JobFilter(isHeld: true))

            try expectEqual(held.map(\.id), [ids[0]], "held")
        },
        Case("Jobs are found by what they failed with last, and by when they were finished") {
            fixture in
            let first = try await fixture.kill(NewJob("step", maxFailures: 2), by: ["a", "b"])
            fixture.clock.advance(by: .seconds(10))
            let second = try await fixture.kill(NewJob("step", maxFailures: 2), by: ["b", "a"])
            func list(_ filter: JobFilter) async throws -> [JobID] {
                try await fixture.store.jobs(matching: filter).map(\.id)
            }

            try expectEqual(try await list(JobFilter(failureKind: "a")), [second], "last is a")
            try expectEqual(try await list(JobFilter(failureKind: "b")), [first], "last is b")
            let end = try await fixture.job(first).finishedAt
            try expectEqual(try await list(JobFilter(finishedUntil: end)), [first], "until then")
        },
        Case("Jobs are cancelled by filter, the newest first, finished ones aren't") { fixture in
            let done = try await fixture.enqueue(NewJob("step", tags: ["t"]))
            try await fixture.store.settle(
                try await fixture.leaseOne().token, as: .succeeded(result: nil, next: []))
            let leased = try await fixture.enqueue(NewJob("step", tags: ["t"]))
            let lease = try await fixture.leaseOne()
            let waiting = try await fixture.store.enqueue([
                NewJob("step", tags: ["t"]), NewJob("step"),
                NewJob("step", notBefore: fixture.clock.now + .seconds(9), tags: ["t"]),
            ]).map(\.id)

            let filter = JobFilter(tag: "t")
            let cancelled = try await fixture.store.cancel(matching: filter)

            try expectEqual(cancelled, [waiting[2], waiting[0], leased], "cancelled")
            try await fixture.expectState(.succeeded, of: done)
            try await fixture.expectState(.ready, of: waiting[1])
            try expectEqual(
                try await fixture.store.renew([lease.token], length: .seconds(9)),
                [lease.token: .cancelRequested], "renewal")
            try expectEqual(try await fixture.store.cancel(matching: filter), [], "once more")
        },
        Case("A job that was given back with a request to cancel it is cancelled by filter") {
            fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            _ = try await fixture.store.cancel(id)
            try await fixture.store.settle(lease.token, as: .released)

            try expectEqual(
                try await fixture.store.cancel(matching: JobFilter()), [id], "cancelled")

            try await fixture.expectState(.cancelled, of: id)
        },
        Case("No more is done than a filter's limit and states say") { fixture in
            let ids = try await fixture.store.enqueue(
                Array(repeating: NewJob("step"), count: 4)
            ).map(\.id)
            let store = fixture.store

            try expectEqual(
                try await store.cancel(matching: JobFilter(states: [.dead, .scheduled])), [],
                "of other states")
            try expectEqual(
                try await store.cancel(matching: JobFilter(limit: 2)), [ids[3], ids[2]], "two")
            try expectEqual(
                try await store.cancel(matching: JobFilter(limit: 2, before: ids[1])), [ids[0]],
                "before")
            for limit in [0, -1] {
                let filter = JobFilter(limit: limit)
                try expectEqual(try await store.cancel(matching: filter), [], "cancelled")
                try expectEqual(try await store.retry(matching: filter), [], "retried")
                try expectEqual(try await store.prune(matching: filter), 0, "pruned")
            }
            try await fixture.expectState(.ready, of: ids[1])
        },
        Case("Dead jobs are retried by filter, and begin anew") { fixture in
            let first = try await fixture.kill(NewJob("step"), by: ["broken"])
            let second = try await fixture.kill(NewJob("step"), by: ["broken"])
            let other = try await fixture.kill(NewJob("step"), by: ["refused"])

            let retried = try await fixture.store.retry(matching: JobFilter(failureKind: "broken"))

            try expectEqual(retried, [second, first], "retried")
            for id in retried {
                let job = try await fixture.job(id)
                try expectEqual(job.state, .ready, "state")
                try expectEqual(job.failures, 0, "failures")
                try expectEqual(job.finishedAt, nil, "finishedAt")
            }
            try await fixture.expectState(.dead, of: other)
        },
        Case("A job whose unique key is taken isn't retried, the next one is instead") { fixture in
            let free = try await fixture.enqueue(NewJob("step"))
            let new = NewJob("step", uniqueKey: "k")
            let taken = try await fixture.enqueue(new)
            let twin = try await fixture.enqueue(NewJob("step", uniqueKey: "other"))
            for id in [free, taken, twin] { _ = try await fixture.store.cancel(id) }
            _ = try await fixture.enqueue(new)

            let retried = try await fixture.store.retry(matching: JobFilter(limit: 2))

            try expectEqual(retried, [twin, free], "retried")
            try await fixture.expectState(.cancelled, of: taken)
        },
        Case("Of several finished jobs with a unique key one is retried") { fixture in
            let new = NewJob("step", uniqueKey: "k")
            var ids: [JobID] = []
            for _ in 0..<3 {
                ids.append(try await fixture.enqueue(new))
                _ = try await fixture.store.cancel(ids[ids.count - 1])
            }

            let retried = try await fixture.store.retry(matching: JobFilter())

            try expectEqual(retried, [ids[2]], "retried")
        },
        Case("Finished jobs are removed by filter with all that is known of them") { fixture in
            let dead = try await fixture.kill(
                NewJob("step", payload: [1], tags: ["t"]), by: ["broken"])
            let cancelled = try await fixture.enqueue(NewJob("step", tags: ["t"]))
            _ = try await fixture.store.cancel(cancelled)
            let waiting = try await fixture.enqueue(NewJob("step", tags: ["t"]))
            fixture.clock.advance(by: .seconds(1000))

            let removed = try await fixture.store.prune(matching: JobFilter(tag: "t"))

            try expectEqual(removed, 2, "removed")
            for id in [dead, cancelled] {
                try expectEqual(try await fixture.store.job(id), nil, "job")
                try expectEqual(try await fixture.store.failures(of: id), [], "failures")
            }
            try await fixture.expectState(.ready, of: waiting)
            let status = try await fixture.store.status()
            try expectEqual(
                status[0].counts.filter { $0.value > 0 }, [.ready: 1], "counts")
        },
        Case("Jobs are removed that were finished long enough ago") { fixture in
            let old = try await fixture.enqueue(NewJob("step"))
            _ = try await fixture.store.cancel(old)
            let end = fixture.clock.now
            fixture.clock.advance(by: .seconds(1))
            let new = try await fixture.enqueue(NewJob("step"))
            _ = try await fixture.store.cancel(new)

            let removed = try await fixture.store.prune(matching: JobFilter(finishedUntil: end))

            try expectEqual(removed, 1, "removed")
            try expectEqual(try await fixture.store.job(old), nil, "old")
            try await fixture.expectState(.cancelled, of: new)
        },
        Case("A finished job stays while an unfinished one depends on it") { fixture in
            let first = try await fixture.enqueue(NewJob("step"))
            let second = try await fixture.enqueue(
                NewJob("step", dependencies: [.job(first)]))
            try await fixture.store.settle(
                try await fixture.leaseOne().token, as: .succeeded(result: [1], next: []))

            try expectEqual(try await fixture.store.prune(matching: JobFilter()), 0, "removed")
            _ = try await fixture.store.cancel(second)

            try expectEqual(try await fixture.store.prune(matching: JobFilter()), 2, "then")
        },
        Case("More jobs than share a transaction are cancelled, retried and removed") { fixture in
            let count = 1201
            _ = try await fixture.store.enqueue(Array(repeating: NewJob("step"), count: count))
            let filter = JobFilter(limit: 5000)

            let cancelled = try await fixture.store.cancel(matching: filter)
            let retried = try await fixture.store.retry(matching: filter)
            try expectEqual(try await fixture.store.prune(matching: filter), 0, "unfinished")
            _ = try await fixture.store.cancel(matching: filter)
            let removed = try await fixture.store.prune(matching: filter)

            try expectEqual(cancelled.count, count, "cancelled")
            try expectEqual(retried, cancelled, "retried")
            try expectEqual(removed, count, "removed")
        },
    ]
}

extension QueueFixture {
    /// A new job that is dead, after failures of these kinds; nothing else may be ready.
    fileprivate func kill(_ job: NewJob, by kinds: [String]) async throws -> JobID {
        let id = try await enqueue(job)
        for kind in kinds.dropLast() {
            try await store.settle(
                try await leaseOne().token,
                as: .retry(Failure(kind: kind, message: "m"), notBefore: clock.now))
        }
        try await store.settle(
            try await leaseOne().token, as: .dead(Failure(kind: kinds.last ?? "k", message: "m")))
        try await expectState(.dead, of: id)
        return id
    }
}
