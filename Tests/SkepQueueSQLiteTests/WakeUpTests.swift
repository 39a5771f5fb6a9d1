import Foundation
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

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

    @Test("Who looked dead while it registered keeps its permits, its places, and its name")
    func lateLifeSign() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let holder = try await store.register("w-holder")
                let waiter = try await store.register("w-waiter")
                let permit = try #require(
                    try await store.acquire("door", permits: 1, holder: holder.worker))
                #expect(try await store.acquire("door", permits: 1, holder: waiter.worker) == nil)

                // As by somebody who had looked between a file's making and its locking.
                try await store.clearUp([holder.worker, waiter.worker])

                let status = try #require(try await store.semaphores().first)
                #expect(status.held == [permit])
                #expect(status.waiting == [waiter.worker])
                #expect(
                    Set(try await store.workers().map(\.worker)) == [holder.worker, waiter.worker])
                await holder.end()
                #expect(try await store.acquire("door", permits: 1, holder: waiter.worker) != nil)
                await waiter.end()
            }
        }
    }

    @Test("The permit of one who died while another one was free goes to the next in line")
    func deathBesideFreePermit() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                try await store.write { transaction in
                    var dead: Set<WorkerID> = []
                    func acquire(_ holder: WorkerID) throws -> Permit? {
                        try transaction.acquire("pool", permits: 2, holder: holder) {
                            !dead.contains($0)
                        }
                    }
                    _ = try acquire("w-dying")
                    let permit = try #require(try acquire("w-other"))
                    #expect(try acquire("w-first") == nil)
                    #expect(try acquire("w-second") == nil)
                    try transaction.giveBack(permit) { _ in true }

                    dead = ["w-dying"]
                    #expect(try acquire("w-second") == nil, "it is the first one's turn")
                    transaction.effects.holders = []
                    #expect(try acquire("w-first") != nil)

                    #expect(transaction.effects.holders == ["w-second"])
                }
            }
        }
    }

    @Test("A worker that doesn't read its signals keeps none from the others")
    func stuckWorkers() async throws {
        try await TemporaryQueue.with { queue in
            let mine = try WorkerPresence(folder: queue.runFolder)
            let theirs = try WorkerPresence(folder: queue.runFolder)
            let stuck = DatagramSocket.make()
            var address = try #require(
                DatagramSocket.address(of: queue.runFolder + "/w-stuck.sock"))
            let bound = DatagramSocket.withPointer(to: &address) { bind(stuck, $0, $1) }
            #expect(bound == 0)
            let (lock, receiver) = try mine.enter("w-one")
            var signals = receiver.signals.makeAsyncIterator()
            let effects = Effects()
            effects.hasWork = true

            for _ in 0..<1000 { theirs.wakeUps.send(effects).send() }
            #expect(await signals.next() == .look)
            for _ in 0..<1000 {
                theirs.wakeUps.send(effects).send()
                #expect(await signals.next() == .look)
            }

            receiver.end()
            lock.release()
            close(stuck)
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

    @Test("Who comes and goes is noticed though the folder's list is kept")
    func folderIsReadAgain() async throws {
        try await TemporaryQueue.with { queue in
            let presence = try WorkerPresence(folder: queue.runFolder)
            let folder = RunFolder(path: queue.runFolder)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)],
                ofItemAtPath: queue.runFolder)
            #expect(folder.contents.workers == [])

            let (lock, receiver) = try presence.enter("w-one")
            #expect(folder.contents.workers == ["w-one"])
            #expect(folder.contents.listeners == ["w-one"])
            presence.removeFiles(of: "w-one")
            #expect(folder.contents.workers == [])

            receiver.end()
            lock.release()
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
