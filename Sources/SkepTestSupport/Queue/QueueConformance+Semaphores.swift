internal import SkepQueue

extension QueueConformance {
    static let semaphores: [Case] = holding + liningUp

    private static let holding: [Case] = [
        Case("A lock is held by one, and held again by whoever asks again") { fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                let permit = try await fixture.permit(of: "lock", a)
                try expect(permit != nil, "the first to get it")
                try expectEqual(try await fixture.permit(of: "lock", a), permit, "asked again")
                try expectEqual(try await fixture.permit(of: "lock", b), nil, "the second")
                try expect(try await fixture.permit(of: "other", b) != nil, "another lock")
                let status = try await fixture.store.semaphores()
                try expectEqual(status.map(\.name), ["lock", "other"], "names")
                try expectEqual(status[0].held.map(\.holder), ["w-a"], "holders")
                try expectEqual(status[0].waiting, ["w-b"], "those who wait")
            }
        },
        Case("As many hold a semaphore as it has permits, and a change counts for those to come") {
            fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                try await fixture.with("w-c", "w-d") { c, d in
                    let first = try await fixture.permit(of: "s", 2, a)
                    _ = try await fixture.permit(of: "s", 2, b)
                    try expectEqual(try await fixture.permit(of: "s", 2, c), nil, "third of two")

                    let raised = try await fixture.permit(of: "s", 3, c)
                    try expect(raised != nil, "the third of three")
                    try expectEqual(try await fixture.permit(of: "s", 1, d), nil, "of one")
                    if let first { try await fixture.store.giveBack(first) }
                    try expectEqual(
                        try await fixture.permit(of: "s", 1, d), nil, "while two hold one of one")
                }
            }
        },
        Case("A permit's number grows, also when nobody has held or waited in between") { fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                var numbers: [Int64] = []
                for holder in [a, b, a] {
                    guard let permit = try await fixture.permit(of: "lock", holder) else {
                        throw Unexpected("it is free")
                    }
                    numbers.append(permit.number)
                    try await fixture.store.giveBack(permit)
                    try expectEqual(try await fixture.store.semaphores(), [], "semaphores in use")
                }
                try expectEqual(numbers, Array(Set(numbers)).sorted(), "numbers")
            }
        },
        Case("An old permit gives nothing back") { fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                guard let old = try await fixture.permit(of: "lock", a) else {
                    throw Unexpected("it is free")
                }
                try await fixture.store.giveBack(old)
                let new = try await fixture.permit(of: "lock", b)
                try await fixture.store.giveBack(old)
                try expectEqual(
                    try await fixture.store.semaphores().first?.held, new.map { [$0] }, "holders")
            }
        },
        Case("Who isn't registered, a nameless semaphore and one without permits are refused") {
            fixture in
            try await fixture.with("w-a", "w-b") { a, _ in
                let long = SemaphoreName(rawValue: String(repeating: "x", count: 1025))
                let refused: [(SemaphoreName, Int, WorkerID)] = [
                    ("lock", 1, "w-nobody"), ("", 1, "w-a"), (long, 1, "w-a"), ("a\0", 1, "w-a"),
                    ("lock", 0, "w-a"), ("lock", -1, "w-a"),
                ]
                for (name, permits, holder) in refused {
                    do {
                        _ = try await fixture.store.acquire(name, permits: permits, holder: holder)
                    } catch QueueError.invalidSetting {
                        continue
                    }
                    throw Unexpected("\(holder) got \(permits) of \"\(name.rawValue.prefix(9))\"")
                }
                try expectEqual(try await fixture.store.semaphores(), [], "semaphores")
            }
        },
    ]

    private static let liningUp: [Case] = [
        Case("A lock goes to those who wait in the order in which they came, and wakes them") {
            fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                try await fixture.with("w-c", "w-d") { c, _ in
                    let first = try await fixture.permit(of: "lock", a)
                    _ = try await fixture.permit(of: "lock", b)
                    _ = try await fixture.permit(of: "lock", c)

                    if let first { try await fixture.store.giveBack(first) }

                    try await fixture.signal(b)
                    try expectEqual(try await fixture.permit(of: "lock", c), nil, "out of turn")
                    try expectEqual(try await fixture.permit(of: "lock", a), nil, "a newcomer")
                    try expect(try await fixture.permit(of: "lock", b) != nil, "its turn")
                    try expectEqual(
                        try await fixture.store.semaphores()[0].waiting, ["w-c", "w-a"], "the line")
                }
            }
        },
        Case("Who leaves the line isn't waited for, also when it had its turn") { fixture in
            try await fixture.with("w-a", "w-b") { a, b in
                try await fixture.with("w-c", "w-d") { c, _ in
                    let first = try await fixture.permit(of: "lock", a)
                    _ = try await fixture.permit(of: "lock", b)
                    _ = try await fixture.permit(of: "lock", c)
                    if let first { try await fixture.store.giveBack(first) }

                    try await fixture.store.stopWaiting(for: "lock", holder: b.worker)

                    try await fixture.signal(c)
                    try expect(try await fixture.permit(of: "lock", c) != nil, "the next one's")
                    try await fixture.store.stopWaiting(for: "lock", holder: b.worker)
                }
            }
        },
        Case("The end of a registration gives its permits back and wakes the next") { fixture in
            let a = try await fixture.store.register("w-a")
            try await fixture.with("w-b", "w-c") { b, c in
                _ = try await fixture.permit(of: "lock", a)
                _ = try await fixture.permit(of: "lock", b)

                await a.end()

                try await fixture.signal(b)
                try expect(try await fixture.permit(of: "lock", b) != nil, "its turn")
                try expectEqual(try await fixture.permit(of: "lock", c), nil, "one too many")
            }
        },
        Case("A permit for a while is waited for, and given back by whatever ends it") { fixture in
            let store = fixture.store
            let order = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        do {
                            return try await store.withPermit(of: "lock") { permit in
                                let held = try await store.semaphores()[0].held
                                try expectEqual(held, [permit], "holders")
                                if number.isMultiple(of: 2) { throw Unexpected("\(permit.number)") }
                                return permit.number
                            }
                        } catch let error as Unexpected {
                            return Int64(error.description) ?? 0
                        }
                    }
                }
                var order: Set<Int64> = []
                while let number = try await group.next() { order.insert(number) }
                return order
            }
            try expectEqual(order.count, 6, "permits")
            try expect(!order.contains(0), "holders that were alone")
            try expectEqual(try await store.semaphores(), [], "semaphores in use")
        },
        Case("Waiting for a permit ends with the task that waits, and leaves the line") { fixture in
            let store = fixture.store
            try await fixture.with("w-a", "w-b") { a, _ in
                _ = try await fixture.permit(of: "lock", a)
                let waiting = Task { try await store.withPermit(of: "lock") { _ in } }
                try await eventually("it waits") {
                    try await store.semaphores()[0].waiting.count == 1
                }

                waiting.cancel()

                do {
                    try await waiting.value
                    throw Unexpected("it got a permit")
                } catch is CancellationError {}
                try expectEqual(try await store.semaphores()[0].waiting, [], "the line")
            }
        },
    ]
}

extension QueueFixture {
    /// Runs `body` with two who are registered.
    fileprivate func with(
        _ one: WorkerID, _ two: WorkerID,
        _ body: (any WorkerRegistration, any WorkerRegistration) async throws -> Void
    ) async throws {
        let first = try await store.register(one)
        let second = try await store.register(two)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(first, second))
        } catch {
            result = .failure(error)
        }
        await first.end()
        await second.end()
        try result.get()
    }

    fileprivate func permit(
        of lock: SemaphoreName, _ holder: any WorkerRegistration
    ) async throws -> Permit? {
        try await permit(of: lock, 1, holder)
    }

    fileprivate func permit(
        of semaphore: SemaphoreName, _ permits: Int, _ holder: any WorkerRegistration
    ) async throws -> Permit? {
        try await store.acquire(semaphore, permits: permits, holder: holder.worker)
    }

    /// Waits for a signal.
    fileprivate func signal(_ registration: any WorkerRegistration) async throws {
        for await _ in registration.signals { return }
        throw Unexpected("its registration ended")
    }
}
