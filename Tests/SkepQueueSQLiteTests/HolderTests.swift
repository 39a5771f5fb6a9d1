import Foundation
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Holders that die or stop", .serialized)
struct HolderTests {
    @Test("The permit of a killed process goes to the next in line, with a larger number")
    func killedHolder() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let journal = queue.folder + "/journal"
                var waiting: Task<Permit, any Error>?
                try await CrashChild.with([queue.path, queue.runFolder, journal, "lock"]) { _ in
                    try await eventually("it has the lock") { try CrashChild.hasLines(journal) }
                    waiting = Task { try await store.withPermit(of: "lock") { $0 } }
                    try await eventually("another one waits") {
                        try await store.semaphores().first?.waiting.count == 1
                    }
                    #expect(try await store.semaphores()[0].held.count == 1)
                }

                let permit = try #require(try await waiting?.value)

                let words = try lines(journal)[0].split(separator: " ")
                let earlier = try #require(Int64(words[1]))
                #expect(permit.number > earlier)
                #expect(try await store.semaphores() == [])
            }
        }
    }

    @Test("What the dead hold and wait for is forgotten, though nobody asks for it")
    func forgetsTheDead() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let journal = queue.folder + "/journal"
                try await CrashChild.with([queue.path, queue.runFolder, journal, "lock"]) { _ in
                    try await eventually("it has the lock") { try CrashChild.hasLines(journal) }
                    _ = try await store.maintain()
                    #expect(try await rows(store) == 1)
                }
                #expect(try await store.semaphores() == [], "shown as held by the dead")

                _ = try await store.maintain()

                #expect(try await rows(store) == 0)
            }
        }
    }

    @Test("A holder stopped past its lease can do nothing for the job when it goes on")
    func stoppedHolder() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let journal = queue.folder + "/journal"
                let id = try await store.enqueue([NewJob("step")])[0].id
                try await CrashChild.with([queue.path, queue.runFolder, journal, "stop"]) { child in
                    try await eventually("its lease is over") {
                        try await store.sweep().reclaimed == [id]
                    }
                    let leases = try await store.lease(
                        LeaseRequest(queue: "default", limit: 1, worker: "w-next"))
                    #expect(leases.map(\.token.attempt) == [2])

                    child[0].goOn()

                    try await eventually("it has tried everything") {
                        try lines(journal).count == 5
                    }
                    #expect(
                        try lines(journal) == [
                            "began \(id) 1", "lost renewal", "lost step", "lost failure",
                            "lost success",
                        ])
                    try await store.settle(
                        leases[0].token, as: .succeeded(result: [3], next: []))
                }
                #expect(try await store.result(of: id) == [3])
                #expect(try await store.jobs(matching: JobFilter()).map(\.id) == [id])
                #expect(try await store.steps(of: id) == [])
                try await store.expectConsistent()
            }
        }
    }

    private func rows(_ store: SQLiteQueueStore) async throws -> Int? {
        try await store.read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT (SELECT COUNT(*) FROM semaphore_holder)
                         + (SELECT COUNT(*) FROM semaphore_waiter)
                    """)
        }
    }

    private func lines(_ journal: String) throws -> [String] {
        try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
