import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Copies and checks of a queue")
struct BackupTests {
    @Test("A copy made beside writers opens as a queue with the jobs of one moment")
    func copies() async throws {
        try await TemporaryQueue.with { queue in
            let path = queue.folder + "/copy.sqlite"
            try await queue.withStore { store in
                let before = try await store.enqueue(
                    Array(repeating: NewJob("step", payload: [7], concurrencyKey: "k"), count: 50))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while !Task.isCancelled {
                            _ = try? await store.enqueue([NewJob("a"), NewJob("a")])
                        }
                    }
                    let report = try await store.backUp(to: path)
                    #expect(report.path == path && report.bytes > 0)
                    group.cancelAll()
                    try await group.waitForAll()
                }

                try await withCopy(queue, path) { copy in
                    try await copy.expectConsistent()
                    let jobs = try await copy.jobs(matching: JobFilter(kind: "step"))
                    #expect(Set(jobs.map(\.id)) == Set(before.map(\.id)))
                    #expect(jobs.allSatisfy { $0.payload == [7] })
                    let others = try await copy.jobs(matching: JobFilter(kind: "a", limit: 100_000))
                    #expect(others.count.isMultiple(of: 2), "half of an enqueue")
                }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
            #expect(left.filter { $0.contains(".part") } == [])
        }
    }

    @Test("Jobs that were leased begin again in the copy when their leases have ended")
    func leasedJobs() async throws {
        try await TemporaryQueue.with { queue in
            let clock = ManualClock()
            let path = queue.folder + "/copy.sqlite"
            try await queue.withStore(clock: clock) { store in
                let worker = try await store.register("w-one")
                let id = try await store.enqueue([NewJob("step")])[0].id
                _ = try await store.lease(LeaseRequest(queue: "default", limit: 1, worker: "w-one"))
                try await store.backUp(to: path)

                try await withCopy(queue, path, clock) { copy in
                    let early = try await copy.sweep().reclaimed
                    clock.advance(by: .seconds(31))
                    let late = try await copy.sweep().reclaimed
                    #expect(early == [] && late == [id])
                }
                await worker.end()
            }
        }
    }

    @Test("A copy never goes over the queue itself, nor over another file unless told to")
    func refusals() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let link = queue.folder + "/link"
                try FileManager.default.createSymbolicLink(
                    atPath: link, withDestinationPath: queue.path)
                for path in [queue.path, link, queue.path + "-wal", queue.path + "-gate"] {
                    await #expect(throws: QueueError.self) {
                        try await store.backUp(to: path, overwriting: true)
                    }
                }
                await #expect(throws: QueueError.self) {
                    try await store.backUp(to: queue.runFolder, overwriting: true)
                }
                await #expect(throws: QueueError.self) {
                    try await store.backUp(to: queue.folder + "/none/copy")
                }

                let path = queue.folder + "/copy.sqlite"
                try await store.backUp(to: path)
                await #expect(throws: QueueError.self) { try await store.backUp(to: path) }
                _ = try await store.enqueue([NewJob("a")])
                try await store.backUp(to: path, overwriting: true)
                try await withCopy(queue, path) { copy in
                    let jobs = try await copy.jobs(matching: JobFilter())
                    #expect(jobs.count == 1)
                    await #expect(throws: QueueError.self, "it is open") {
                        try await store.backUp(to: path, overwriting: true)
                    }
                }
                try await store.expectConsistent()
            }
        }
    }

    @Test("A check says in words what doesn't agree with the jobs")
    func check() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("step", concurrencyKey: "k")])
                #expect(try await store.check() == IntegrityReport(problems: []))

                try await store.write { transaction in
                    try transaction.database.execute(
                        sql: """
                            UPDATE job_count SET count = count + 2;
                            UPDATE concurrency_key SET ready = 3;
                            """)
                }

                #expect(
                    try await store.check().problems == [
                        "Queue \"default\" has 1 jobs of kind \"step\" that are ready; 3 are counted.",
                        "Key \"k\" of queue \"default\" has 0 jobs leased and 1 ready; "
                            + "0 and 3 are counted.",
                    ])
            }
        }
    }

    @Test("A damaged page is reported, and jobs on other pages are still served")
    func damagedPage() async throws {
        try await TemporaryQueue.with { queue in
            let payload = [UInt8](repeating: 0x5A, count: 200)
            try await queue.withStore { store in
                let job = NewJob("step", payload: payload)
                _ = try await store.enqueue(Array(repeating: job, count: 400))
            }
            try spoilLeaf(queue, like: payload)

            try await queue.withStore { store in
                let report = try await store.check(isThorough: true)
                #expect(!report.isSound)

                var served = 0
                var refused = 0
                for id in try await store.read({ try Int64.fetchAll($0, sql: "SELECT id FROM job") }
                ) {
                    do {
                        _ = try await store.job(JobID(rawValue: id))
                        served += 1
                    } catch QueueError.unavailable(_, _, let advice) {
                        #expect(advice.contains("backup"))
                        refused += 1
                    }
                }
                #expect(served > 300 && refused > 0, "\(served), \(refused)")
            }
        }
    }

    /// Overwrites the first page that is full of payloads.
    private func spoilLeaf(_ queue: TemporaryQueue, like payload: [UInt8]) throws {
        var bytes = [UInt8](try #require(FileManager.default.contents(atPath: queue.path)))
        let page = stride(from: 4096, to: bytes.count, by: 4096).first { start in
            // A leaf of a table begins with 13.
            bytes[start] == 13
                && bytes[start..<start + 4096].count { $0 == 0x5A } > 10 * payload.count
        }
        let start = try #require(page)
        for offset in start..<start + 4096 { bytes[offset] = 0xFF }
        try Data(bytes).write(to: URL(fileURLWithPath: queue.path))
    }

    private func withCopy(
        _ queue: TemporaryQueue, _ path: String, _ clock: any SkepQueue.Clock = SystemClock(),
        _ body: (SQLiteQueueStore) async throws -> Void
    ) async throws {
        let copy = try await SQLiteQueueStore(
            path: path, runFolder: queue.folder + "/copy-run", clock: clock)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(copy))
        } catch {
            result = .failure(error)
        }
        await copy.close()
        try result.get()
    }
}
