import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Locks and semaphores")
struct JobLockTests {
    @Test("A lock lets one in at a time, and each gets a higher number")
    func letsOneIn() async throws {
        try await TypedBench.with { bench in
            let meter = Meter()

            let numbers = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 1...8 {
                    group.addTask {
                        try await bench.queue.withLock("door") { permit in
                            await meter.enter()
                            await Task.yield()
                            await meter.leave()
                            return permit.number
                        }
                    }
                }
                var numbers: [Int64] = []
                while let number = try await group.next() { numbers.append(number) }
                return numbers
            }

            #expect(await meter.most == 1)
            #expect(Set(numbers).count == 8)
            #expect(try await bench.store.semaphores().allSatisfy { $0.held.isEmpty })
        }
    }

    @Test("A semaphore lets in as many as it has permits")
    func letsManyIn() async throws {
        try await TypedBench.with { bench in
            let gate = Gate()
            let meter = Meter()

            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { gate.open() }
                for _ in 1...5 {
                    group.addTask {
                        try await bench.queue.withSemaphore("pool", permits: 3) { _ in
                            await meter.enter()
                            await gate.wait()
                            await meter.leave()
                        }
                    }
                }
                try await eventually("three are in, two wait") {
                    let status = try await bench.store.semaphores().first
                    return await meter.most == 3 && status?.waiting.count == 2
                }
                gate.open()
                try await group.waitForAll()
            }

            #expect(await meter.most == 3)
        }
    }

    @Test("Who is cancelled leaves the line")
    func leavesTheLine() async throws {
        try await TypedBench.with { bench in
            try await bench.queue.withLock("door") { _ in
                // Awaited below.
                let other = Task { try await bench.queue.withLock("door") { _ in } }
                try await eventually("it waits") {
                    try await bench.store.semaphores().first?.waiting.count == 1
                }
                other.cancel()

                await #expect(throws: CancellationError.self) { try await other.value }
                #expect(try await bench.store.semaphores().first?.waiting.isEmpty == true)
            }
        }
    }

    @Test("A body that throws gives its permit back")
    func givesBackAfterErrors() async throws {
        try await TypedBench.with { bench in
            await #expect(throws: Unhappy.self) {
                try await bench.queue.withLock("door") { _ in throw Unhappy() }
            }

            let isIn = try await bench.queue.withLock("door") { _ in true }
            #expect(isIn)
        }
    }
}
