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
            #expect(left.filter { $0.contains("unfinished") } == [])
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

    @Test("What a killed process has left of a copy is written over by the next one")
    func leftovers() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("step")])
                let path = queue.folder + "/copy.sqlite"
                let part = path + ".unfinished-copy"
                for name in [part, part + "-journal"] {
                    try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: name))
                }

                try await store.backUp(to: path)

                try await withCopy(queue, path) { try await $0.expectConsistent() }
                let left = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
                #expect(!left.contains { $0.contains("unfinished") }, "\(left)")
            }
        }
    }

    @Test("Two copies to one place don't mix: the later one is refused while the first is made")
    func copiesAtOnce() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let path = queue.folder + "/copy.sqlite"
                let part = open(path + ".unfinished-copy", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
                try #require(flock(part, LOCK_EX) == 0)

                await #expect(throws: QueueError.self) { try await store.backUp(to: path) }
                // Closing alone leaves it to a child that is just being started.
                flock(part, LOCK_UN)
                close(part)

                try await store.backUp(to: path)
            }
        }
    }

    @Test("What came while a copy was made isn't written over", arguments: [true, false])
    func laterFile(isOverwriting: Bool) async throws {
        try await TemporaryQueue.with { queue in
            let path = queue.folder + "/copy.sqlite"
            let target = BackupTarget(path: path, live: queue.path, isOverwriting: isOverwriting)
            let words = Data("theirs".utf8)
            try target.check()

            #expect(throws: QueueError.self) {
                try target.make { _ in
                    try words.write(to: URL(fileURLWithPath: path))
                    if isOverwriting { try words.write(to: URL(fileURLWithPath: path + "-wal")) }
                }
            }

            #expect(FileManager.default.contents(atPath: path) == words)
            let left = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
            #expect(!left.contains { $0.contains("unfinished") }, "\(left)")
        }
    }

    @Test("A lease that says nothing of its holder is a problem")
    func incompleteLease() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step")])[0].id
                try await store.write { transaction in
                    try transaction.database.execute(
                        sql: """
                            PRAGMA ignore_check_constraints = ON;
                            UPDATE job SET state = 'leased';
                            PRAGMA ignore_check_constraints = OFF;
                            """)
                }

                let problems = try await store.check(isThorough: true).problems

                #expect(
                    problems.contains { $0.hasPrefix("Job \(id) is leased without") }, "\(problems)"
                )
            }
        }
    }

    @Test("A job that stands elsewhere than its key says is a problem")
    func misplacedHead() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("step", concurrencyKey: "k")])[0].id
                try await store.write { transaction in
                    try transaction.database.execute(
                        sql: "UPDATE key_head SET job_rank_ms = job_rank_ms + 1")
                }

                let problems = try await store.check().problems

                #expect(problems.count == 1 && problems[0].hasPrefix("Job \(id) isn't the next"))
            }
        }
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
