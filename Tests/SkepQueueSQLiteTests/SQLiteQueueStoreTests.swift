import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("The SQLite store's file")
struct SQLiteQueueStoreTests {
    @Test("Its commits are durable when they return")
    func durable() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let (synchronous, journal, keys) = try await store.write { transaction in
                    (
                        try Int.fetchOne(transaction.database, sql: "PRAGMA synchronous"),
                        try String.fetchOne(transaction.database, sql: "PRAGMA journal_mode"),
                        try Int.fetchOne(transaction.database, sql: "PRAGMA foreign_keys")
                    )
                }

                #expect(synchronous == 2)
                #expect(journal == "wal")
                #expect(keys == 1)
            }
        }
    }

    @Test("Opening and reading one that is up to date doesn't change it")
    func openingWritesNothing() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { _ = try await $0.enqueue([NewJob("step")]) }
            let before = try FileManager.default.attributesOfItem(atPath: queue.path)
            let bytes = FileManager.default.contents(atPath: queue.path)

            try await queue.withStore { store in
                let status = try await store.status()
                #expect(status.count == 1)
                let log = FileManager.default.contents(atPath: queue.path + "-wal")
                #expect(log?.isEmpty ?? true)
            }

            let after = try FileManager.default.attributesOfItem(atPath: queue.path)
            #expect(FileManager.default.contents(atPath: queue.path) == bytes)
            #expect(after[.modificationDate] as? Date == before[.modificationDate] as? Date)
        }
    }

    @Test("A newer program's file is refused, and both versions are named")
    func newerSchema() async throws {
        try await TemporaryQueue.with { queue in
            let newer = SchemaMigration(
                name: "swarm-m002_future", sql: "CREATE TABLE future (id INTEGER) STRICT")
            try await queue.withStore(migrations: [newer]) { _ in }

            await #expect(
                throws: QueueError.newerSchema(
                    found: "swarm-m002_future", known: "queue-m010_queue_one")
            ) {
                try await queue.withStore { _ in }
            }
        }
    }

    @Test("Several stores that open a new file at once all find it ready")
    func openedAtOnce() async throws {
        try await TemporaryQueue.with { queue in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await queue.withStore { _ = try await $0.enqueue([NewJob("step")]) }
                    }
                }
                try await group.waitForAll()
            }

            try await queue.withStore { store in
                let jobs = try await store.jobs(matching: JobFilter())
                #expect(jobs.count == 8)
            }
        }
    }

    @Test("Several stores work on one file without ever being told that it is locked")
    func sharedFile() async throws {
        try await TemporaryQueue.with { queue in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        try await queue.withStore { store in
                            for _ in 0..<50 { try await Self.cycle(store, number) }
                        }
                    }
                }
                try await group.waitForAll()
            }

            try await queue.withStore { store in
                let status = try await store.status()
                #expect(status[0].counts[.succeeded] == 200)
                try await store.expectConsistent()
            }
        }
    }

    @Test("A foreign program's lock is waited for")
    func foreignLock() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let foreign = try DatabaseQueue(path: queue.path)
                let isLocked = AsyncStream<Void>.makeStream()
                let release = DispatchSemaphore(value: 0)
                async let holding: Void = foreign.writeWithoutTransaction { database in
                    try database.inTransaction(.immediate) {
                        isLocked.continuation.yield()
                        release.wait()
                        return .commit
                    }
                }
                var locked = isLocked.stream.makeAsyncIterator()
                await locked.next()

                async let answers = store.enqueue([NewJob("step")])
                try await Task.sleep(for: .milliseconds(200))
                release.signal()

                #expect(try await answers.count == 1)
                try await holding
                try foreign.close()
            }
        }
    }

    @Test("A file that is no database is left alone and called so")
    func notADatabase() async throws {
        try await TemporaryQueue.with { queue in
            let picture = Data(repeating: 0x42, count: 10_000)
            try picture.write(to: URL(fileURLWithPath: queue.path))

            do {
                try await queue.withStore { _ in }
                Issue.record("it was opened")
            } catch QueueError.unavailable(_, let why, let advice) {
                #expect(why.contains("not a database"))
                #expect(advice.contains("backup"))
            }
            #expect(FileManager.default.contents(atPath: queue.path) == picture)
        }
    }

    @Test("A folder that isn't there is named")
    func missingFolder() async throws {
        await #expect(throws: QueueError.self) {
            _ = try await SQLiteQueueStore(path: "/nonexistent/q.sqlite", runFolder: "/tmp")
        }
    }

    @Test("Leases of before the machine's restart are over, whatever its clocks say")
    func restartEndsLeases() async throws {
        try await TemporaryQueue.with { queue in
            let before = try await open(queue, boot: "one")
            let id = try await before.enqueue([NewJob("step")])[0].id
            _ = try await before.lease(LeaseRequest(queue: "default", limit: 1, worker: "w"))
            #expect(try await before.sweep().reclaimed == [])
            await before.close()

            let after = try await open(queue, boot: "two")
            #expect(try await after.sweep().reclaimed == [id])
            await after.close()
        }
    }

    @Test("Network file systems are known by the kernel's table of mounts")
    func networkMounts() {
        let mounts = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            90 22 0:45 / /home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2
            """

        #expect(FileSystem.kind(ofDevice: 0x801, inMountInfo: mounts) == "ext4")
        #expect(FileSystem.kind(ofDevice: 45, inMountInfo: mounts) == "nfs4")
        #expect(FileSystem.kind(ofDevice: 46, inMountInfo: mounts) == nil)
    }

    private func open(_ queue: TemporaryQueue, boot: String) async throws -> SQLiteQueueStore {
        try await SQLiteQueueStore(
            path: queue.path, runFolder: queue.runFolder, boot: BootID(rawValue: boot))
    }

    private static func cycle(_ store: SQLiteQueueStore, _ number: Int) async throws {
        _ = try await store.enqueue([NewJob("step", concurrencyKey: "k")])
        let leases = try await store.lease(
            LeaseRequest(
                queue: "default", limit: 1, worker: WorkerID(rawValue: "w\(number)")))
        for lease in leases {
            try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
        }
        _ = try await store.sweep()
    }
}
