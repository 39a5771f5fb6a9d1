import Foundation
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Wake-ups and presence of workers")
struct WakeUpTests {
    @Test("A worker hears of work that another store put into the file", .timeLimit(.minutes(5)))
    func acrossStores() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { mine in
                try await queue.withStore { theirs in
                    let registration = try await mine.register("w-mine")
                    var signals = registration.signals.makeAsyncIterator()

                    let id = try await theirs.enqueue([NewJob("step")])[0].id
                    #expect(await signals.next() == .look)
                    _ = try await mine.lease(
                        LeaseRequest(queue: "default", limit: 1, worker: "w-mine"))
                    _ = try await theirs.cancel(id)
                    #expect(await signals.next() == .look)

                    await registration.end()
                    #expect(await signals.next() == nil)
                }
            }
        }
    }

    @Test("A transaction that failed wakes nobody")
    func failedWritesAreSilent() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let registration = try await store.register("w-one")

                _ = try? await store.write { transaction in
                    _ = try transaction.enqueue([NewJob("step")])
                    throw CancellationError()
                }
                await registration.end()

                var count = 0
                for await _ in registration.signals { count += 1 }
                #expect(count == 0)
            }
        }
    }

    @Test("A worker's files are gone after its end")
    func filesAreRemoved() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let registration = try await store.register("w-one")
                let files = try FileManager.default.contentsOfDirectory(atPath: queue.runFolder)
                #expect(files.sorted() == ["w-one.lock", "w-one.sock"])

                await registration.end()
                await registration.end()

                #expect(try FileManager.default.contentsOfDirectory(atPath: queue.runFolder) == [])
            }
        }
    }

    @Test("What dead workers left behind is removed when the next one registers")
    func staleFilesAreRemoved() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                for name in ["w-dead.lock", "w-dead.sock"] {
                    let path = queue.runFolder + "/" + name
                    #expect(FileManager.default.createFile(atPath: path, contents: nil))
                }

                let registration = try await store.register("w-new")

                let files = try FileManager.default.contentsOfDirectory(atPath: queue.runFolder)
                #expect(files.sorted() == ["w-new.lock", "w-new.sock"])
                await registration.end()
            }
        }
    }

    @Test("A second worker of the same name is refused")
    func namesAreTaken() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let registration = try await store.register("w-one")

                await #expect(throws: QueueError.self) { _ = try await store.register("w-one") }

                await registration.end()
            }
        }
    }

    @Test("A folder too deep for a socket is refused with the limit")
    func pathsTooLong() async throws {
        try await TemporaryQueue.with { queue in
            let deep = queue.folder + "/" + String(repeating: "d", count: 80)
            let store = try await SQLiteQueueStore(path: queue.path, runFolder: deep)

            do {
                _ = try await store.register(.random())
                Issue.record("it was registered")
            } catch QueueError.unsuitable(_, let why) {
                #expect(why.contains("100 bytes"))
            }
            await store.close()
        }
    }
}
