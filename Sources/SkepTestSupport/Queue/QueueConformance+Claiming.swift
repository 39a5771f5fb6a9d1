internal import SkepQueue

extension QueueConformance {
    static let enqueueing: [Case] = [
        Case("A job is kept as it was given") { fixture in
            let new = NewJob(
                "step", queue: "swarm", payload: [0, 1, 255], priority: -3,
                concurrencyKey: "agent/a", uniqueKey: "run/1", maxFailures: 7)

            let id = try await fixture.enqueue(new)

            let job = try await fixture.job(id)
            try expectEqual(job.kind, "step", "kind")
            try expectEqual(job.queue, "swarm", "queue")
            try expectEqual(job.payload, [0, 1, 255], "payload")
            try expectEqual(job.priority, -3, "priority")
            try expectEqual(job.concurrencyKey, "agent/a", "key")
            try expectEqual(job.uniqueKey, "run/1", "unique key")
            try expectEqual(job.maxFailures, 7, "maxFailures")
            try expectEqual(job.state, .ready, "state")
            try expectEqual(job.readyAt, fixture.clock.now, "readyAt")
        },
        Case("The largest payload and an empty one are kept, a larger one is refused") { fixture in
            let largest = [UInt8](repeating: 7, count: NewJob.maxPayloadBytes)

            let full = try await fixture.enqueue(NewJob("step", payload: largest))
            let empty = try await fixture.enqueue(NewJob("step"))

            try expect(try await fixture.job(full).payload == largest, "the whole payload")
            try expectEqual(try await fixture.job(empty).payload, [], "empty payload")
            try await expectRefused(NewJob("step", payload: largest + [0]), fixture)
        },
        Case("A job that breaks a limit is refused, and all others with it") { fixture in
            let long = String(repeating: "x", count: 1025)
            let broken: [NewJob] = [
                NewJob(""), NewJob("step", queue: ""), NewJob("step", maxFailures: 0),
                NewJob("step", priority: 1001), NewJob("step", priority: .min),
                NewJob(JobKind(rawValue: String(long.prefix(201)))),
                NewJob("step", queue: QueueName(rawValue: String(long.prefix(201)))),
                NewJob("step", concurrencyKey: ConcurrencyKey(rawValue: long)),
                NewJob("step", concurrencyKey: "a\0b"), NewJob("step", uniqueKey: long),
            ]

            for job in broken { try await expectRefused(job, fixture) }

            try expectEqual(try await fixture.store.status(), [], "status")
        },
        Case("A unique key stands for one unfinished job of a queue") { fixture in
            let new = NewJob("step", uniqueKey: "k")
            let first = try await fixture.enqueue(new)

            let answers = try await fixture.store.enqueue([
                new, NewJob("step", queue: "other", uniqueKey: "k"),
            ])

            try expectEqual(answers[0], .existing(first), "answer for the same queue")
            try expect(answers[1].id != first, "another job in another queue")
            let lease = try await fixture.leaseOne()
            try expectEqual(try await fixture.enqueue(new), first, "answer while leased")
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))
            try expect(try await fixture.enqueue(new) != first, "a new job once it is finished")
        },
        Case("Absurd times are kept and harm nothing") { fixture in
            let past = try await fixture.enqueue(
                NewJob("step", notBefore: Timestamp(milliseconds: .min)))
            let future = try await fixture.enqueue(
                NewJob("step", notBefore: Timestamp(milliseconds: .max)))

            _ = try await fixture.store.sweep()
            let leases = try await fixture.store.lease(
                LeaseRequest(
                    queue: "default", limit: 5, worker: "w", length: .milliseconds(Int64.max)))

            try expectEqual(leases.map(\.job.id), [past], "leased")
            try await fixture.expectState(.scheduled, of: future)
            try await fixture.store.settle(
                leases[0].token,
                as: .snoozed(until: Timestamp(milliseconds: .max), reason: "never"))
        },
    ]

    static let claiming: [Case] = [
        Case("The most urgent go first, and those equal in the order they became ready") {
            fixture in
            let late = try await fixture.enqueue(
                NewJob("step", notBefore: fixture.clock.now + .seconds(5)))
            let low = try await fixture.enqueue(NewJob("step", priority: -1))
            fixture.clock.advance(by: .seconds(10))
            let keyed = try await fixture.enqueue(NewJob("step", concurrencyKey: "k"))
            let plain = try await fixture.enqueue(NewJob("other"))
            let urgent = try await fixture.enqueue(
                NewJob("step", priority: 9, concurrencyKey: "k"))

            let order = try await fixture.lease(10).map(\.job.id)

            try expectEqual(order, [urgent, late, keyed, plain, low], "order")
        },
        Case("A job that has waited long goes before more urgent ones that came later") { fixture in
            let waiting = try await fixture.enqueue(NewJob("step", priority: -1))
            let keyed = try await fixture.enqueue(
                NewJob("step", priority: -1, concurrencyKey: "k"))
            fixture.clock.advance(by: JobPriority.ageing * 3 - .milliseconds(1))
            let early = try await fixture.enqueue(NewJob("step", priority: 2))
            fixture.clock.advance(by: .milliseconds(2))
            let late = try await fixture.enqueue(NewJob("step", priority: 2, concurrencyKey: "k"))
            let urgent = try await fixture.enqueue(NewJob("other", priority: 3))

            let order = try await fixture.lease(9).map(\.job.id)

            try expectEqual(order, [urgent, early, waiting, keyed, late], "order")
        },
        Case("Nothing starves behind a stream of urgent jobs") { fixture in
            let low = try await fixture.enqueue(NewJob("step"))

            for round in 0..<100 {
                _ = try await fixture.enqueue(NewJob("step", priority: 5))
                if try await fixture.leaseOne().job.id == low {
                    return try expectEqual(round, 50, "rounds it waited")
                }
                fixture.clock.advance(by: .seconds(60))
            }
            throw Unexpected("the job of low priority never ran")
        },
        Case("No more leases are given than asked for") { fixture in
            for _ in 0..<5 { _ = try await fixture.enqueue(NewJob("step")) }

            try expectEqual(try await fixture.lease(2).count, 2, "leases")
            try expectEqual(try await fixture.lease(0).count, 0, "leases for none")
            try expectEqual(try await fixture.lease(-1).count, 0, "leases for less than none")
        },
        Case("Two workers never get the same attempt") { fixture in
            for _ in 0..<40 { _ = try await fixture.enqueue(NewJob("step")) }

            let all = try await withThrowingTaskGroup(of: [Lease].self) { group in
                for number in 0..<10 {
                    group.addTask {
                        try await fixture.lease(5, by: WorkerID(rawValue: "w-\(number)"))
                    }
                }
                var all: [Lease] = []
                while let leases = try await group.next() { all += leases }
                return all
            }

            try expectEqual(all.count, 40, "leases")
            try expectEqual(Set(all.map(\.job.id)).count, 40, "different jobs")
        },
        Case("A worker gets only kinds it asked for, from the queue it asked for") { fixture in
            _ = try await fixture.enqueue(NewJob("a", priority: 5))
            _ = try await fixture.enqueue(NewJob("a", priority: 5, concurrencyKey: "k"))
            _ = try await fixture.enqueue(NewJob("b", queue: "elsewhere"))
            let wanted = try await fixture.enqueue(NewJob("b", concurrencyKey: "k"))
            let also = try await fixture.enqueue(NewJob("c"))

            let leases = try await fixture.lease(10, kinds: ["b", "c", "d"])

            try expectEqual(leases.map(\.job.id), [wanted, also], "leased")
            try expectEqual(try await fixture.lease(10, kinds: []).count, 0, "leases of no kind")
        },
        Case("A scheduled job isn't leased before its time, and is at it") { fixture in
            let due = fixture.clock.now + .seconds(60)
            let id = try await fixture.enqueue(NewJob("step", notBefore: due))

            try await fixture.expectState(.scheduled, of: id)
            fixture.clock.advance(by: .milliseconds(59_999))
            try expectEqual(try await fixture.lease().count, 0, "leases before its time")
            try expectEqual(try await fixture.store.sweep().nextDue, due, "nextDue")
            fixture.clock.advance(by: .milliseconds(1))
            try expectEqual(try await fixture.lease().map(\.job.id), [id], "leased at its time")
        },
        Case("No more jobs of a key are leased than its limit allows") { fixture in
            try await fixture.store.setLimit(2, of: "agent/a", in: "default")
            for _ in 0..<5 {
                _ = try await fixture.enqueue(
                    NewJob("step", priority: 5, concurrencyKey: "agent/a"))
            }
            let free = try await fixture.enqueue(NewJob("step", concurrencyKey: "agent/b"))

            let first = try await fixture.lease(10)

            try expectEqual(first.count, 3, "leases")
            try expectEqual(first.last?.job.id, free, "job of another key")
            try await fixture.store.settle(first[0].token, as: .succeeded(result: nil, next: []))
            try expectEqual(try await fixture.lease(10).count, 1, "leases after one was settled")
            try await fixture.store.setLimit(nil, of: "agent/a", in: "default")
            try expectEqual(try await fixture.lease(10).count, 2, "leases without a limit")
        },
        Case("A limit of zero holds all jobs of a key, and counts show them") { fixture in
            try await fixture.store.setLimit(0, of: "k", in: "default")
            _ = try await fixture.enqueue(NewJob("step", concurrencyKey: "k"))

            try expectEqual(try await fixture.lease().count, 0, "leases")

            let keys = try await fixture.store.status().first?.keys
            try expectEqual(
                keys, [QueueStatus.Key(key: "k", limit: 0, leased: 0, ready: 1)], "keys")
        },
    ]

    private static func expectRefused(_ job: NewJob, _ fixture: QueueFixture) async throws {
        do {
            _ = try await fixture.store.enqueue([NewJob("fine"), job])
        } catch QueueError.invalidJob {
            let fine = try await fixture.store.jobs(matching: JobFilter(kind: "fine"))
            return try expectEqual(fine, [], "jobs beside a refused one")
        }
        throw Unexpected("a job of kind \"\(job.kind)\" wasn't refused")
    }
}
