import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Watching jobs and workers from other processes")
struct WatchingTests {
    @Test("Whoever waits for a job hears of it from another store", .timeLimit(.minutes(5)))
    func acrossStores() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { mine in
                try await queue.withStore { theirs in
                    let id = try await mine.enqueue([NewJob("step")])[0].id
                    async let job = mine.finished(id)
                    try await Self.settleNext(in: theirs)
                    let state = try await job.state
                    #expect(state == .succeeded)
                }
            }
        }
    }

    @Test("Jobs are awaited that a process works off which is killed later")
    func finishedByAnotherProcess() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let ids = try await store.enqueue(Array(repeating: NewJob("step"), count: 20))
                    .map(\.id)
                let child = [queue.path, queue.runFolder, queue.folder + "/journal"]
                try await CrashChild.with(child) { _ in
                    for id in ids {
                        let job = try await store.finished(id)
                        #expect(job.state == .succeeded)
                    }
                }
            }
        }
    }

    @Test("Another process waits for a job of this one")
    func awaitedByAnotherProcess() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step")])[0].id
                let journal = queue.folder + "/journal"
                try await CrashChild.with([
                    queue.path, queue.runFolder, journal, "await", id.description,
                ]) { _ in
                    try await eventually("it waits") { try Self.watchers(queue).count == 1 }
                    try await Self.settleNext(in: store)
                    try await eventually("it has the answer") {
                        try String(contentsOfFile: journal, encoding: .utf8)
                            .contains("finished \(id) succeeded\n")
                    }
                }
            }
        }
    }

    @Test("The socket of a process that was killed while it waited is removed")
    func deadWatchersAreRemoved() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let ids = try await store.enqueue([NewJob("step"), NewJob("step")]).map(\.id)
                try await CrashChild.with([
                    queue.path, queue.runFolder, queue.folder + "/journal", "await",
                    ids[1].description,
                ]) { _ in
                    try await eventually("it waits") { try Self.watchers(queue).count == 1 }
                }

                try await Self.settleNext(in: store)

                #expect(try Self.watchers(queue) == [])
            }
        }
    }

    @Test("While nobody waits there is no socket")
    func socketsGo() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step")])[0].id
                async let job = store.finished(id)
                try await eventually("it waits") { try Self.watchers(queue).count == 1 }

                _ = try await store.cancel(id)
                _ = try await job

                try await eventually("it is gone") { try Self.watchers(queue) == [] }
            }
        }
    }

    @Test("What is finished without a word is found by looking")
    func lostDatagrams() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { mine in
                let other = try await SQLiteQueueStore(
                    path: queue.path, runFolder: queue.folder + "/elsewhere")
                let id = try await mine.enqueue([NewJob("step")])[0].id
                async let job = mine.finished(id)
                try await eventually("it waits") { try Self.watchers(queue).count == 1 }

                try await Self.settleNext(in: other)

                let state = try await job.state
                #expect(state == .succeeded)
                await other.close()
            }
        }
    }

    @Test("A job that is removed while somebody waits for it isn't there")
    func prunedMeanwhile() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step")])[0].id
                let job = Task { try await store.finished(id) }
                try await eventually("it waits") { try Self.watchers(queue).count == 1 }

                try await store.write { transaction in
                    _ = try transaction.cancel(id)
                    try transaction.run("DELETE FROM job WHERE id = ?", [id.rawValue])
                }

                await #expect(throws: QueueError.noSuchJob(id)) { _ = try await job.value }
            }
        }
    }

    @Test("Whoever waits when the store is closed is told so")
    func closed() async throws {
        try await TemporaryQueue.with { queue in
            let store = try await SQLiteQueueStore(path: queue.path, runFolder: queue.runFolder)
            let id = try await store.enqueue([NewJob("step")])[0].id
            let job = Task { try await store.finished(id) }
            try await eventually("it waits") { try Self.watchers(queue).count == 1 }

            await store.close()

            await #expect(throws: QueueError.self) { _ = try await job.value }
        }
    }

    @Test("Ten thousand wait in one process with one socket")
    func manyWaiters() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { mine in
                try await queue.withStore { theirs in
                    let ids = try await mine.enqueue(
                        Array(repeating: NewJob("step"), count: 10_000)
                    ).map(\.id)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for id in ids { group.addTask { _ = try await mine.finished(id) } }
                        try await theirs.write { transaction in
                            let leases = try transaction.lease(
                                LeaseRequest(queue: "default", limit: 10_000, worker: "w"))
                            for lease in leases {
                                try transaction.settle(
                                    lease.token, as: .succeeded(result: nil, next: []))
                            }
                        }
                        #expect(try Self.watchers(queue).count <= 1)
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    @Test("A dead worker is noticed, and shown until its jobs are free")
    func deadWorkers() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let mine = try await store.register("w-mine")
                let journal = queue.folder + "/journal"
                try await CrashChild.with([queue.path, queue.runFolder, journal, "hold"]) { _ in
                    try await eventually("it holds leases") {
                        try await store.workers().contains { $0.leased.count == 4 && $0.isAlive }
                    }
                }
                let dead = try await store.workers().filter { !$0.isAlive }
                #expect(dead.map(\.leased.count) == [4])
                #expect(dead[0].processID != getpid())

                // Signals of the child's work may come first.
                for await _ in mine.signals
                where try await !store.sweep().reclaimed.isEmpty { break }

                try await store.clearUpDeadWorkers()
                #expect(try await store.workers().map(\.worker) == ["w-mine"])
                await mine.end()
            }
        }
    }

    @Test("A worker whose files were swept away is forgotten when the next one registers")
    func workersWithoutFiles() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                try await store.write { try $0.introduce("w-lost", offering: nil) }
                #expect(try await store.workers().map(\.isAlive) == [false])

                let registration = try await store.register("w-new")

                #expect(try await store.workers().map(\.worker) == ["w-new"])
                await registration.end()
            }
        }
    }

    @Test("Of a job's notes the newest two hundred are kept, with a kilobyte of detail each")
    func notesAreBounded() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step")])[0].id
                try await store.write { transaction in
                    for number in 0..<300 {
                        try transaction.note(
                            .snoozed, of: id, attempt: number,
                            detail: String(repeating: "x", count: 5000))
                    }
                }

                let notes = try await store.events(of: id).filter { $0.what == .snoozed }
                #expect(notes.map(\.attempt) == Array(100..<300))
                #expect(notes.allSatisfy { $0.detail?.utf8.count == 1 << 10 })
            }
        }
    }

    private static func settleNext(in store: SQLiteQueueStore) async throws {
        let leases = try await store.lease(
            LeaseRequest(queue: "default", limit: 1, worker: "w-any"))
        for lease in leases {
            try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
        }
    }

    private static func watchers(_ queue: TemporaryQueue) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: queue.runFolder)
            .filter { $0.hasSuffix(".watch") }
    }
}
