import Foundation
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Opening a queue")
struct OpeningTests {
    @Test("A folder of its own is made, and found again with its jobs")
    func folder() async throws {
        try await TemporaryQueue.with { queue in
            let folder = queue.folder + "/a/b"
            let first = try await SQLiteQueueStore(folder: folder)
            let id = try await first.enqueue([NewJob("step")])[0].id
            await first.close()

            let second = try await SQLiteQueueStore(folder: folder)
            let worker = try await second.register("w-one")
            let leases = try await second.lease(
                LeaseRequest(queue: "default", limit: 1, worker: "w-one"))
            #expect(leases.map(\.job.id) == [id])
            await worker.end()
            await second.close()
        }
    }

    @Test("A temporary queue is gone when it is closed")
    func temporary() async throws {
        let clock = ManualClock()
        let store = try await SQLiteQueueStore.temporary(clock: clock)
        _ = try await store.enqueue([NewJob("step")])
        let path = try #require(
            try await store.read { try Row.fetchOne($0, sql: "PRAGMA database_list")?["file"] }
                as String?)
        #expect(FileManager.default.fileExists(atPath: path))

        await store.close()

        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("An empty file becomes a queue")
    func emptyFile() async throws {
        try await TemporaryQueue.with { queue in
            try Data().write(to: URL(fileURLWithPath: queue.path))
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("step")])
                try await store.expectConsistent()
            }
        }
    }

    @Test("A folder in the file's place is called so")
    func folderInPlace() async throws {
        try await TemporaryQueue.with { queue in
            try FileManager.default.createDirectory(
                atPath: queue.path, withIntermediateDirectories: false)
            do {
                try await queue.withStore { _ in }
                Issue.record("it was opened")
            } catch QueueError.unavailable(_, let why, _) {
                #expect(why.lowercased().contains("directory"))
            }
        }
    }

    @Test(
        "Another program's database is refused and left as it is",
        arguments: [
            "CREATE TABLE job (name TEXT)",
            "CREATE TABLE grdb_migrations (identifier TEXT); INSERT INTO grdb_migrations VALUES ('v1')",
        ])
    func foreignDatabase(_ sql: String) async throws {
        try await TemporaryQueue.with { queue in
            let foreign = try DatabaseQueue(path: queue.path)
            try await foreign.write { try $0.execute(sql: sql) }
            try foreign.close()
            let bytes = FileManager.default.contents(atPath: queue.path)

            do {
                try await queue.withStore { _ in }
                Issue.record("it was opened")
            } catch QueueError.unsuitable(let path, let why) {
                #expect(path == queue.path)
                #expect(why.contains("another program"))
            }

            #expect(FileManager.default.contents(atPath: queue.path) == bytes)
            let files = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
            #expect(files == ["q.sqlite"])
        }
    }

    @Test("A program's own tables may be there first")
    func ownTables() async throws {
        try await TemporaryQueue.with { queue in
            let own = try DatabaseQueue(path: queue.path)
            try await own.write { try $0.execute(sql: "CREATE TABLE mine (id INTEGER)") }
            try own.close()

            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("step")])
                try await store.expectConsistent()
            }
        }
    }

    @Test("A link leads to the file, its log and its gate")
    func link() async throws {
        try await TemporaryQueue.with { queue in
            let folder = queue.folder + "/elsewhere"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: queue.path, withDestinationPath: "elsewhere/real.sqlite")

            try await queue.withStore { linked in
                let direct = try await SQLiteQueueStore(
                    path: folder + "/real.sqlite", runFolder: queue.runFolder)
                _ = try await linked.enqueue([NewJob("a")])
                _ = try await direct.enqueue([NewJob("b")])
                #expect(try await linked.jobs(matching: JobFilter()).count == 2)
                for name in ["real.sqlite", "real.sqlite-wal", "real.sqlite-gate"] {
                    await #expect(throws: QueueError.self, "\(name)") {
                        try await linked.backUp(to: folder + "/" + name, overwriting: true)
                    }
                }
                await direct.close()
            }

            let here = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
            #expect(here.allSatisfy { !$0.contains("-gate") && !$0.contains("-wal") }, "\(here)")
            let there = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(there.contains("real.sqlite-gate"), "\(there)")
        }
    }
}
