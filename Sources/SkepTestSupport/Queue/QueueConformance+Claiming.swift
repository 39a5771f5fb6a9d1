internal import SkepQueue

extension QueueConformance {
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

            // The key of the urgent one was served just now, so its next one stands behind the other.
            try expectEqual(order, [urgent, late, plain, keyed, low], "order")
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
}
