internal import SkepQueue

extension QueueConformance {
    static let fairness: [Case] = [
        Case("Each of many keys has its first job leased within a round, whatever one has piled up")
        { fixture in
            _ = try await fixture.store.enqueue(
                (0..<1000).map { _ in NewJob("step", concurrencyKey: "greedy") })
            _ = try await fixture.store.enqueue(
                (0..<100).map { number in
                    NewJob("step", concurrencyKey: ConcurrencyKey(rawValue: "k\(number % 20)"))
                })

            var keys: [ConcurrencyKey?] = []
            for _ in 0..<7 { keys += try await fixture.lease(6).map(\.job.concurrencyKey) }

            try expectEqual(Set(keys.prefix(21)).count, 21, "keys in the first round")
            try expectEqual(Set(keys.suffix(21)).count, 21, "keys in the second round")
        },
        Case("Keys take turns while time goes on, and jobs of one key keep their order") {
            fixture in
            let a = try await fixture.store.enqueue(
                (0..<4).map { _ in NewJob("step", concurrencyKey: "a") }
            ).map(\.id)
            fixture.clock.advance(by: .seconds(5))
            let b = try await fixture.store.enqueue(
                (0..<2).map { _ in NewJob("step", concurrencyKey: "b") }
            ).map(\.id)

            var order: [JobID] = []
            for _ in 0..<6 {
                fixture.clock.advance(by: .seconds(1))
                order.append(try await fixture.leaseOne().job.id)
            }

            try expectEqual(order, [a[0], b[0], a[1], b[1], a[2], a[3]], "order")
        },
        Case("A job without a key isn't kept waiting by keys, nor keeps them waiting") { fixture in
            _ = try await fixture.store.enqueue(
                (0..<10).map { _ in NewJob("step", concurrencyKey: "a") })
            _ = try await fixture.leaseOne()
            fixture.clock.advance(by: .seconds(1))
            let plain = try await fixture.store.enqueue([NewJob("step"), NewJob("step")]).map(\.id)

            let order = try await fixture.lease(3).map(\.job)

            try expectEqual(order[0].concurrencyKey, "a", "first key")
            try expectEqual(order.dropFirst().map(\.id), plain, "then")
        },
        Case("A more urgent job goes before the turn of other keys") { fixture in
            _ = try await fixture.store.enqueue([
                NewJob("step", concurrencyKey: "a"), NewJob("step", concurrencyKey: "b"),
            ])
            _ = try await fixture.leaseOne()
            let urgent = try await fixture.enqueue(
                NewJob("step", priority: 1, concurrencyKey: "a"))

            try expectEqual(try await fixture.leaseOne().job.id, urgent, "leased")
        },
    ]
}
